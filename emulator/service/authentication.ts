import { createHash, createHmac, timingSafeEqual } from 'node:crypto'
import { header, type Call, type Parameters } from '../http/call.ts'
import type { AccessKey, Caller } from '../world/world.ts'
import { documentedErrors, ServiceError } from './errors.ts'
import type { Service } from './service.ts'

/** How far the clock of a request may differ, in either direction. */
const CLOCK_WINDOW_MS = 15 * 60 * 1000

/**
 * Determines who signed a call, and checks that it is neither expired nor a replay.
 *
 * A nonce counts as used only if the signature is valid, so that only its signer can use it up.
 *
 * @throws ServiceError with the reason for the refusal
 */
export function authenticate(call: Call, service: Service): Caller {
  const signed = readSignature(call)
  checkTime(signed.time, service.now())
  const key = service.findAccessKey(signed.accessKeyId)
  if (key === undefined) throw new ServiceError('InvalidAccessKeyId.NotFound')
  if (key.status === 'inactive') throw new ServiceError('InvalidAccessKeyId.Inactive')
  checkToken(signed.securityToken, key, service.now())
  checkSignature(signed, key.secret)
  if (!service.state.useNonce(key.id, signed.nonce)) throw new ServiceError('SignatureNonceUsed')
  return key.caller
}

function checkTime(time: string, nowMs: number): void {
  const timeMs = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/.test(time) ? Date.parse(time) : NaN
  if (Number.isNaN(timeMs)) throw new ServiceError('InvalidTimeStamp.Format')
  if (Math.abs(timeMs - nowMs) > CLOCK_WINDOW_MS) throw new ServiceError('InvalidTimeStamp.Expired')
}

function checkToken(token: string | undefined, { temporary }: AccessKey, nowMs: number): void {
  if (temporary !== undefined && token === undefined) throw new ServiceError('MissingSecurityToken')
  if (temporary?.securityToken !== token) throw new ServiceError('InvalidSecurityToken.Malformed')
  if (temporary !== undefined && nowMs >= temporary.expiration.getTime())
    throw new ServiceError('InvalidSecurityToken.Expired')
}

function checkSignature({ signature, stringToSign, sign }: SignedParts, secret: string): void {
  const expected = sign(secret, stringToSign)
  if (expected.length === signature.length && timingSafeEqual(expected, signature)) return
  // Alibaba Cloud's core SDK for Python reads the string after the colon, and fails if there is none.
  const message = `${documentedErrors.SignatureDoesNotMatch.message} server string to sign is:${stringToSign}`
  throw new ServiceError('SignatureDoesNotMatch', { message })
}

/** The signature data of a call, for both kinds of signature. */
export type SignedParts = {
  readonly accessKeyId: string
  readonly securityToken: string | undefined
  /** As sent, for example `2024-05-01T08:00:00Z`. */
  readonly time: string
  readonly nonce: string
  readonly signature: Buffer
  /** The text that the signature must cover, computed from the bytes received. */
  readonly stringToSign: string
  readonly sign: (secret: string, stringToSign: string) => Buffer
}

/**
 * Reads the signature of a call.
 *
 * @throws ServiceError `IncompleteSignature` if there is none or a part is missing
 */
export function readSignature(call: Call): SignedParts {
  const authorization = header(call.headers, 'authorization')
  return authorization === undefined ? readRpc(call) : readAcs3(call, authorization)
}

const ALGORITHM = 'ACS3-HMAC-SHA256'

/**
 * Reads a signature in headers, `Authorization: ACS3-HMAC-SHA256 Credential=…,SignedHeaders=…,Signature=…`.
 *
 * @throws ServiceError `IncompleteSignature` if a part is missing or a required header is not signed;
 *   `SignatureDoesNotMatch` if the body does not have the hash that was sent
 * @see https://www.alibabacloud.com/help/en/sdk/product-overview/v3-request-structure-and-signature
 */
function readAcs3(call: Call, authorization: string): SignedParts {
  const [algorithm = '', rest = ''] = authorization.split(/ (.*)/s)
  if (algorithm !== ALGORITHM) throw new ServiceError('InvalidSignatureMethod')
  const part = (name: string): string =>
    new RegExp(`(?:^|,) *${name}=([^, ]+)`).exec(rest)?.[1] ?? missing(name)
  const required = (name: string): string => header(call.headers, name) ?? missing(name)

  const signedHeaders = part('SignedHeaders').toLowerCase().split(';')
  for (const name of Object.keys(call.headers)) {
    const mustBeSigned = name === 'host' || name.startsWith('x-acs-')
    if (mustBeSigned && !signedHeaders.includes(name)) missing(`${name} in SignedHeaders`)
  }
  const bodyHash = sha256(call.body)
  if (required('x-acs-content-sha256') !== bodyHash) throw new ServiceError('SignatureDoesNotMatch')
  return {
    accessKeyId: part('Credential'),
    securityToken: header(call.headers, 'x-acs-security-token'),
    time: required('x-acs-date'),
    nonce: required('x-acs-signature-nonce'),
    signature: Buffer.from(part('Signature'), 'hex'),
    stringToSign: `${ALGORITHM}\n${sha256(canonicalRequest(call, signedHeaders, bodyHash))}`,
    sign: (secret, text) => createHmac('sha256', secret).update(text).digest(),
  }
}

/**
 * Reads a classic RPC signature. It is a parameter, and covers all other parameters of query and form.
 *
 * @throws ServiceError `IncompleteSignature` if a part is missing
 * @see https://www.alibabacloud.com/help/en/sdk/product-overview/rpc-mechanism
 */
function readRpc(call: Call): SignedParts {
  const required = (name: string): string => call.parameters.get(name) ?? missing(name)
  if (required('SignatureMethod') !== 'HMAC-SHA1' || required('SignatureVersion') !== '1.0') {
    throw new ServiceError('InvalidSignatureMethod')
  }
  const signed = new Map(call.parameters)
  signed.delete('Signature')
  return {
    accessKeyId: required('AccessKeyId'),
    securityToken: call.parameters.get('SecurityToken'),
    time: required('Timestamp'),
    nonce: required('SignatureNonce'),
    signature: Buffer.from(required('Signature'), 'base64'),
    stringToSign: `${call.method}&${encode('/')}&${encode(canonicalQuery(signed))}`,
    sign: (secret, text) => createHmac('sha1', `${secret}&`).update(text).digest(),
  }
}

function canonicalRequest(call: Call, signedHeaders: readonly string[], bodyHash: string): Buffer {
  const headers = signedHeaders.toSorted().map((name) => {
    const values = (call.headers[name] ?? []).map((value) => value.trim())
    return `${name}:${values.toSorted().join(',')}\n`
  })
  const { method, path, query } = call
  const lines = [method, path, canonicalQuery(query), headers.join(''), signedHeaders.join(';'), bodyHash]
  // Node reads header bytes as Latin-1. Encoded the same way, they are the bytes that were received.
  return Buffer.from(lines.join('\n'), 'latin1')
}

/** Returns `a=1&b=2`, sorted by name and encoded by RFC 3986. */
function canonicalQuery(parameters: Parameters): string {
  return [...parameters]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => `${encode(name)}=${encode(value)}`)
    .join('&')
}

/** Percent-encodes everything but RFC 3986's unreserved characters. */
function encode(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`)
}

function sha256(data: Buffer): string {
  return createHash('sha256').update(data).digest('hex')
}

function missing(part: string): never {
  throw new ServiceError('IncompleteSignature', {
    message: `The request signature does not conform to Aliyun standards. Missing: ${part}.`,
  })
}
