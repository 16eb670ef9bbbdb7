// It needs reflect-metadata to be there when it is loaded.
import 'reflect-metadata'
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  Name,
  SubjectKeyIdentifierExtension,
  X509CertificateGenerator,
  X509Certificate as ParsedCertificate,
} from '@peculiar/x509'
import { generateKeyPair, randomBytes, X509Certificate, type KeyObject, type webcrypto } from 'node:crypto'
import { promisify } from 'node:util'
import { ActionError } from '../errors.ts'
import { keyKindOf, type KeyKind } from './key-kind.ts'

const generateKeys = promisify(generateKeyPair)

/** SHA-1 is not fit to sign with; whether the service takes anything else (SHA-3, SM3) is not known. */
const DIGESTS = ['SHA-256', 'SHA-384', 'SHA-512']
/** The upper bound of a Common Name: `ub-common-name` of RFC 5280. */
const MAX_COMMON_NAME = 64
const MINUTE_MS = 60_000
const DAY_MS = 24 * 60 * MINUTE_MS
/** The clocks of runner and service may differ. */
const BACKDATED_MS = 5 * MINUTE_MS
const FRESH_RSA_BITS = 2048

/**
 * Makes the certificate that proves to the service that its caller holds the CA's private key: the register code is
 * its Common Name, and the CA signs it. It is for a key that is made here and thrown away, as nobody needs it.
 *
 * Its serial number has 128 random bits, as those of public CAs do, so that no register is needed to keep it
 * unique: 16 bytes, and a leading zero byte in DER when the first bit is set. RFC 5280 allows 20 in all.
 *
 * @param parts.key the private key of `ca`; `readCaPrivateKey` checks that
 * @param parts.validDays from now, but not longer than the CA is valid
 * @param nowMs for tests
 * @throws ActionError when the code cannot be a Common Name
 */
export async function makeVerificationCertificate(
  parts: {
    readonly ca: X509Certificate
    readonly key: KeyObject
    readonly registerCode: string
    readonly validDays: number
  },
  nowMs = Date.now(),
): Promise<X509Certificate> {
  requireCommonName(parts.registerCode)
  // As bytes and not as text: a name keeps the string types that its CA chose, or it would be another name.
  const ca = new ParsedCertificate(parts.ca.raw)
  const kind = keyKindOf(parts.key, 'The CA')
  const hash = digestOf(ca)
  const certificate = await X509CertificateGenerator.create({
    serialNumber: randomBytes(16).toString('hex'),
    subject: new Name([{ CN: [{ utf8String: parts.registerCode }] }]),
    issuer: ca.subjectName,
    ...validityWithin(parts.ca, parts.validDays, nowMs),
    publicKey: await freshPublicKey(kind),
    signingKey: signingKeyOf(parts.key, kind, hash),
    signingAlgorithm: { name: 'ECDSA', hash },
    extensions: [new BasicConstraintsExtension(false, undefined, true), ...authorityKeyIdentifierOf(ca)],
  })
  return new X509Certificate(Buffer.from(certificate.rawData))
}

/** The digest with which a certificate made by this CA is signed: the one it was signed with itself, if it is fit. */
export function digestOf(ca: ParsedCertificate): string {
  // A CA may itself be signed with an algorithm that has no digest, such as Ed25519.
  const algorithm = ca.signatureAlgorithm as unknown as { readonly hash?: { readonly name: string } }
  return DIGESTS.find((digest) => digest === algorithm.hash?.name) ?? 'SHA-256'
}

function requireCommonName(registerCode: string): void {
  const isPrintable = /^[^\s\p{C}]+$/u.test(registerCode)
  if (isPrintable && registerCode.length <= MAX_COMMON_NAME) return
  throw new ActionError({
    what: `The register code ${isPrintable ? `is longer than ${MAX_COMMON_NAME} characters` : 'is empty, or has white space or control characters in it'}, so it cannot be a Common Name`,
    cure: 'Pass the register code on as the service gave it.',
  })
}

function validityWithin(
  ca: X509Certificate,
  validDays: number,
  nowMs: number,
): { notBefore: Date; notAfter: Date } {
  const notBefore = Math.max(nowMs - BACKDATED_MS, ca.validFromDate.getTime())
  const notAfter = Math.min(nowMs + validDays * DAY_MS, ca.validToDate.getTime())
  return { notBefore: new Date(notBefore), notAfter: new Date(notAfter) }
}

/** The private half is never exported, and gone with the next garbage collection. */
async function freshPublicKey(kind: KeyKind): Promise<Buffer> {
  const { publicKey } =
    kind.type === 'rsa'
      ? await generateKeys('rsa', { modulusLength: FRESH_RSA_BITS })
      : await generateKeys('ec', { namedCurve: kind.curve })
  return publicKey.export({ type: 'spki', format: 'der' })
}

function signingKeyOf(key: KeyObject, kind: KeyKind, hash: string): webcrypto.CryptoKey {
  const algorithm =
    kind.type === 'rsa' ? { name: 'RSASSA-PKCS1-v1_5', hash } : { name: 'ECDSA', namedCurve: kind.curve }
  return key.toCryptoKey(algorithm, false, ['sign'])
}

/** None for a CA without a subject key identifier: a checker would have nothing to compare it with. */
function authorityKeyIdentifierOf(ca: ParsedCertificate): AuthorityKeyIdentifierExtension[] {
  const keyId = ca.getExtension(SubjectKeyIdentifierExtension)?.keyId
  return keyId === undefined ? [] : [new AuthorityKeyIdentifierExtension(keyId)]
}
