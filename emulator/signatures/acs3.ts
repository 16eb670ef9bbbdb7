import { createHash, createHmac } from 'node:crypto'
import { header, type Call } from '../call.ts'
import { ServiceError } from '../errors.ts'
import { canonicalQuery } from '../parameters.ts'
import { missing, type SignedParts } from './signed-parts.ts'

const ALGORITHM = 'ACS3-HMAC-SHA256'

/**
 * Reads a signature in headers, `Authorization: ACS3-HMAC-SHA256 Credential=…,SignedHeaders=…,Signature=…`.
 *
 * @throws ServiceError `IncompleteSignature` when a part is missing, or a header that must be signed is not;
 *   `SignatureDoesNotMatch` when the body is not the one whose hash is sent
 * @see https://www.alibabacloud.com/help/en/sdk/product-overview/v3-request-structure-and-signature
 */
export function readAcs3(call: Call, authorization: string): SignedParts {
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

function canonicalRequest(call: Call, signedHeaders: readonly string[], bodyHash: string): Buffer {
  const lines = signedHeaders.toSorted().map((name) => {
    const values = (call.headers[name] ?? []).map((value) => value.trim())
    return `${name}:${values.toSorted().join(',')}\n`
  })
  const request = [
    call.method,
    call.path,
    canonicalQuery(call.query),
    lines.join(''),
    signedHeaders.join(';'),
    bodyHash,
  ]
  // Node reads header bytes as Latin-1; so written, they are the bytes that came.
  return Buffer.from(request.join('\n'), 'latin1')
}

function sha256(data: Buffer): string {
  return createHash('sha256').update(data).digest('hex')
}
