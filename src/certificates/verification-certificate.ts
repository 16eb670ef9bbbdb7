import { generateKeyPair, randomBytes, sign, X509Certificate, type KeyObject } from 'node:crypto'
import { promisify } from 'node:util'
import { AsnConvert, OctetString } from '@peculiar/asn1-schema'
import {
  AlgorithmIdentifier,
  AttributeTypeAndValue,
  AttributeValue,
  AuthorityKeyIdentifier,
  BasicConstraints,
  Certificate,
  Extension,
  Extensions,
  id_ce_authorityKeyIdentifier,
  id_ce_basicConstraints,
  id_ce_subjectKeyIdentifier,
  Name,
  RelativeDistinguishedName,
  SubjectKeyIdentifier,
  SubjectPublicKeyInfo,
  TBSCertificate,
  Validity,
  Version,
} from '@peculiar/asn1-x509'
import { ActionError } from '../errors.ts'
import { derSerialNumber } from './certificate.ts'
import { keyKindOf, type KeyKind } from './key-kind.ts'

const generateKeys = promisify(generateKeyPair)
const signWith = promisify<string, Uint8Array, KeyObject, Buffer>(sign)

/** SHA-1 is not fit to sign with; whether the service takes anything else (SHA-3, SM3) is not known. */
const DIGESTS = ['sha256', 'sha384', 'sha512'] as const
type Digest = (typeof DIGESTS)[number]

/** @see RFC 4055 section 5, RFC 5758 section 3.2 */
const SIGNATURES = {
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

const ID_COMMON_NAME = '2.5.4.3'
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
  const kind = keyKindOf(parts.key, 'The CA')
  // Parsed and not made of text: a name keeps the string types that its CA chose, or it would be another name.
  const { tbsCertificate: ca, signatureAlgorithm: ofCa } = AsnConvert.parse(parts.ca.raw, Certificate)
  const digest = digestOf(ofCa)
  const algorithm = signatureAlgorithm(kind, digest)
  const tbsCertificate = new TBSCertificate({
    version: Version.v3,
    serialNumber: bytesOf(derSerialNumber(randomBytes(16).toString('hex'))),
    signature: algorithm,
    issuer: ca.subject,
    validity: new Validity(validityWithin(parts.ca, parts.validDays, nowMs)),
    subject: nameOf(parts.registerCode),
    subjectPublicKeyInfo: AsnConvert.parse(await freshPublicKey(kind), SubjectPublicKeyInfo),
    extensions: new Extensions([noCa(), ...authorityKeyIdentifierOf(ca)]),
  })
  const signature = await signWith(digest, new Uint8Array(AsnConvert.serialize(tbsCertificate)), parts.key)
  const certificate = new Certificate({
    tbsCertificate,
    signatureAlgorithm: algorithm,
    signatureValue: new Uint8Array(signature).buffer,
  })
  return new X509Certificate(Buffer.from(AsnConvert.serialize(certificate)))
}

/**
 * The digest with which a certificate made by this CA is signed: the one it was signed with itself, if it is fit. A CA
 * may be signed with an algorithm that has none, such as Ed25519, or none in its identifier, such as RSA-PSS.
 */
function digestOf({ algorithm }: AlgorithmIdentifier): Digest {
  return (
    DIGESTS.find((digest) => Object.values(SIGNATURES).some((of) => of[digest] === algorithm)) ?? 'sha256'
  )
}

/** With RSA the parameters are NULL, with EC there are none. */
function signatureAlgorithm({ type }: KeyKind, digest: Digest): AlgorithmIdentifier {
  return new AlgorithmIdentifier({
    algorithm: SIGNATURES[type][digest],
    ...(type === 'rsa' && { parameters: null }),
  })
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

function nameOf(commonName: string): Name {
  const value = new AttributeValue({ utf8String: commonName })
  return new Name([
    new RelativeDistinguishedName([new AttributeTypeAndValue({ type: ID_COMMON_NAME, value })]),
  ])
}

function noCa(): Extension {
  return new Extension({
    extnID: id_ce_basicConstraints,
    critical: true,
    extnValue: new OctetString(AsnConvert.serialize(new BasicConstraints())),
  })
}

/** None for a CA without a subject key identifier: a checker would have nothing to compare it with. */
function authorityKeyIdentifierOf(ca: TBSCertificate): Extension[] {
  const ofCa = ca.extensions?.find(({ extnID }) => extnID === id_ce_subjectKeyIdentifier)
  if (ofCa === undefined) return []
  const keyIdentifier = AsnConvert.parse(ofCa.extnValue, SubjectKeyIdentifier)
  return [
    new Extension({
      extnID: id_ce_authorityKeyIdentifier,
      extnValue: new OctetString(AsnConvert.serialize(new AuthorityKeyIdentifier({ keyIdentifier }))),
    }),
  ]
}

function bytesOf(hex: string): ArrayBuffer {
  return new Uint8Array(Buffer.from(hex, 'hex')).buffer
}
