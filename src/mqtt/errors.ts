import {
  COME_BACK,
  COMMON_ERRORS,
  type ServiceError,
  type ServiceErrors,
  throttled,
} from '../alibaba-cloud/errors.ts'

const DENIED: ServiceError = {
  retry: false,
  meaning: 'RAM does not allow {operation} on {instance} to this access key',
  fix:
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
    fix: 'Check instance-id, and that region-id is the region in which the instance was created.',
  },
  MqttOwnerCheckError: {
    retry: false,
    meaning: 'Instance {instance} does not belong to the Alibaba Cloud account of this access key',
    fix: 'Use an access key of the account that owns the instance, or check instance-id.',
  },
  ApiNotSupport: {
    retry: false,
    meaning: 'The edition of instance {instance} does not support {operation}',
    fix:
      'Certificates of your own need an Enterprise Platinum instance; newer pages of Alibaba Cloud name Professional ' +
      'too. Check the edition in the console, and take the id of such an instance.',
  },
  RegisterCodeError: {
    retry: false,
    meaning: 'The service does not know the register code in the verification certificate',
    fix: 'Fetch a code from this very instance, and make the verification certificate anew with it, its Common Name.',
  },
  RegisterCodeUsed: {
    retry: false,
    meaning: 'The register code in the verification certificate has been used',
    fix: 'A code is good for one registration: fetch another one, and make the verification certificate anew with it.',
  },
  SnNotUnique: {
    retry: false,
    meaning: 'A CA with this serial number is registered already, and not with instance {instance}',
    fix:
      'Delete it from the instance that has it, of whatever account or region, or issue the CA certificate anew with ' +
      'another serial number.',
  },
  FindCaBySnError: {
    retry: false,
    meaning: 'Instance {instance} has no CA with this serial number',
    fix: 'Check the serial number, and whether the CA has been deleted since.',
  },
  CertificateContentError: {
    retry: false,
    meaning: 'The service does not take the CA certificate or the verification certificate',
    fix:
      'The CA certificate needs basic constraints with CA:TRUE, and an RSA or EC key; the verification certificate the ' +
      "signature of this CA. Both have to be valid by the service's clock.",
  },
  CaNumExceed: {
    retry: false,
    meaning: 'Instance {instance} has as many CAs as it takes',
    fix: 'Delete one that no device needs, or ask Alibaba Cloud for more.',
  },
  GetCaNumError: {
    retry: true,
    meaning: 'The service could not count the CAs of instance {instance} just now',
    fix: COME_BACK,
  },
  ParameterFieldCheckFailed: {
    retry: false,
    meaning: 'The service does not take a parameter of {operation}',
    fix:
      'Check instance-id: it looks like post-cn-7mz2d******, and stands there without quotes. With register, check ' +
      'ca-name too.',
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
