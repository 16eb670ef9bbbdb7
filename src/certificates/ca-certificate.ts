import type { KeyObject, X509Certificate } from 'node:crypto'
import { ActionError } from '../errors.ts'
import {
  derSerialNumber,
  isSignedWith,
  placeInChain,
  readCertificate,
  requireValidNow,
} from './certificate.ts'
import { readPrivateKey, requireCaKey, type Passphrase } from './keys.ts'
import type { PemText } from './pem.ts'

/** @see https://www.alibabacloud.com/help/en/apsaramq-for-mqtt/mqtt-upgraded/user-guide/manage-ca-certificates */
const MAX_SERIAL_NUMBER_BYTES = 128

/**
 * Reads the certificate of a CA, the first one in a chain. Checks what the service would reject: it must be a CA, be
 * valid now, and have a supported key and a supported serial number.
 *
 * @param nowMs for tests
 * @throws ActionError
 */
export function readCaCertificate(pem: PemText, nowMs = Date.now()): X509Certificate {
  const ca = readAnyCaCertificate(pem)
  requireValidNow(ca, `The CA certificate in ${pem.input}`, nowMs)
  requireCaKey(ca.publicKey, `The key of the CA certificate in ${pem.input}`)
  if (!/^[\da-f]+$/i.test(ca.serialNumber)) {
    throw new ActionError({
      what: `The serial number of the CA certificate in ${pem.input} is negative`,
      fix: 'Issue the CA certificate again with a positive serial number, as RFC 5280 requires. Services spell negative ones differently.',
    })
  }
  if (derSerialNumber(ca.serialNumber).length / 2 > MAX_SERIAL_NUMBER_BYTES) {
    throw new ActionError({
      what: `The serial number of the CA certificate in ${pem.input} has more than ${MAX_SERIAL_NUMBER_BYTES} bytes`,
      fix: 'Issue the CA certificate again with a shorter serial number. ApsaraMQ for MQTT does not support longer ones.',
    })
  }
  return ca
}

/**
 * Reads the certificate of a CA, which may have expired, or be one that the service would reject.
 *
 * @throws ActionError if it is not the certificate of a CA, or was damaged
 */
export function readAnyCaCertificate(pem: PemText): X509Certificate {
  const ca = readCertificate(pem)
  // OpenSSL's answer: basic constraints say CA, and the key usage, if present, allows signing certificates.
  if (!ca.ca) {
    const place = placeInChain(pem, (other) => other.ca)
    throw new ActionError({
      // Shows no subject: if this is a verification certificate by mistake, its subject is the register code.
      what: `The ${place === undefined ? '' : 'first '}certificate in ${pem.input} is not a CA certificate${place === undefined ? '' : `, but ${place} is`}`,
      fix: 'Use the certificate that issues the device certificates. Its basic constraints contain CA:TRUE, and its key usage, if present, contains keyCertSign. In a chain, the first certificate is used. If this is a verification certificate, the two inputs may be swapped.',
    })
  }
  requireIntact(ca, pem.input)
  return ca
}

/**
 * Reads the private key of a CA, as `readPrivateKey` does, and checks that it belongs to the certificate.
 *
 * @throws ActionError
 */
export function readCaPrivateKey(parts: {
  readonly ca: X509Certificate
  /** The text that the certificate comes from. */
  readonly chain: PemText
  readonly pem: PemText
  readonly passphrase: Passphrase
}): KeyObject {
  const key = readPrivateKey(parts.pem, parts.passphrase)
  requireCaKey(key, `The key in ${parts.pem.input}`)
  if (parts.ca.checkPrivateKey(key)) return key
  const place = placeInChain(parts.chain, (other) => other.checkPrivateKey(key))
  throw new ActionError({
    what: `The private key in ${parts.pem.input} does not belong to the CA certificate in ${parts.chain.input}${place === undefined ? '' : `, which is the first one there, but to ${place}`}`,
    fix: 'Use the key that this CA signs with. In a chain, the first certificate is used: put the CA certificate first.',
  })
}

/** A self-signed certificate contains the key that signed it, so its signature can be checked. */
function requireIntact(ca: X509Certificate, input: string): void {
  if (ca.issuer !== ca.subject || isSignedWith(ca, ca.publicKey)) return
  throw new ActionError({
    what: `The CA certificate in ${input} is self-signed, but its signature is invalid`,
    fix: 'The certificate was damaged or changed. Copy it again from its source. If an earlier key of the CA signed it, use the certificate that the current key signed. Run openssl verify -check_ss_sig -CAfile to check it.',
  })
}

/** Formats the subject of a certificate on one line, e.g. `C=CN, O=Example, CN=Example CA`. */
export function subjectOf(certificate: X509Certificate): string {
  // The types do not say that it is undefined for an empty subject.
  const subject = certificate.subject as string | undefined
  // A verification certificate can claim to be a CA and come with its own key. Its subject is the register code.
  if (/^CN=[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}/i.test(subject ?? '')) return 'CN=***'
  return subject?.replaceAll('\n', ', ') ?? 'no subject'
}
