import { createPublicKey, sign, type KeyObject } from 'node:crypto'
import { der } from './der.ts'

/** DER of the algorithms that most requests are signed with. */
export const RSA_SHA256 = bytes('300d06092a864886f70d01010b0500')
export const ECDSA_SHA256 = bytes('300a06082a8648ce3d040302')

type Options = {
  readonly subject?: Buffer
  readonly publicKeyInfo?: Buffer
  readonly version?: Buffer
  /** The attributes and what follows them. */
  readonly attributes?: readonly Buffer[]
  readonly algorithm?: Buffer
  readonly digest?: string
  /** Elements after the signature. */
  readonly extra?: readonly Buffer[]
}

/** Makes a request in DER, also one that no tool makes. */
export function makeRequest(key: KeyObject, options: Options = {}): Buffer {
  const info = der(
    0x30,
    options.version ?? bytes('020100'),
    options.subject ?? nameOf(commonName(der(0x0c, 'device-1'))),
    options.publicKeyInfo ?? publicKeyInfoOf(key),
    ...(options.attributes ?? [der(0xa0)]),
  )
  const signature = der(0x03, bytes('00'), sign(options.digest ?? 'sha256', info, key))
  const algorithm = options.algorithm ?? (key.asymmetricKeyType === 'rsa' ? RSA_SHA256 : ECDSA_SHA256)
  return der(0x30, info, algorithm, signature, ...(options.extra ?? []))
}

/** Returns DER in a PEM block. */
export function pemOf(request: Buffer, label = 'CERTIFICATE REQUEST'): string {
  const lines = request.toString('base64').match(/.{1,64}/g) ?? []
  return [`-----BEGIN ${label}-----`, ...lines, `-----END ${label}-----`, ''].join('\n')
}

export function publicKeyInfoOf(key: KeyObject): Buffer {
  return createPublicKey(key).export({ type: 'spki', format: 'der' })
}

/** Encodes a name with one attribute in each part. */
export function nameOf(...attributes: readonly Buffer[]): Buffer {
  return der(0x30, ...attributes.map((attribute) => der(0x31, attribute)))
}

/** @param value in DER */
export function commonName(value: Buffer): Buffer {
  return attribute('550403', value)
}

/** @param oid the content of the OID in hex */
export function attribute(oid: string, value: Buffer): Buffer {
  return der(0x30, der(0x06, bytes(oid)), value)
}

export function bytes(hex: string): Buffer {
  return Buffer.from(hex, 'hex')
}
