import { verify, type KeyObject } from 'node:crypto'
import { NULL, type Algorithm as AlgorithmIdentifier } from './der.ts'
import type { Finding } from './request-key.ts'

/** An algorithm of signatures: its name, and how Node.js verifies it if requests may be signed with it. */
type Algorithm = { readonly name: string; readonly digest?: string; readonly keyType?: 'rsa' | 'ec' }

/**
 * The algorithms by OID. RSA-PSS is not supported: it has parameters of its own, and no common tool for devices signs
 * requests with it by default.
 */
const ALGORITHMS: Readonly<Record<string, Algorithm>> = {
  '1.2.840.113549.1.1.11': { name: 'RSA with SHA-256', digest: 'sha256', keyType: 'rsa' },
  '1.2.840.113549.1.1.12': { name: 'RSA with SHA-384', digest: 'sha384', keyType: 'rsa' },
  '1.2.840.113549.1.1.13': { name: 'RSA with SHA-512', digest: 'sha512', keyType: 'rsa' },
  '1.2.840.113549.1.1.16': { name: 'RSA with SHA-512/256', digest: 'sha512-256', keyType: 'rsa' },
  '2.16.840.1.101.3.4.3.14': { name: 'RSA with SHA3-256', digest: 'sha3-256', keyType: 'rsa' },
  '2.16.840.1.101.3.4.3.15': { name: 'RSA with SHA3-384', digest: 'sha3-384', keyType: 'rsa' },
  '2.16.840.1.101.3.4.3.16': { name: 'RSA with SHA3-512', digest: 'sha3-512', keyType: 'rsa' },
  '1.2.840.10045.4.3.2': { name: 'ECDSA with SHA-256', digest: 'sha256', keyType: 'ec' },
  '1.2.840.10045.4.3.3': { name: 'ECDSA with SHA-384', digest: 'sha384', keyType: 'ec' },
  '1.2.840.10045.4.3.4': { name: 'ECDSA with SHA-512', digest: 'sha512', keyType: 'ec' },
  '2.16.840.1.101.3.4.3.10': { name: 'ECDSA with SHA3-256', digest: 'sha3-256', keyType: 'ec' },
  '2.16.840.1.101.3.4.3.11': { name: 'ECDSA with SHA3-384', digest: 'sha3-384', keyType: 'ec' },
  '2.16.840.1.101.3.4.3.12': { name: 'ECDSA with SHA3-512', digest: 'sha3-512', keyType: 'ec' },
  '1.2.840.113549.1.1.2': { name: 'RSA with MD2' },
  '1.2.840.113549.1.1.3': { name: 'RSA with MD4' },
  '1.2.840.113549.1.1.4': { name: 'RSA with MD5' },
  '1.2.840.113549.1.1.5': { name: 'RSA with SHA-1' },
  '1.3.14.3.2.29': { name: 'RSA with SHA-1' },
  '1.2.840.113549.1.1.14': { name: 'RSA with SHA-224' },
  '1.2.840.113549.1.1.15': { name: 'RSA with SHA-512/224' },
  '2.16.840.1.101.3.4.3.13': { name: 'RSA with SHA3-224' },
  '1.2.840.113549.1.1.10': { name: 'RSA-PSS' },
  '1.2.840.10045.4.1': { name: 'ECDSA with SHA-1' },
  '1.2.840.10045.4.3.1': { name: 'ECDSA with SHA-224' },
  '2.16.840.1.101.3.4.3.9': { name: 'ECDSA with SHA3-224' },
  '1.2.840.10040.4.3': { name: 'DSA with SHA-1' },
  '2.16.840.1.101.3.4.3.1': { name: 'DSA with SHA-224' },
  '2.16.840.1.101.3.4.3.2': { name: 'DSA with SHA-256' },
  '1.3.101.112': { name: 'Ed25519' },
  '1.3.101.113': { name: 'Ed448' },
  '1.2.156.10197.1.501': { name: 'SM2 with SM3' },
}

const SIGN_AGAIN =
  'Make the request again with SHA-256, for example with openssl req -new -sha256 -key FILE. An RSA key signs with PKCS #1 v1.5.'

/**
 * Checks that the key in a request signed it: that whoever made the request has the private key.
 *
 * @param parts.signed the signed bytes
 */
export function checkRequestSignature(parts: {
  readonly signed: Uint8Array
  readonly algorithm: AlgorithmIdentifier
  readonly signature: Uint8Array
  readonly publicKey: KeyObject
}): Finding[] {
  const { signed, algorithm, signature, publicKey } = parts
  const { oid, parameters } = algorithm
  const { name, digest, keyType } = ALGORITHMS[oid] ?? { name: `an unknown algorithm (${oid})` }
  if (digest === undefined) {
    return [{ problem: `is signed with ${name}, which is not accepted`, fix: SIGN_AGAIN }]
  }
  // NULL is what RSA requires, and what older versions of mbed TLS also write for ECDSA.
  const hasPlainParameters = parameters === undefined || parameters.tag === NULL
  if (hasPlainParameters && keyType === publicKey.asymmetricKeyType && isValid()) return []
  return [
    {
      problem: 'has a signature that does not match its contents and its key',
      fix: 'The request was damaged or changed, or another key signed it. Run openssl req -verify -noout to check it, and make it again with the private key of the device.',
    },
  ]

  function isValid(): boolean {
    try {
      return verify(digest, signed, publicKey, signature)
    } catch {
      return false
    }
  }
}
