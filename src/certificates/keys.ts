import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto'
import { ActionError } from '../errors.ts'
import { readCertificate } from './certificate.ts'
import { blocksIn, unreadable, wrongBlock, type PemBlock, type PemText } from './pem.ts'

/** The supported EC curves: OpenSSL's name and the usual one. */
export const CURVES = { prime256v1: 'P-256', secp384r1: 'P-384', secp521r1: 'P-521' } as const
export const MIN_RSA_BITS = 2048
/** @see https://www.alibabacloud.com/help/en/apsaramq-for-mqtt/mqtt-upgraded/user-guide/manage-ca-certificates */
const MAX_CA_RSA_BITS = 8192

/** A supported key: RSA with at least `MIN_RSA_BITS`, or EC on one of `CURVES`. */
export type KeyKind =
  | { readonly type: 'rsa'; readonly bits: number }
  | { readonly type: 'ec'; readonly curve: (typeof CURVES)[keyof typeof CURVES] }

/** Returns the kind of a key, or `undefined` if such a key is not supported. */
export function keyKindOf(key: KeyObject): KeyKind | undefined {
  const { asymmetricKeyType: type, asymmetricKeyDetails: { modulusLength: bits = 0, namedCurve = '' } = {} } =
    key
  if (type === 'rsa' && bits >= MIN_RSA_BITS) return { type, bits }
  if (type === 'ec' && isSupportedCurve(namedCurve)) return { type, curve: CURVES[namedCurve] }
  return undefined
}

/**
 * Returns the kind of a CA's key.
 *
 * @param name names the key in the error, e.g. `The key in ca-private-key`
 * @throws ActionError if ApsaraMQ for MQTT does not support such a key
 */
export function requireCaKey(key: KeyObject, name: string): KeyKind {
  const kind = keyKindOf(key)
  if (kind?.type === 'ec' || (kind?.type === 'rsa' && kind.bits <= MAX_CA_RSA_BITS)) return kind
  throw new ActionError({
    what: `${name} is ${describeKey(key)}, which ApsaraMQ for MQTT does not support`,
    fix: `Use a CA with an RSA key of ${MIN_RSA_BITS} to ${MAX_CA_RSA_BITS} bits, or an EC key on P-256, P-384 or P-521.`,
  })
}

/** Formats a kind for the log, e.g. `RSA 4096` or `EC P-256`. */
export function formatKeyKind(kind: KeyKind): string {
  return kind.type === 'rsa' ? `RSA ${kind.bits}` : `EC ${kind.curve}`
}

const OTHER_TYPES: Readonly<Record<string, string>> = {
  ed25519: 'an Ed25519 key',
  ed448: 'an Ed448 key',
  dsa: 'a DSA key',
  'rsa-pss': 'an RSA key for PSS signatures only',
}

/** Describes any key for an error, e.g. `an RSA key of 1024 bits`. */
export function describeKey(key: KeyObject): string {
  const { asymmetricKeyType: type = '', asymmetricKeyDetails: { modulusLength = 0, namedCurve } = {} } = key
  if (type === 'rsa') return `an RSA key of ${modulusLength} bits`
  if (type === 'ec')
    return namedCurve === undefined
      ? 'an EC key without a named curve'
      : `an EC key on the curve ${namedCurve}`
  return OTHER_TYPES[type] ?? `a key of type ${type}`
}

function isSupportedCurve(name: string): name is keyof typeof CURVES {
  return Object.hasOwn(CURVES, name)
}

/** The forms of a passphrase to try, and the input that it comes from. Empty if unset. */
export type Passphrase = { readonly input: string; readonly values: readonly string[] }

/** The ciphers of OpenSSL's old encrypted format that Node.js can still read. */
const READABLE_CIPHER = /^(AES|CAMELLIA|ARIA)-|^DES-EDE3/

/**
 * Reads the first private key in a PEM text: PKCS#8, PKCS#1 or SEC1, unencrypted or encrypted (as PKCS#8 or in
 * OpenSSL's old format). The passphrase is ignored if the key is not encrypted.
 *
 * @throws ActionError if there is none, its passphrase is missing or wrong, or it cannot be read
 */
export function readPrivateKey(pem: PemText, passphrase: Passphrase): KeyObject {
  const block = blocksIn(pem.text).find(({ label }) => label.endsWith('PRIVATE KEY'))
  if (block === undefined) throw wrongBlock(pem, 'a private key')
  if (block.label === 'OPENSSH PRIVATE KEY') {
    throw unreadableFormat(pem.input, 'in the OpenSSH format', 'ssh-keygen -p -m PKCS8 -f FILE')
  }
  const isEncrypted = block.label === 'ENCRYPTED PRIVATE KEY' || block.cipher !== undefined
  return isEncrypted ? decrypt(block, pem.input, passphrase) : parsePrivateKey(block, pem.input)
}

/**
 * Reads a public key, or the public key of a certificate. Refuses a private key, although it contains the public one:
 * a private key does not belong where a public key is expected.
 *
 * @throws ActionError if there is none, or there is a private key
 */
export function readPublicKey(pem: PemText): KeyObject {
  const blocks = blocksIn(pem.text)
  const block = blocks.find(({ label }) => label.endsWith('PUBLIC KEY'))
  const hasPrivateKey = blocks.some(({ label }) => label.endsWith('PRIVATE KEY'))
  if (hasPrivateKey) throw wrongBlock(pem, 'a public key or a certificate, without a private key')
  if (block === undefined) return readCertificate(pem).publicKey
  try {
    return createPublicKey(block.pem)
  } catch (cause) {
    throw unreadable(`The public key in ${pem.input}`, 'openssl pkey -pubin -check', cause)
  }
}

function decrypt(block: PemBlock, input: string, passphrase: Passphrase): KeyObject {
  if (block.cipher !== undefined && !READABLE_CIPHER.test(block.cipher)) {
    throw unreadableFormat(
      input,
      `encrypted with ${block.cipher}`,
      'openssl pkcs8 -topk8 -v2 aes-256-cbc -in FILE',
    )
  }
  if (passphrase.values.length === 0) {
    throw new ActionError({
      what: `The private key in ${input} is encrypted, but ${passphrase.input} is not set`,
      fix: `Set ${passphrase.input} to a secret that contains the passphrase of the key.`,
    })
  }
  let cause: unknown
  for (const value of passphrase.values) {
    try {
      return createPrivateKey({ key: block.pem, passphrase: value })
    } catch (error) {
      cause = error
    }
  }
  // One error for all: 1 in 256 wrong passphrases decrypts to valid padding and fails later, with another error.
  throw new ActionError({
    what: `The private key in ${input} could not be decrypted with ${passphrase.input}`,
    fix: 'Check the passphrase. If it is correct, the key is damaged, or Node.js does not support its encryption. Convert it with openssl pkcs8 -topk8 -v2 aes-256-cbc.',
    cause,
  })
}

function parsePrivateKey(block: PemBlock, input: string): KeyObject {
  try {
    return createPrivateKey(block.pem)
  } catch (cause) {
    throw unreadable(`The private key in ${input}`, 'openssl pkey -check', cause)
  }
}

function unreadableFormat(input: string, format: string, convert: string): ActionError {
  return new ActionError({
    what: `The private key in ${input} is ${format}, which Node.js does not support`,
    fix: `Convert it with ${convert}.`,
  })
}
