import { AttemptError, isRecord, requestIdIn, textIn } from '../attempts/failures.ts'
import { call, type Service } from './call.ts'
import type { AccessKey } from './client.ts'
import { STS_ERRORS } from './sts-errors.ts'

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
