import { AttemptError } from '../attempts/failures.ts'
import { isRecord, requestIdIn, textIn } from '../attempts/response.ts'
import { call } from './call.ts'
import type { AccessKey, ApiResponse, Service } from './client.ts'
import { COMMON_ERRORS, type ServiceError, type ServiceErrors } from './errors.ts'

/** The API's version. */
const VERSION = '2015-04-01'
const MAX_CLAIM_LENGTH = 300
const MAX_KEY_LENGTH = 8192

/** A role to assume, and its session. */
export type Role = {
  /** `acs:ram::1234567890123456:role/NAME` */
  readonly arn: string
  /** Shown in the audit log. */
  readonly sessionName: string
  readonly sessionSeconds: number
}

/**
 * Assumes a role with an access key.
 *
 * @param service STS, with that key
 * @returns temporary credentials, not masked yet
 * @throws ActionError
 * @see https://www.alibabacloud.com/help/en/ram/developer-reference/api-sts-2015-04-01-assumerole
 */
export async function assumeRole(service: Service, role: Role): Promise<AccessKey> {
  const { result } = await call(service, {
    request: { operation: 'AssumeRole', version: VERSION, method: 'POST', query: parametersOf(role) },
    read: readAccessKey,
    errors: STS_ERRORS,
    subject: subjectOf(role),
  })
  return result
}

/**
 * Assumes a role with an OIDC token, which replaces the signature.
 *
 * @param service STS, without an access key
 * @returns temporary credentials, not masked yet
 * @throws ActionError about the trust policy with the token's claims, never with the token
 * @see https://www.alibabacloud.com/help/en/ram/developer-reference/api-sts-2015-04-01-assumerolewithoidc
 */
export async function assumeRoleWithOidc(
  service: Service,
  role: Role,
  { providerArn, idToken }: { readonly providerArn: string; readonly idToken: string },
): Promise<AccessKey> {
  const form = { ...parametersOf(role), OIDCProviderArn: providerArn, OIDCToken: idToken }
  const { result } = await call(service, {
    request: { operation: 'AssumeRoleWithOIDC', version: VERSION, method: 'POST', form },
    read: readAccessKey,
    errors: STS_ERRORS,
    subject: { ...subjectOf(role), provider: providerArn, ...claimsOf(idToken) },
  })
  return result
}

function parametersOf(role: Role): Record<string, string> {
  return {
    RoleArn: role.arn,
    RoleSessionName: role.sessionName,
    DurationSeconds: String(role.sessionSeconds),
  }
}

function subjectOf(role: Role): Record<string, string> {
  return { role: role.arn, session: role.sessionName, duration: String(role.sessionSeconds) }
}

/** Returns the claims that a trust policy checks. They are not secret; the token that contains them is. */
function claimsOf(idToken: string): Record<'issuer' | 'tokenSubject' | 'tokenAudience', string> {
  let claims: unknown
  try {
    claims = JSON.parse(Buffer.from(idToken.split('.')[1] ?? '', 'base64url').toString())
  } catch {
    // STS will reject such a token. The claims are only for the text of that error.
  }
  const record = isRecord(claims) ? claims : {}
  const claim = (name: string): string => textIn(record, name)?.slice(0, MAX_CLAIM_LENGTH) ?? 'not readable'
  return { issuer: claim('iss'), tokenSubject: claim('sub'), tokenAudience: claim('aud') }
}

function readAccessKey(response: ApiResponse): AccessKey {
  const credentials = isRecord(response['Credentials']) ? response['Credentials'] : {}
  const accessKeyId = textIn(credentials, 'AccessKeyId')
  const accessKeySecret = textIn(credentials, 'AccessKeySecret')
  const securityToken = textIn(credentials, 'SecurityToken')
  const isComplete = accessKeyId !== undefined && accessKeySecret !== undefined && securityToken !== undefined
  // Both travel in headers, which limit their characters and their length.
  if (
    isComplete &&
    accessKeySecret.length <= MAX_KEY_LENGTH &&
    accessKeyId.length + securityToken.length <= MAX_KEY_LENGTH &&
    /^[\x21-\x7e]+$/.test(accessKeyId + securityToken)
  ) {
    return { accessKeyId, accessKeySecret, securityToken }
  }
  const what = 'responded without complete temporary credentials'
  throw new AttemptError({ kind: 'broken-response', what, requestId: requestIdIn(response) })
}

const UNTRUSTED: ServiceError = {
  meaning: 'The trust policy of {role} does not allow this token, or the provider {provider} does not exist',
  fix:
    'The token has the issuer "{issuer}", the subject "{tokenSubject}" and the audience "{tokenAudience}". The trust ' +
    'policy must name {provider} as federated principal, allow sts:AssumeRole, and match these values in its ' +
    'conditions oidc:iss, oidc:sub and oidc:aud.',
}
const BAD_TOKEN: ServiceError = {
  meaning: "The OIDC provider {provider} rejected GitHub's token",
  fix:
    'The token has the issuer "{issuer}", the subject "{tokenSubject}" and the audience "{tokenAudience}". Check the ' +
    'provider in RAM: its issuer URL must be this issuer, its client IDs must include this audience, and its ' +
    'fingerprint must be that of the current TLS certificate of the issuer URL.',
}
const DENIED: ServiceError = {
  meaning: 'This access key has no RAM permission to assume {role}',
  fix:
    'Both sides must allow it: the policy of its RAM user or role (sts:AssumeRole on {role}), and the trust policy of ' +
    '{role}, which must name its account. The access key of an Alibaba Cloud account itself cannot assume a role.',
}
const CHECK_ROLE = 'Check role-to-assume: acs:ram::1234567890123456:role/NAME, as RAM shows it.'

/**
 * The error codes of STS.
 *
 * @see https://www.alibabacloud.com/help/en/ram/developer-reference/api-sts-2015-04-01-errorcodes
 */
export const STS_ERRORS: ServiceErrors = {
  'AuthenticationFail.NoPermission': UNTRUSTED,
  'AuthenticationFail.OIDCToken.AudienceNotMatch': {
    meaning: 'The OIDC provider {provider} does not accept the audience "{tokenAudience}"',
    fix: 'Add it to the client IDs of the provider in RAM, or set the input audience to one of them.',
  },
  'AuthenticationFail.OIDCToken.Expired': {
    meaning: "GitHub's token expired before it reached STS",
    fix: 'A token is valid for minutes. Run the job again; if it persists, check the clock of the runner.',
  },
  'AuthenticationFail.OIDCToken.Invalid': BAD_TOKEN,
  'AuthenticationFail.OIDCToken.IssuerNotMatch': BAD_TOKEN,
  'AuthenticationFail.OIDCToken.InvalidSignature': {
    ...BAD_TOKEN,
    fix: `With the emulator, remove id-token: write from the job, so that the job uses the emulator's tokens. Otherwise: ${BAD_TOKEN.fix}`,
  },
  'AuthenticationFail.OIDCToken.HttpsUrlInvalid': BAD_TOKEN,
  'AuthenticationFail.OIDCToken.PublicKeyFingerprintMismatch': BAD_TOKEN,
  'AuthenticationFail.OIDCToken.*': BAD_TOKEN,
  'EntityNotExist.Role': { meaning: 'The role {role} does not exist', fix: CHECK_ROLE },
  'InvalidParameter.DurationSeconds': {
    meaning: 'The role {role} does not allow a session of {duration} seconds',
    fix: 'Lower role-session-expiration (900 is enough for this step), or raise the maximum session time of the role.',
  },
  'InvalidParameter.RoleSessionName': {
    meaning: 'STS rejected the session name "{session}"',
    fix: 'Set role-session-name to 2 to 64 letters, digits and characters of .@-_',
  },
  'InvalidParameter.RoleArn': { meaning: 'STS rejected the role "{role}"', fix: CHECK_ROLE },
  NoPermission: DENIED,
  'Forbidden.RAM': DENIED,
  Forbidden: DENIED,
  ...COMMON_ERRORS,
}
