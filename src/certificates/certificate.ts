import { X509Certificate, type KeyObject } from 'node:crypto'
import { ActionError } from '../errors.ts'
import { blocksIn, unreadable, wrongBlock, type PemBlock, type PemText } from './pem.ts'

/**
 * Reads the first certificate in a PEM text.
 *
 * @throws ActionError if there is none, or the certificate or one of its dates cannot be read
 */
export function readCertificate(pem: PemText): X509Certificate {
  const [block] = certificateBlocks(pem)
  if (block === undefined) throw wrongBlock(pem, 'a certificate')
  const certificate = parse(block.pem, pem.input)
  // Checks the text: from an invalid date, Node.js makes a Date with a random time or none. Comparisons with the latter
  // are always false, so the certificate would never expire.
  if ([certificate.validFrom, certificate.validTo].some((date) => Number.isNaN(Date.parse(date)))) {
    throw new ActionError({
      what: `The certificate in ${pem.input} contains an invalid date`,
      fix: 'Issue the certificate again with dates as RFC 5280 defines them. Run openssl x509 -noout -dates to see both dates.',
    })
  }
  return certificate
}

/**
 * Finds another certificate than the first one in a PEM text, as in a chain with the wrong order.
 *
 * @returns its place in words, such as `certificate 2 of 3`; `undefined` if there is none
 */
export function placeInChain(
  pem: PemText,
  isWanted: (certificate: X509Certificate) => boolean,
): string | undefined {
  const blocks = certificateBlocks(pem)
  const at = blocks.findIndex((block, index) => {
    try {
      return index > 0 && isWanted(new X509Certificate(block.pem))
    } catch {
      return false
    }
  })
  return at === -1 ? undefined : `certificate ${at + 1} of ${blocks.length}`
}

function certificateBlocks({ text }: PemText): PemBlock[] {
  return blocksIn(text).filter(({ label }) => label === 'CERTIFICATE' || label === 'X509 CERTIFICATE')
}

function parse(pem: string, input: string): X509Certificate {
  try {
    const certificate = new X509Certificate(pem)
    // The key of a valid certificate can be invalid, which only shows on its first use.
    certificate.publicKey.export({ type: 'spki', format: 'der' })
    return certificate
  } catch (cause) {
    throw unreadable(`The certificate in ${input}`, 'openssl x509 -noout -text', cause)
  }
}

/**
 * Checks that a certificate is valid now.
 *
 * @param name names the certificate in the error, e.g. `The CA certificate in ca-certificate`
 * @throws ActionError if it has expired, or is not valid yet
 */
export function requireValidNow(certificate: X509Certificate, name: string, nowMs: number): void {
  const { validFromDate, validToDate } = certificate
  if (nowMs > validToDate.getTime()) {
    throw new ActionError({
      what: `${name} expired at ${formatDate(validToDate)}`,
      fix: 'Use a certificate that is valid now.',
    })
  }
  if (nowMs < validFromDate.getTime()) {
    throw new ActionError({
      what: `${name} is not valid before ${formatDate(validFromDate)}`,
      fix: 'Use a certificate that is valid now, or check the clock of the runner.',
    })
  }
}

/** Returns whether the private key of `key` made the signature of a certificate. */
export function isSignedWith(certificate: X509Certificate, key: KeyObject): boolean {
  try {
    return certificate.verify(key)
  } catch {
    // Node.js does not support the algorithm, or it does not fit the key.
    return false
  }
}

/** Returns whether two certificates are the same byte for byte, however their PEM is laid out. */
export function isSameCertificate(one: X509Certificate, other: X509Certificate): boolean {
  return one.raw.equals(other.raw)
}

/** Returns whether a text is the SHA-1 or SHA-256 fingerprint of a certificate: hex without colons, in lower case. */
export function isFingerprintOf(certificate: X509Certificate, text: string): boolean {
  const { fingerprint, fingerprint256 } = certificate
  return [fingerprint, fingerprint256].some((one) => one.replaceAll(':', '').toLowerCase() === text)
}

/**
 * Returns whether two serial numbers in hex are the same number. The service writes lower case and keeps leading zeros
 * of the encoding, Node.js does neither, and openssl puts colons between the bytes.
 */
export function isSameSerialNumber(one: string, other: string): boolean {
  return plainHex(one) === plainHex(other)
}

/**
 * Spells a serial number as the service does: lower-case hex of its bytes in DER, which start with a zero byte if the
 * first bit of the number is set.
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

function formatDate(date: Date): string {
  return date.toISOString().replace('.000', '')
}
