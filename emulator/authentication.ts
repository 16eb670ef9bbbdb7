import { timingSafeEqual } from 'node:crypto'
import { header, type Call } from './call.ts'
import { documentedErrors, ServiceError } from './errors.ts'
import { CLOCK_WINDOW_MS } from './nonces.ts'
import type { Policy } from './policy.ts'
import type { Service } from './service.ts'
import { readAcs3 } from './signatures/acs3.ts'
import { readRpc } from './signatures/rpc.ts'
import type { SignedParts } from './signatures/signed-parts.ts'
import type { AccessKey } from './world.ts'

/** Who makes a call. */
export type Caller = {
  readonly accountId: string
  readonly type: 'SubUser' | 'AssumedRoleUser'
  /** As RAM shows it: the name of a user, or `role:session`. */
  readonly name: string
  readonly arn: string
  /** All must allow what it does. */
  readonly policies: readonly Policy[]
}

/**
 * Finds out who signed a call, and that it was meant for now and for once.
 *
 * A nonce counts as used only when the signature is right, so that nobody else can use it up.
 *
 * @throws ServiceError the reason for which it is refused
 */
export function authenticate(call: Call, service: Service): Caller {
  const signed = readSignature(call)
  checkTime(signed.time, service.now())
  const key = service.findAccessKey(signed.accessKeyId)
  if (key === undefined) throw new ServiceError('InvalidAccessKeyId.NotFound')
  if (key.status === 'inactive') throw new ServiceError('InvalidAccessKeyId.Inactive')
  checkToken(signed.securityToken, key, service.now())
  checkSignature(signed, key.secret)
  if (!service.state.nonces.use(key.id, signed.nonce)) throw new ServiceError('SignatureNonceUsed')
  return key.caller
}

/**
 * The parts of whichever signature a call carries.
 *
 * @throws ServiceError `IncompleteSignature` when it carries none, or only pieces
 */
export function readSignature(call: Call): SignedParts {
  const authorization = header(call.headers, 'authorization')
  return authorization === undefined ? readRpc(call) : readAcs3(call, authorization)
}

function checkTime(time: string, nowMs: number): void {
  const timeMs = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/.test(time) ? Date.parse(time) : NaN
  if (Number.isNaN(timeMs)) throw new ServiceError('InvalidTimeStamp.Format')
  if (Math.abs(timeMs - nowMs) > CLOCK_WINDOW_MS) throw new ServiceError('InvalidTimeStamp.Expired')
}

function checkToken(token: string | undefined, key: AccessKey, nowMs: number): void {
  if (key.temporary === undefined) {
    if (token !== undefined) throw new ServiceError('InvalidSecurityToken.Malformed')
    return
  }
  if (token === undefined) throw new ServiceError('MissingSecurityToken')
  if (token !== key.temporary.securityToken) throw new ServiceError('InvalidSecurityToken.Malformed')
  if (nowMs >= key.temporary.expiration.getTime()) throw new ServiceError('InvalidSecurityToken.Expired')
}

function checkSignature({ signature, stringToSign, sign }: SignedParts, secret: string): void {
  const expected = sign(secret, stringToSign)
  if (expected.length === signature.length && timingSafeEqual(expected, signature)) return
  // Alibaba Cloud's core SDK for Python reads the string behind the colon, and breaks when there is none.
  const message = `${documentedErrors.SignatureDoesNotMatch.message} server string to sign is:${stringToSign}`
  throw new ServiceError('SignatureDoesNotMatch', { message })
}
