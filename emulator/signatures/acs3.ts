import { createHash, createHmac } from 'node:crypto'
import { header, type Call } from '../call.ts'
import { ServiceError } from '../errors.ts'
import { canonicalQuery } from '../parameters.ts'
import { missing, type SignedParts } from './signed-parts.ts'

const ALGORITHM = 'ACS3-HMAC-SHA256'

/**
 * Reads a signature in headers, `Authorization: ACS3-HMAC-SHA256 Credential=…,SignedHeaders=…,Signature=…`.
 *
 * @throws ServiceError `IncompleteSignature` when a part is missing, or a header that must be signed is not
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
    if ((name === 'host' || name.startsWith('x-acs-')) && !signedHeaders.includes(name))
      missing(`${name} in SignedHeaders`)
  }
  return {
    accessKeyId: part('Credential'),
    securityToken: header(call.headers, 'x-acs-security-token'),
    time: required('x-acs-date'),
    nonce: required('x-acs-signature-nonce'),
    signature: Buffer.from(part('Signature'), 'hex'),
    expected: (secret) => {
      if (required('x-acs-content-sha256') !== sha256(call.body)) return undefined
      const toSign = `${ALGORITHM}\n${sha256(canonicalRequest(call, signedHeaders))}`
      return createHmac('sha256', secret).update(toSign).digest()
    },
  }
}

function canonicalRequest(call: Call, signedHeaders: readonly string[]): Buffer {
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
    header(call.headers, 'x-acs-content-sha256'),
  ]
  // Node reads header bytes as Latin-1; so written, they are the bytes that came.
  return Buffer.from(request.join('\n'), 'latin1')
}

function sha256(data: Buffer): string {
  return createHash('sha256').update(data).digest('hex')
}
