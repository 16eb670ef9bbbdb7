import { randomBytes, randomInt, X509Certificate, type KeyObject } from 'node:crypto'
import { AsnConvert, OctetString } from '@peculiar/asn1-schema'
import {
  AlgorithmIdentifier,
  AuthorityKeyIdentifier,
  Extension,
  Extensions,
  id_ce_authorityKeyIdentifier,
  KeyIdentifier,
  Validity,
  Version,
} from '@peculiar/asn1-x509'
import type { SignatureAlgorithm, Signer } from './signer.ts'
import { Certificate, ToBeSigned, type Der, type Issuer } from './x509.ts'

const MINUTE_MS = 60_000
const DAY_MS = 24 * 60 * MINUTE_MS
/** Allows for a clock of the service, or of a device, that is behind. */
const BACKDATED_MS = 15 * MINUTE_MS

/** The fields that define a kind of certificate. `issue` adds what all kinds have in common. */
export type Profile = {
  readonly subject: Der
  readonly publicKey: KeyObject
  /** Without the authority key identifier. */
  readonly extensions: readonly Extension[]
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
  { issuer, signer, profile }: { issuer: Issuer; signer: Signer; profile: Profile },
  nowMs = Date.now(),
): Promise<X509Certificate> {
  const toBeSigned = new ToBeSigned()
  toBeSigned.version = Version.v3
  toBeSigned.serialNumber = randomSerialNumber()
  toBeSigned.signature = encodeAlgorithm(signer.algorithm)
  toBeSigned.issuer = issuer.name
  toBeSigned.validity = new Validity({
    notBefore: new Date(Math.max(nowMs - BACKDATED_MS, issuer.notBeforeMs)),
    notAfter: new Date(Math.min(nowMs + profile.validDays * DAY_MS, issuer.notAfterMs)),
  })
  toBeSigned.subject = profile.subject
  toBeSigned.subjectPublicKeyInfo = profile.publicKey.export({ type: 'spki', format: 'der' })
  toBeSigned.extensions = new Extensions([...profile.extensions, ...authorityKeyIdentifier(issuer)])

  const certificate = new Certificate()
  certificate.toBeSigned = toBeSigned
  certificate.signatureAlgorithm = toBeSigned.signature
  certificate.signature = await signer.sign(new Uint8Array(AsnConvert.serialize(toBeSigned)))
  return new X509Certificate(new Uint8Array(AsnConvert.serialize(certificate)))
}

/** 16 bytes, of which the first is 10 to 7f: no tool drops a leading zero or adds one for the sign. */
function randomSerialNumber(): ArrayBuffer {
  return Uint8Array.of(randomInt(0x10, 0x80), ...randomBytes(15)).buffer
}

/** The parameters are NULL with RSA and absent with EC: RFC 4055 section 5, RFC 5758 section 3.2. */
function encodeAlgorithm({ keyType, oid }: SignatureAlgorithm): AlgorithmIdentifier {
  return new AlgorithmIdentifier({ algorithm: oid, ...(keyType === 'rsa' && { parameters: null }) })
}

/** Says which key of the issuer signed. Omitted if the issuer's certificate has no key identifier. */
function authorityKeyIdentifier({ keyIdentifier }: Issuer): Extension[] {
  if (keyIdentifier === undefined) return []
  const value = new AuthorityKeyIdentifier({ keyIdentifier: new KeyIdentifier(keyIdentifier) })
  return [encodeExtension(id_ce_authorityKeyIdentifier, false, value)]
}

/** @param value an instance of a schema class */
export function encodeExtension(oid: string, critical: boolean, value: object): Extension {
  return new Extension({ extnID: oid, critical, extnValue: new OctetString(AsnConvert.serialize(value)) })
}
