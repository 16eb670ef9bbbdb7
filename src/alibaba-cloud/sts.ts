import { AttemptError } from '../attempts/failures.ts'
import { isRecord, requestIdIn, textIn } from '../attempts/response.ts'
import { call, type Service } from './call.ts'
import type { AccessKey } from './client.ts'
import { COMMON_ERRORS, type ServiceError, type ServiceErrors } from './errors.ts'

/** The API's version. */
const VERSION = '2015-04-01'

/** A role to assume, and the session that this makes. */
export type Role = {
  /** `acs:ram::1234567890123456:role/NAME` */
  readonly arn: string
  /** Seen in the audit log. */
  readonly sessionName: string
  readonly sessionSeconds: number
}

/**
 * Assumes a role with an access key.
 *
 * @param service STS, with that key
 * @returns a temporary access key; its secrets are not masked yet
 * @throws ActionError
 * @see https://www.alibabacloud.com/help/en/ram/developer-reference/api-sts-2015-04-01-assumerole
 */
export async function assumeRole(service: Service, role: Role): Promise<AccessKey> {
  const query = roleParameters(role)
  const request = { operation: 'AssumeRole', version: VERSION, method: 'POST', query } as const
  const { result } = await call(
    service,
    { request, errors: STS_ERRORS, subject: subjectOf(role) },
    readAccessKey,
  )
  return result
}

/**
 * Assumes a role with an OIDC token, which takes the place of a signature.
 *
 * @param service STS, without an access key
 * @returns a temporary access key; its secrets are not masked yet
 * @throws ActionError one about the trust policy shows the token's claims, never the token
 * @see https://www.alibabacloud.com/help/en/ram/developer-reference/api-sts-2015-04-01-assumerolewithoidc
 */
export async function assumeRoleWithOidc(
  service: Service,
  role: Role,
  { providerArn, idToken }: { readonly providerArn: string; readonly idToken: string },
): Promise<AccessKey> {
  const form = { ...roleParameters(role), OIDCProviderArn: providerArn, OIDCToken: idToken }
  const request = { operation: 'AssumeRoleWithOIDC', version: VERSION, method: 'POST', form } as const
  const subject = { ...subjectOf(role), provider: providerArn, ...claimsOf(idToken) }
  const { result } = await call(service, { request, errors: STS_ERRORS, subject }, readAccessKey)
  return result
}

function roleParameters(role: Role): Record<string, string> {
  return {
    RoleArn: role.arn,
    RoleSessionName: role.sessionName,
    DurationSeconds: String(role.sessionSeconds),
  }
}

function subjectOf(role: Role): Record<string, string> {
  return { role: role.arn, session: role.sessionName, duration: String(role.sessionSeconds) }
}

const MAX_CLAIM_LENGTH = 300

/** The claims by which a trust policy decides. They are no secrets; the token they stand in is one. */
function claimsOf(idToken: string): Record<'issuer' | 'tokenSubject' | 'tokenAudience', string> {
  let claims: unknown
  try {
    claims = JSON.parse(Buffer.from(idToken.split('.')[1] ?? '', 'base64url').toString())
  } catch {
    // Not a token that can be read: STS will say so, and the claims are for the words of its error alone.
  }
  const record = isRecord(claims) ? claims : {}
  const claim = (name: string): string => textIn(record, name)?.slice(0, MAX_CLAIM_LENGTH) ?? 'not readable'
  return { issuer: claim('iss'), tokenSubject: claim('sub'), tokenAudience: claim('aud') }
}

const MAX_KEY_LENGTH = 8192

function readAccessKey(answer: Readonly<Record<string, unknown>>): AccessKey {
  const credentials = isRecord(answer['Credentials']) ? answer['Credentials'] : {}
  const accessKeyId = textIn(credentials, 'AccessKeyId')
  const accessKeySecret = textIn(credentials, 'AccessKeySecret')
  const securityToken = textIn(credentials, 'SecurityToken')
  const isWhole = accessKeyId !== undefined && accessKeySecret !== undefined && securityToken !== undefined
  // What travels in headers has to be fit for them, and no key is as long as a header may be.
  if (
    isWhole &&
    accessKeySecret.length <= MAX_KEY_LENGTH &&
    accessKeyId.length + securityToken.length <= MAX_KEY_LENGTH &&
    /^[\x21-\x7e]+$/.test(accessKeyId + securityToken)
  ) {
    return { accessKeyId, accessKeySecret, securityToken }
  }
  const what = 'answered without a whole temporary access key'
  throw new AttemptError({ kind: 'broken-answer', what, requestId: requestIdIn(answer) })
}

const TRUST: ServiceError = {
  retry: false,
  meaning: 'The trust policy of {role} does not trust this token, or there is no provider {provider}',
  fix:
    'The token says: issuer "{issuer}", subject "{tokenSubject}", audience "{tokenAudience}". The trust policy has to ' +
    'name {provider} as its federated principal, allow sts:AssumeRole, and have just these in its conditions oidc:iss, ' +
    'oidc:sub and oidc:aud.',
}
const BAD_TOKEN: ServiceError = {
  retry: false,
  meaning: "The OIDC provider {provider} does not accept GitHub's token",
  fix:
    'Check the provider in RAM: its issuer URL has to be {issuer}, and its fingerprint that of the certificate which ' +
    'this URL has today.',
}
const DENIED: ServiceError = {
  retry: false,
  meaning: 'The access key may not assume {role}',
  fix:
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
    fix: 'Add it to the client IDs of the provider in RAM, or set the input audience to one that is there.',
  },
  'AuthenticationFail.OIDCToken.Expired': {
    retry: false,
    meaning: "GitHub's token had expired when it reached STS",
    fix: 'A token lives for minutes. Run the job again; if it goes on, check the clock of the runner.',
  },
  'AuthenticationFail.OIDCToken.Invalid': BAD_TOKEN,
  'AuthenticationFail.OIDCToken.InvalidSignature': BAD_TOKEN,
  'AuthenticationFail.OIDCToken.HttpsUrlInvalid': BAD_TOKEN,
  'AuthenticationFail.OIDCToken.PublicKeyFingerprintMismatch': BAD_TOKEN,
  'EntityNotExist.Role': {
    retry: false,
    meaning: 'There is no role {role}',
    fix: 'Check role-to-assume: acs:ram::1234567890123456:role/NAME, as RAM shows it.',
  },
  'InvalidParameter.DurationSeconds': {
    retry: false,
    meaning: 'The role {role} does not allow a session of {duration} seconds',
    fix: 'Lower role-session-expiration (900 is enough for this step), or raise the maximum session time of the role.',
  },
  'InvalidParameter.RoleSessionName': {
    retry: false,
    meaning: 'STS does not take the session name "{session}"',
    fix: 'Set role-session-name: 2 to 64 letters, digits and characters of .@-_',
  },
  'InvalidParameter.RoleArn': {
    retry: false,
    meaning: 'STS does not take "{role}" as a role',
    fix: 'Check role-to-assume: acs:ram::1234567890123456:role/NAME, as RAM shows it.',
  },
  NoPermission: DENIED,
  'Forbidden.RAM': DENIED,
  Forbidden: DENIED,
  ...COMMON_ERRORS,
}
