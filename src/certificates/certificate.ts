import { X509Certificate, type KeyObject } from 'node:crypto'
import { ActionError } from '../errors.ts'
import { blocksIn, wrongBlock, type PemText } from './pem.ts'

/**
 * Reads the first certificate of a PEM text.
 *
 * @throws ActionError when there is none, or it or one of its dates cannot be read
 */
export function readCertificate(pem: PemText): X509Certificate {
  const block = blocksIn(pem.text).find(
    ({ label }) => label === 'CERTIFICATE' || label === 'X509 CERTIFICATE',
  )
  if (block === undefined) throw wrongBlock(pem, 'a certificate')
  const certificate = parse(block.pem, pem.input)
  // As text: of a date that cannot be read, Node makes a Date of any time, or of none, with which every comparison is
  // false. Such a certificate would never expire.
  if ([certificate.validFrom, certificate.validTo].some((date) => Number.isNaN(Date.parse(date)))) {
    throw new ActionError({
      what: `The certificate in ${pem.input} has a date that cannot be read`,
      fix: 'It is not written as RFC 5280 says: issue the certificate anew. openssl x509 -noout -dates shows both dates.',
    })
  }
  return certificate
}

function parse(pem: string, input: string): X509Certificate {
  try {
    const certificate = new X509Certificate(pem)
    // A certificate can be whole and its key not; that shows when the key is first looked at.
    certificate.publicKey.export({ type: 'spki', format: 'der' })
    return certificate
  } catch (cause) {
    throw new ActionError({
      what: `The certificate in ${input} cannot be read`,
      fix: 'It looks damaged, or has a key of a kind that Node.js does not know. Check that all of it was copied; openssl x509 -noout -text says more.',
      cause,
    })
  }
}

/**
 * Refuses a certificate that is not valid now.
 *
 * @param holder which certificate, in words, e.g. `The CA certificate`
 * @throws ActionError when it has expired, or is not valid yet
 */
export function requireValidNow(certificate: X509Certificate, holder: string, nowMs: number): void {
  const { validFromDate, validToDate } = certificate
  if (nowMs > validToDate.getTime()) {
    throw new ActionError({
      what: `${holder} expired at ${inWords(validToDate)}`,
      fix: 'Use one that is valid.',
    })
  }
  if (nowMs < validFromDate.getTime()) {
    throw new ActionError({
      what: `${holder} is not valid before ${inWords(validFromDate)}`,
      fix: 'Use one that is valid by now, or check the clock of the runner.',
    })
  }
}

/** Whether the signature of a certificate was made with the private half of a key. */
export function isSignedWith(certificate: X509Certificate, key: KeyObject): boolean {
  try {
    return certificate.verify(key)
  } catch {
    // With an algorithm that Node.js does not know, or for a key of another kind.
    return false
  }
}

/** Whether two certificates are the same, byte for byte, however their PEM is laid out. */
export function isSameCertificate(one: X509Certificate, other: X509Certificate): boolean {
  return one.raw.equals(other.raw)
}

/**
 * Whether two serial numbers in hex are the same number. The service keeps the leading zeros of the encoding and
 * writes lower case, Node does neither; openssl puts colons between the bytes.
 */
export function isSameSerialNumber(one: string, other: string): boolean {
  return plainHex(one) === plainHex(other)
}

/**
 * A serial number as the service spells it: lower-case hex of its bytes in DER, in which a number whose first bit is
 * set has a zero byte before it.
 *
 * @param serialNumber in hex, with or without leading zeros and colons
 */
export function derSerialNumber(serialNumber: string): string {
  const plain = plainHex(serialNumber)
  const bytes = plain.length % 2 === 0 ? plain : `0${plain}`
  return /^[89a-f]/.test(bytes) ? `00${bytes}` : bytes
}

function plainHex(serialNumber: string): string {
  return serialNumber
    .toLowerCase()
    .replaceAll(':', '')
    .replace(/^0+(?=.)/, '')
}

function inWords(date: Date): string {
  return date.toISOString().replace('.000', '')
}
