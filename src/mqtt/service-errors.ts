import {
  COMMON_ERRORS,
  throttled,
  type ServiceError,
  type ServiceErrors,
} from '../alibaba-cloud/service-errors.ts'

const DENIED: ServiceError = {
  retry: false,
  meaning: 'RAM does not allow {operation} on {instance} to this access key',
  cure:
    'Grant its RAM user or role both {ramAction} and mq:MqttInstanceAccess, in one policy, on the resource ' +
    'acs:mq:{region}:*:{instance}.',
}
const THROTTLED = throttled(
  'The service throttled {operation}: an account may make 500 calls a second, all its jobs together',
)

/**
 * The product's error codes, with those that every service has.
 *
 * @see https://www.alibabacloud.com/help/en/apsaramq-for-mqtt/mqtt-upgraded/developer-reference/api-onsmqtt-2020-04-20-getregistercode
 */
export const MQTT_ERRORS: ServiceErrors = {
  MqttInstanceNotFound: {
    retry: false,
    meaning: 'There is no instance {instance} at {endpoint}',
    cure: 'Check instance-id, and that region-id is the region in which the instance was created.',
  },
  MqttOwnerCheckError: {
    retry: false,
    meaning: 'Instance {instance} does not belong to the Alibaba Cloud account of this access key',
    cure: 'Use an access key of the account that owns the instance, or check instance-id.',
  },
  ApiNotSupport: {
    retry: false,
    meaning: 'The edition of instance {instance} does not support {operation}',
    cure:
      'Certificates of your own need an Enterprise Platinum instance; newer pages of Alibaba Cloud name Professional ' +
      'too. Check the edition in the console, and take the id of such an instance.',
  },
  ParameterFieldCheckFailed: {
    retry: false,
    meaning: 'The service does not take a parameter of {operation}',
    cure: 'Check instance-id: it looks like post-cn-7mz2d******, and stands there without quotes.',
  },
  NoPermission: DENIED,
  'Forbidden.RAM': DENIED,
  Forbidden: DENIED,
  PermissionCheckFailed: DENIED,
  InstancePermissionCheckFailed: DENIED,
  ...COMMON_ERRORS,
  Throttling: THROTTLED,
  'Throttling.User': THROTTLED,
  'Throttling.Api': THROTTLED,
  SystemOverFlow: THROTTLED,
}
