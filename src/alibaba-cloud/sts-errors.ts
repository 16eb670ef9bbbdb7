import { COMMON_ERRORS, type ServiceError, type ServiceErrors } from './service-errors.ts'

const TRUST: ServiceError = {
  retry: false,
  meaning: 'The trust policy of {role} does not trust this token, or there is no provider {provider}',
  cure:
    'The token says: issuer "{issuer}", subject "{tokenSubject}", audience "{tokenAudience}". The trust policy has to ' +
    'name {provider} as its federated principal, allow sts:AssumeRole, and have just these in its conditions oidc:iss, ' +
    'oidc:sub and oidc:aud.',
}
const BAD_TOKEN: ServiceError = {
  retry: false,
  meaning: "The OIDC provider {provider} does not accept GitHub's token",
  cure:
    'Check the provider in RAM: its issuer URL has to be {issuer}, and its fingerprint that of the certificate which ' +
    'this URL has today.',
}
const DENIED: ServiceError = {
  retry: false,
  meaning: 'The access key may not assume {role}',
  cure:
    'Two sides have to allow it: the policy of its RAM user or role (sts:AssumeRole on {role}), and the trust policy ' +
    'of {role}, which has to name its account. The key of an account itself cannot assume a role.',
}

/**
 * The codes of STS, with those that every service has.
 *
 * @see https://www.alibabacloud.com/help/en/ram/developer-reference/api-sts-2015-04-01-errorcodes
 */
export const STS_ERRORS: ServiceErrors = {
  'AuthenticationFail.NoPermission': TRUST,
  'AuthenticationFail.OIDCToken.AudienceNotMatch': {
    retry: false,
    meaning: 'The OIDC provider {provider} does not know the audience "{tokenAudience}"',
    cure: 'Add it to the client IDs of the provider in RAM, or set the input audience to one that is there.',
  },
  'AuthenticationFail.OIDCToken.Expired': {
    retry: false,
    meaning: "GitHub's token had expired when it reached STS",
    cure: 'A token lives for minutes. Run the job again; if it goes on, check the clock of the runner.',
  },
  'AuthenticationFail.OIDCToken.Invalid': BAD_TOKEN,
  'AuthenticationFail.OIDCToken.InvalidSignature': BAD_TOKEN,
  'AuthenticationFail.OIDCToken.HttpsUrlInvalid': BAD_TOKEN,
  'AuthenticationFail.OIDCToken.PublicKeyFingerprintMismatch': BAD_TOKEN,
  'EntityNotExist.Role': {
    retry: false,
    meaning: 'There is no role {role}',
    cure: 'Check role-to-assume: acs:ram::1234567890123456:role/NAME, as RAM shows it.',
  },
  'InvalidParameter.DurationSeconds': {
    retry: false,
    meaning: 'The role {role} does not allow a session of {duration} seconds',
    cure: 'Lower role-session-expiration (900 is enough for this step), or raise the maximum session time of the role.',
  },
  'InvalidParameter.RoleSessionName': {
    retry: false,
    meaning: 'STS does not take the session name "{session}"',
    cure: 'Set role-session-name: 2 to 64 letters, digits and characters of .@-_',
  },
  'InvalidParameter.RoleArn': {
    retry: false,
    meaning: 'STS does not take "{role}" as a role',
    cure: 'Check role-to-assume: acs:ram::1234567890123456:role/NAME, as RAM shows it.',
  },
  NoPermission: DENIED,
  'Forbidden.RAM': DENIED,
  Forbidden: DENIED,
  ...COMMON_ERRORS,
}
