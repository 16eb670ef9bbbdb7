import { createPublicKey, sign, type KeyObject } from 'node:crypto'
import { requireCaKey, type KeyKind } from './keys.ts'
import type { Issuer } from './x509.ts'

/** A private key that signs certificates, wherever it is stored. */
export type Signer = {
  readonly publicKey: KeyObject
  readonly algorithm: SignatureAlgorithm
  /** Signs bytes with `algorithm`. */
  sign(bytes: Uint8Array): Promise<Uint8Array>
}

export type SignatureAlgorithm = {
  readonly keyType: KeyKind['type']
  readonly digest: Digest
  readonly oid: string
}

/** SHA-1 is not secure. Whether the service supports others, such as SHA-3 or SM3, is unknown. */
const DIGESTS = ['sha256', 'sha384', 'sha512'] as const
type Digest = (typeof DIGESTS)[number]

/** @see RFC 4055 section 5, RFC 5758 section 3.2 */
const OIDS = {
  rsa: {
    sha256: '1.2.840.113549.1.1.11',
    sha384: '1.2.840.113549.1.1.12',
    sha512: '1.2.840.113549.1.1.13',
  },
  ec: {
    sha256: '1.2.840.10045.4.3.2',
    sha384: '1.2.840.10045.4.3.3',
    sha512: '1.2.840.10045.4.3.4',
  },
} as const

/**
 * Returns a signer for the private key of a CA in memory.
 *
 * @param key belongs to `issuer`, which `readCaPrivateKey` checks
 */
export function signerInMemory(key: KeyObject, issuer: Issuer): Signer {
  const { type: keyType } = requireCaKey(key, 'The key of the CA')
  const digest = digestOf(issuer)
  return {
    publicKey: createPublicKey(key),
    algorithm: { keyType, digest, oid: OIDS[keyType][digest] },
    // In this thread: what waits for another one outlives its turn, and thousands of certificates fill the memory.
    sign: (bytes) => Promise.resolve(sign(digest, bytes, key)),
  }
}

/**
 * Returns a signer for a private key that stays elsewhere. It signs SHA-256 digests.
 *
 * @param sign signs bytes, and checks the signature
 */
export function remoteSigner(
  { publicKey, keyType }: Pick<Signer, 'publicKey'> & Pick<SignatureAlgorithm, 'keyType'>,
  sign: Signer['sign'],
): Signer {
  return { publicKey, algorithm: { keyType, digest: 'sha256', oid: OIDS[keyType].sha256 }, sign }
}

/**
 * Returns the digest algorithm of the signature on a CA certificate. Falls back to SHA-256 if that digest is not secure, or if the
 * algorithm does not name one, such as Ed25519 and RSA-PSS.
 */
function digestOf({ signatureAlgorithm }: Issuer): Digest {
  const isNamed = (digest: Digest) => Object.values(OIDS).some((oids) => oids[digest] === signatureAlgorithm)
  return DIGESTS.find(isNamed) ?? 'sha256'
}
