import { createPublicKey, type KeyObject } from 'node:crypto'
import { NULL, OBJECT_IDENTIFIER, publicKeyIn } from './der.ts'
import { describeKey, keyKindOf, MIN_RSA_BITS } from './keys.ts'

/** What is wrong with a request, as the words that follow its name, and what to do about it, in whole sentences. */
export type Finding = { readonly problem: string; readonly fix: string }

/** Servers and other devices often support no longer ones. */
const MAX_DEVICE_RSA_BITS = 4096
const USE_SUPPORTED = `Make a request with an RSA key of ${MIN_RSA_BITS} to ${MAX_DEVICE_RSA_BITS} bits, or an EC key on P-256, P-384 or P-521.`

const UNCOMPRESSED_POINT = 0x04

export const UNREADABLE_KEY: Finding = {
  problem: 'has a public key that cannot be read',
  fix: `It may be damaged, or of a kind that Node.js does not support. ${USE_SUPPORTED}`,
}

/** Parses a public key. Returns `undefined` if Node.js cannot, for example if a point is not on its curve. */
export function parsePublicKey(publicKeyInfo: Buffer): KeyObject | undefined {
  try {
    const key = createPublicKey({ key: publicKeyInfo, format: 'der', type: 'spki' })
    // It reads a key that it does not support, such as one for SM2, as one without a type.
    return key.asymmetricKeyType && key
  } catch {
    return undefined
  }
}

/**
 * Checks that a device may have such a key, and that it is encoded as TLS servers expect: the certificate contains the
 * same bytes.
 *
 * @param publicKeyInfo the encoding of `key`
 */
export function checkDeviceKey(key: KeyObject, publicKeyInfo: Buffer): Finding[] {
  const kind = keyKindOf(key)
  if (kind === undefined || (kind.type === 'rsa' && kind.bits > MAX_DEVICE_RSA_BITS)) {
    return [{ problem: `has ${describeKey(key)}, which is not supported`, fix: USE_SUPPORTED }]
  }
  const parts = partsOf(publicKeyInfo)
  if (parts === undefined) return [UNREADABLE_KEY]
  const parameters = parts.algorithm.parameters?.tag
  if (kind.type === 'rsa' && parameters !== NULL) {
    return [
      {
        problem: 'has an RSA key without the NULL parameters that RFC 3279 requires',
        fix: 'Make the request again with another tool, for example with openssl req -new -key FILE.',
      },
    ]
  }
  if (kind.type === 'ec' && parameters !== OBJECT_IDENTIFIER) {
    return [
      {
        problem: 'has an EC key with the parameters of its curve instead of the name',
        fix: 'Convert the key with openssl ec -param_enc named_curve -in FILE, and make the request again.',
      },
    ]
  }
  if (kind.type === 'ec' && parts.bits[0] !== UNCOMPRESSED_POINT) {
    return [
      {
        problem: 'has an EC key that is not an uncompressed point, which TLS servers may not support',
        fix: 'Convert the key with openssl ec -conv_form uncompressed -in FILE, and make the request again.',
      },
    ]
  }
  // Node.js also reads other encodings, and writes the only valid one.
  return key.export({ type: 'spki', format: 'der' }).equals(publicKeyInfo) ? [] : [UNREADABLE_KEY]
}

function partsOf(publicKeyInfo: Buffer) {
  try {
    return publicKeyIn(publicKeyInfo)
  } catch {
    return undefined
  }
}
