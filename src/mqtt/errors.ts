import {
  COMMON_ERRORS,
  RUN_AGAIN_LATER,
  throttled,
  type ServiceError,
  type ServiceErrors,
} from '../alibaba-cloud/errors.ts'

const DENIED: ServiceError = {
  meaning: 'This access key has no RAM permission for {operation} on {instance}',
  fix:
    'In one policy, grant its RAM user or role both {ramAction} and mq:MqttInstanceAccess on the resource ' +
    'acs:mq:{region}:*:{instance}.',
}
const THROTTLED = throttled(
  'The service throttled {operation}: an account may make 500 calls a second, all its jobs together',
)

/**
 * The error codes of ApsaraMQ for MQTT. To change what a code does, or to add one, change its row.
 *
 * @see https://www.alibabacloud.com/help/en/apsaramq-for-mqtt/mqtt-upgraded/developer-reference/api-onsmqtt-2020-04-20-getregistercode
 */
export const MQTT_ERRORS: ServiceErrors = {
  MqttInstanceNotFound: {
    meaning: 'Instance {instance} does not exist at {endpoint}',
    fix: 'Check instance-id, and that region-id is the region in which the instance was created.',
  },
  MqttOwnerCheckError: {
    meaning: 'Instance {instance} does not belong to the Alibaba Cloud account of this access key',
    fix: 'Use an access key of the account that owns the instance, or check instance-id.',
  },
  ApiNotSupport: {
    meaning: 'The edition of instance {instance} does not support {operation}',
    fix:
      'Use an Enterprise Platinum instance; newer pages of Alibaba Cloud also name Professional. The console shows the ' +
      'edition of each instance.',
  },
  RegisterCodeError: {
    meaning: 'The service does not know the register code in {verificationCertificate}',
    fix: 'Fetch a code from this instance, and make a new verification certificate with it as the Common Name.',
  },
  RegisterCodeUsed: {
    meaning: 'The register code in {verificationCertificate} was already used',
    fix: 'A code is valid for one registration: fetch another one, and make a new verification certificate with it.',
  },
  SnNotUnique: {
    meaning: 'A CA with this serial number is already registered, but not with instance {instance}',
    fix:
      'Delete it from the instance that has it, in any account or region, or issue the CA certificate again with ' +
      'another serial number.',
  },
  FindCaBySnError: {
    meaning: 'Instance {instance} has no CA with this serial number',
    fix: 'Check the serial number, and whether the CA was deleted.',
  },
  FindDeviceBySnError: {
    meaning: 'Instance {instance} has no device certificate with this serial number from this CA',
    fix: 'Check the serial number and the CA. A device certificate is registered when the device connects for the first time.',
  },
  CertificateContentError: {
    showClocks: true,
    meaning: 'The service rejected the certificate in ca-certificate or {verificationCertificate}',
    fix:
      'The CA certificate needs basic constraints with CA:TRUE and an RSA or EC key. The verification certificate must ' +
      "be signed by this CA. Both must be valid by the service's clock.",
  },
  CaNumExceed: {
    meaning: 'Instance {instance} has reached its maximum number of CAs',
    fix: 'Delete a CA that no device needs, or ask Alibaba Cloud to raise the limit.',
  },
  GetCaNumError: {
    retry: true,
    meaning: 'The service could not count the CAs of instance {instance}',
    fix: RUN_AGAIN_LATER,
  },
  ParameterFieldCheckFailed: {
    meaning: 'The service rejected a parameter of {operation}',
    fix: 'Check instance-id, such as post-cn-7mz2d******, without quotes. With register, check ca-name too.',
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
  'Throttling.*': THROTTLED,
  SystemOverFlow: THROTTLED,
}
