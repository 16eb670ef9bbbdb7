import { COMMON_ERRORS, RUN_AGAIN_LATER, throttled, type ServiceError, type ServiceErrors } from './errors.ts'

const DENIED: ServiceError = {
  meaning: 'RAM or the policy of the key does not allow {ramAction} on {resource}',
  fix:
    'Grant the RAM user or role kms:DescribeKey, kms:ListKeyVersions, kms:GetPublicKey and kms:AsymmetricSign on ' +
    '{resource}. If RAM grants them already, check the policy of the key in KMS: it can deny besides.',
}

const THROTTLED = throttled('KMS throttled {operation}')

const OVERLOADED: ServiceError = {
  retry: true,
  meaning: 'KMS could not process {operation}',
  fix: RUN_AGAIN_LATER,
}

const NOT_READY: ServiceError = {
  meaning: 'The state of the key {key} does not allow {operation}',
  fix: 'Look at the state of the key in the console of KMS: it must be Enabled.',
}

const UNSUPPORTED: ServiceError = {
  meaning: 'KMS does not support {operation} with the key {key} at {endpoint}',
  fix:
    'If the key is in a KMS instance, a runner outside of its VPC, such as one hosted by GitHub, needs Internet ' +
    'access: its owner must enable it for the instance in the console of KMS. Otherwise run the job in the VPC, with ' +
    'network: vpc. The key must be for SIGN/VERIFY.',
}

const INVALID: ServiceError = {
  meaning: 'KMS rejected a parameter of {operation} for the key {key}',
  fix:
    'Check kms-key-id, the ID of a key or alias/NAME, and kms-key-version-id, the ID of one of its versions. A key ' +
    'belongs to one region: check region-id too.',
}

/**
 * The error codes of KMS.
 *
 * @see https://www.alibabacloud.com/help/en/kms/key-management-service/developer-reference/api-kms-2016-01-20-asymmetricsign
 * @see https://help.aliyun.com/en/kms/key-management-service/developer-reference/application-access-faq
 */
export const KMS_ERRORS: ServiceErrors = {
  ...COMMON_ERRORS,
  'Forbidden.KeyNotFound': {
    meaning: 'The key {key} does not exist in {region}',
    fix:
      'Check kms-key-id and region-id. If the key was deleted, its CA cannot sign anything any more: make a new key ' +
      'and a new CA.',
  },
  'Forbidden.AliasNotFound': {
    meaning: 'The alias {key} does not exist in {region}',
    fix: 'Check kms-key-id, alias/NAME as KMS shows it, and region-id.',
  },
  'Forbidden.NoPermission': DENIED,
  NoPermission: DENIED,
  Forbidden: DENIED,
  'Forbidden.RAM': DENIED,
  'Forbidden.KeyVersionNotFound': {
    meaning: 'The key {key} has no version {version}',
    fix: 'Check kms-key-version-id, or remove it: without it, the version that belongs to ca-certificate is used.',
  },
  'Rejected.Disabled': {
    meaning: 'The key {key} is disabled',
    fix: 'Enable it in KMS. If somebody disabled it because the CA must not sign any more, use another CA.',
  },
  'Rejected.PendingDeletion': {
    meaning: 'The key {key} is waiting for its deletion',
    fix: 'Cancel the deletion in KMS at once if the CA is in use. After it, nothing can be signed with this CA any more.',
  },
  'Rejected.Throttling': THROTTLED,
  'Rejected.UnsupportedOperation': UNSUPPORTED,
  'Rejected.*': NOT_READY,
  MissingParameter: INVALID,
  InvalidParameter: INVALID,
  'InvalidParameter.*': INVALID,
  UnsupportedOperation: UNSUPPORTED,
  InternalFailure: OVERLOADED,
  ServiceUnavailableTemporary: OVERLOADED,
  IllegalTimestamp: {
    showClocks: true,
    meaning: 'KMS could not use the time at which the request was signed',
    fix: 'Set the clock of the runner (NTP). Every request contains the time at which it was signed.',
  },
}
