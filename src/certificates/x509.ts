/** The encoding of certificates (RFC 5280), as schemas for `AsnConvert`. */
import type { X509Certificate } from 'node:crypto'
import { AsnConvert, AsnProp, AsnPropTypes } from '@peculiar/asn1-schema'
import {
  AlgorithmIdentifier,
  id_ce_subjectKeyIdentifier,
  SubjectKeyIdentifier,
  TBSCertificate,
} from '@peculiar/asn1-x509'
import { ActionError } from '../errors.ts'

/** Encoded bytes. */
export type Der = ArrayBuffer | Uint8Array

const COPIED = ['issuer', 'subject'] as const
type Copied = Record<(typeof COPIED)[number], Der>

/**
 * The signed part of a certificate. Names are DER here, because a copy of a name must keep every byte: with other string
 * types it would be another name.
 */
export class ToBeSigned extends (TBSCertificate as unknown as new () => Omit<TBSCertificate, keyof Copied> &
  Copied) {}
for (const part of COPIED) AsnProp({ type: AsnPropTypes.Any })(ToBeSigned.prototype, part)

export class Certificate {
  toBeSigned = new ToBeSigned()
  signatureAlgorithm = new AlgorithmIdentifier()
  signature: Der = new ArrayBuffer(0)
}
AsnProp({ type: ToBeSigned })(Certificate.prototype, 'toBeSigned')
AsnProp({ type: AlgorithmIdentifier })(Certificate.prototype, 'signatureAlgorithm')
AsnProp({ type: AsnPropTypes.BitString })(Certificate.prototype, 'signature')

/** The data that issued certificates copy from the CA certificate. */
export type Issuer = {
  /** The subject of the CA. */
  readonly name: Der
  readonly keyIdentifier: Der | undefined
  /** The public key of the CA: a SubjectPublicKeyInfo. */
  readonly publicKeyInfo: Buffer
  /** The OID of the algorithm that the certificate of the CA is signed with. */
  readonly signatureAlgorithm: string
  readonly notBeforeMs: number
  readonly notAfterMs: number
}

/** @throws ActionError if the CA certificate is not valid DER, which OpenSSL checks less strictly */
export function issuerOf(ca: X509Certificate): Issuer {
  const { toBeSigned, signatureAlgorithm } = parse(ca)
  const identifier = toBeSigned.extensions?.find(({ extnID }) => extnID === id_ce_subjectKeyIdentifier)
  return {
    name: toBeSigned.subject,
    keyIdentifier: identifier && keyIdentifierIn(identifier.extnValue.buffer),
    publicKeyInfo: ca.publicKey.export({ type: 'spki', format: 'der' }),
    signatureAlgorithm: signatureAlgorithm.algorithm,
    notBeforeMs: ca.validFromDate.getTime(),
    notAfterMs: ca.validToDate.getTime(),
  }
}

function parse({ raw }: X509Certificate): Certificate {
  try {
    // The default limit is 10,000 elements. There cannot be more elements than bytes.
    return AsnConvert.parse(raw, Certificate, { berOptions: { maxNodes: raw.length } })
  } catch (cause) {
    throw new ActionError({
      what: 'The certificate in ca-certificate is not valid DER',
      fix: 'Issue the CA certificate again. Run openssl asn1parse to see its encoding.',
      cause,
    })
  }
}

function keyIdentifierIn(extension: Der): Der | undefined {
  try {
    return AsnConvert.parse(extension, SubjectKeyIdentifier).buffer
  } catch {
    return undefined
  }
}
