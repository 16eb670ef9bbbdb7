import { createHash, randomBytes, randomInt, X509Certificate } from 'node:crypto'
import { AsnConvert, OctetString } from '@peculiar/asn1-schema'
import {
  AlgorithmIdentifier,
  AuthorityKeyIdentifier,
  BasicConstraints,
  Extension,
  id_ce_authorityKeyIdentifier,
  id_ce_basicConstraints,
  id_ce_subjectKeyIdentifier,
  KeyIdentifier,
  SubjectKeyIdentifier,
  Validity,
} from '@peculiar/asn1-x509'
import { BIT_STRING, encodeElement, INTEGER, publicKeyIn, SEQUENCE } from './der.ts'
import type { SignatureAlgorithm, Signer } from './signer.ts'
import type { Der, Issuer } from './x509.ts'

const MINUTE_MS = 60_000
export const DAY_MS = 24 * 60 * MINUTE_MS
/** Allows for a clock of the service, or of a device, that is behind. */
const BACKDATED_MS = 15 * MINUTE_MS

/** Its tag in a certificate. */
const EXTENSIONS = 0xa3
const NO_UNUSED_BITS = Uint8Array.of(0)
/** The element `[0] EXPLICIT INTEGER 2`. */
const VERSION_3 = Uint8Array.of(0xa0, 3, INTEGER, 1, 2)

/** The fields that define a kind of certificate. `issue` adds what all kinds have in common. */
export type Profile = {
  readonly subject: Der
  /** A SubjectPublicKeyInfo. */
  readonly publicKeyInfo: Buffer
  /** Without the key identifiers. */
  readonly extensions: readonly Der[]
  readonly hasSubjectKeyIdentifier: boolean
  /** From now. The validity of the issuer limits it. */
  readonly validDays: number
}

/**
 * Issues a certificate: version 3, with a random serial number, valid from 15 minutes ago but never outside of the
 * validity of its issuer.
 *
 * @param nowMs for tests
 */
export async function issue(
  parts: {
    readonly issuer: Omit<Issuer, 'publicKeyInfo' | 'signatureAlgorithm'>
    readonly signer: Signer
    readonly profile: Profile
  },
  nowMs = Date.now(),
): Promise<X509Certificate> {
  const { issuer, signer, profile } = parts
  const algorithm = encodeAlgorithm(signer.algorithm)
  const validity = new Validity({
    notBefore: new Date(Math.max(nowMs - BACKDATED_MS, issuer.notBeforeMs)),
    notAfter: new Date(Math.min(nowMs + profile.validDays * DAY_MS, issuer.notAfterMs)),
  })
  const toBeSigned = encodeElement(
    SEQUENCE,
    VERSION_3,
    encodeElement(INTEGER, randomSerialNumber()),
    algorithm,
    issuer.name,
    AsnConvert.serialize(validity),
    profile.subject,
    profile.publicKeyInfo,
    encodeElement(
      EXTENSIONS,
      encodeElement(
        SEQUENCE,
        ...profile.extensions,
        ...subjectKeyIdentifier(profile),
        ...authorityKeyIdentifier(issuer),
      ),
    ),
  )
  const signature = encodeElement(BIT_STRING, NO_UNUSED_BITS, await signer.sign(toBeSigned))
  return new X509Certificate(encodeElement(SEQUENCE, toBeSigned, algorithm, signature))
}

/** 16 bytes, of which the first is 10 to 7f: no tool drops a leading zero or adds one for the sign. */
function randomSerialNumber(): Uint8Array {
  return Uint8Array.of(randomInt(0x10, 0x80), ...randomBytes(15))
}

/** The parameters are NULL with RSA and absent with EC: RFC 4055 section 5, RFC 5758 section 3.2. */
function encodeAlgorithm({ keyType, oid }: SignatureAlgorithm): Der {
  return AsnConvert.serialize(
    new AlgorithmIdentifier({ algorithm: oid, ...(keyType === 'rsa' && { parameters: null }) }),
  )
}

function subjectKeyIdentifier({ hasSubjectKeyIdentifier, publicKeyInfo }: Profile): Der[] {
  if (!hasSubjectKeyIdentifier) return []
  return [Buffer.concat([SUBJECT_KEY_IDENTIFIER, keyIdentifierOf(publicKeyInfo)])]
}

/** Returns the identifier of a public key: the SHA-1 hash of its bits, RFC 5280 section 4.2.1.2, method 1. */
export function keyIdentifierOf(publicKeyInfo: Buffer): Buffer {
  return createHash('sha1').update(publicKeyIn(publicKeyInfo).bits).digest()
}

/** Says which key of the issuer signed. Omitted if the issuer's certificate has no key identifier. */
function authorityKeyIdentifier({ keyIdentifier }: Pick<Issuer, 'keyIdentifier'>): Der[] {
  if (keyIdentifier === undefined) return []
  const value = new AuthorityKeyIdentifier({ keyIdentifier: new KeyIdentifier(keyIdentifier) })
  return [encodeExtension(id_ce_authorityKeyIdentifier, false, value)]
}

/** Says that this is not a CA certificate, which is the default of basic constraints. */
export function notCa(): Der {
  return encodeExtension(id_ce_basicConstraints, true, new BasicConstraints())
}

/** @param value an instance of a schema class */
export function encodeExtension(oid: string, critical: boolean, value: object): ArrayBuffer {
  const extnValue = new OctetString(AsnConvert.serialize(value))
  return AsnConvert.serialize(new Extension({ extnID: oid, critical, extnValue }))
}

/** The extension up to the identifier, which is a SHA-1 hash. The library makes it only once, as `der.ts` explains. */
const SUBJECT_KEY_IDENTIFIER = Buffer.from(
  encodeExtension(id_ce_subjectKeyIdentifier, false, new SubjectKeyIdentifier(new ArrayBuffer(20))),
).subarray(0, -20)
