import 'reflect-metadata'
import { X509Certificate } from 'node:crypto'
import * as x509 from '@peculiar/x509'
import { documentedErrors, ServiceError } from './errors.ts'

const MAX_SN_BYTES = 128

/** What is known of a CA certificate that may be registered. */
export type CaCertificate = {
  readonly certificate: X509Certificate
  readonly sn: string
  readonly validBegin: Date
  readonly validEnd: Date
}

/**
 * Reads a CA certificate, and checks what the service checks: CA flag, validity, key usage when there is one, RSA or EC.
 *
 * @throws ServiceError `CertificateContentError` with the reason
 */
export function readCa(pem: string, nowMs: number): CaCertificate {
  const certificate = parse(pem, 'CA')
  const extensions = new x509.X509Certificate(certificate.raw)
  const usages = extensions.getExtension(x509.KeyUsagesExtension)?.usages
  const sn = serialNumber(certificate)
  if (!certificate.ca) refuse('BasicConstraints must be true in the CA certificate.')
  if (usages !== undefined && (usages & x509.KeyUsageFlags.keyCertSign) === 0) {
    refuse('The key usage of the CA certificate does not include certificate signing.')
  }
  if (!['rsa', 'ec'].includes(certificate.publicKey.asymmetricKeyType ?? '')) {
    refuse('The key of the CA certificate must be RSA or ECC.')
  }
  if (sn.length > 2 * MAX_SN_BYTES) refuse('The serial number of the CA certificate is too long.')
  checkValidity(certificate, 'CA', nowMs)
  return { certificate, sn, validBegin: certificate.validFromDate, validEnd: certificate.validToDate }
}

/**
 * Reads the code out of a verification certificate, which proves that the CA's key was at hand.
 *
 * @throws ServiceError `CertificateContentError` when this CA did not sign it
 */
export function readVerifiedCode(pem: string, ca: CaCertificate, nowMs: number): string {
  const certificate = parse(pem, 'verification')
  const isSigned = certificate.checkIssued(ca.certificate) && certificate.verify(ca.certificate.publicKey)
  if (!isSigned) refuse('The verification certificate is not signed by the CA.')
  checkValidity(certificate, 'verification', nowMs)
  return new x509.X509Certificate(certificate.raw).subjectName.getField('CN').join()
}

/** Lower-case hex of the DER bytes: a number whose first bit is set has a zero byte before it. */
function serialNumber(certificate: X509Certificate): string {
  const hex = certificate.serialNumber.toLowerCase()
  return /^[89a-f]/.test(hex) ? `00${hex}` : hex
}

function checkValidity({ validFromDate, validToDate }: X509Certificate, kind: string, nowMs: number): void {
  if (nowMs < validFromDate.getTime()) refuse(`The ${kind} certificate is not valid yet.`)
  if (nowMs > validToDate.getTime()) refuse(`The ${kind} certificate has expired.`)
}

function parse(pem: string, kind: string): X509Certificate {
  try {
    return new X509Certificate(pem)
  } catch {
    refuse(`The ${kind} certificate cannot be parsed.`)
  }
}

function refuse(reason: string): never {
  const message = `${documentedErrors.CertificateContentError.message}; ${reason}`
  throw new ServiceError('CertificateContentError', { message })
}
