import { X509Certificate } from 'node:crypto'
import { isSameCertificate, isSignedWith } from './certificate.ts'
import type { RequestProblem } from './certificate-requests.ts'
import { encodedIn, type Encoded } from './encoded.ts'
import { BINARY_CERTIFICATE } from './formats.ts'
import { pemTextIn } from './pem.ts'
import type { Finding } from './request-key.ts'

/** The certificate of a device, as somebody passes it to the action. */
export type GivenCertificate = {
  /** For messages: a path, or the name of an input. Untrusted. */
  readonly name: string
  readonly certificate: X509Certificate
}

/** Certificates, and what is wrong with the others. */
export type GivenCertificates = {
  readonly certificates: readonly GivenCertificate[]
  readonly problems: readonly RequestProblem[]
}

const CERTIFICATE: Encoded = {
  noun: 'certificate',
  word: 'certificate',
  label: /^(?:X509 )?CERTIFICATE$/,
  start: /-----BEGIN (?:X509 )?CERTIFICATE(?! REQUEST)/g,
  binary: BINARY_CERTIFICATE,
  use: 'Use certificates of devices, as PEM text or DER.',
}
const NO_KEYS: Finding = {
  problem: 'contains a private key',
  fix: 'Use a file that contains only the certificate. The private key of a device stays on the device.',
}

/**
 * Reads the device certificates in a file or an input: PEM text with one or more, the base64 of that, or one in DER.
 * Shows nothing of what it contains instead, because that can be a private key.
 *
 * @param source.name a path, or the name of an input
 */
export function readGivenCertificates(source: {
  readonly name: string
  readonly bytes: Buffer
}): GivenCertificates {
  const { name, bytes } = source
  const hasKey = pemTextIn(bytes.toString('latin1'))?.includes('PRIVATE KEY') === true
  const encoded = hasKey ? NO_KEYS : encodedIn(bytes, CERTIFICATE)
  if ('problem' in encoded) return { certificates: [], problems: [{ name, ...encoded }] }
  const certificates: GivenCertificate[] = []
  const problems: RequestProblem[] = []
  for (const [at, der] of encoded.entries()) {
    const ownName = encoded.length === 1 ? name : `${name}, certificate ${at + 1} of ${encoded.length}`
    const read = readOne(der)
    if ('problem' in read) problems.push({ name: ownName, ...read })
    else certificates.push({ name: ownName, certificate: read })
  }
  return { certificates, problems }
}

function readOne(der: Buffer): X509Certificate | Finding {
  try {
    const certificate = new X509Certificate(der)
    if (certificate.ca) return IS_CA
    if (/^[\da-f]+$/i.test(certificate.serialNumber)) return certificate
    return {
      problem: 'has a negative serial number, which services spell differently',
      fix: 'Name it in device-names instead.',
    }
  } catch {
    return {
      problem: 'cannot be read',
      fix: 'It may be damaged, or of a kind that Node.js does not support. Run openssl x509 -noout -text to see more.',
    }
  }
}

const IS_CA: Finding = {
  problem: 'is a CA certificate',
  fix: 'Use the certificates of devices only, without their chain. To change the CA itself, set target: ca.',
}

/** Returns what is wrong with certificates that a CA did not issue. */
export function checkIssuer(
  certificates: readonly GivenCertificate[],
  ca: X509Certificate,
): RequestProblem[] {
  return certificates.flatMap(({ name, certificate }) => {
    // It can be its own issuer without saying that it is a CA.
    if (isSameCertificate(certificate, ca)) return [{ name, ...IS_CA }]
    if (certificate.checkIssued(ca) && isSignedWith(certificate, ca.publicKey)) return []
    return [
      {
        name,
        problem: 'was not issued by this CA: its issuer, key identifier or signature does not match',
        fix: 'Set ca-certificate or ca-serial-number to the CA that issued it.',
      },
    ]
  })
}
