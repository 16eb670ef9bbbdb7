import type { KeyObject, X509Certificate } from 'node:crypto'
import { ActionError } from '../errors.ts'
import { derSerialNumber, isSignedWith, readCertificate, requireValidNow } from './certificate.ts'
import { keyKindOf } from './key-kind.ts'
import type { PemText } from './pem.ts'
import { readPrivateKey, type Passphrase } from './private-key.ts'

/** @see https://www.alibabacloud.com/help/en/apsaramq-for-mqtt/mqtt-upgraded/user-guide/manage-ca-certificates */
const MAX_SERIAL_NUMBER_BYTES = 128

/**
 * Reads the certificate of a CA, the first one of a chain, and checks what the service would refuse: that it is a
 * CA, valid now, with a key of a kind and a serial number of a length that the service takes.
 *
 * @param nowMs for tests
 * @throws ActionError
 */
export function readCaCertificate(pem: PemText, nowMs = Date.now()): X509Certificate {
  const ca = readCertificate(pem)
  // OpenSSL's answer: basic constraints say CA, and a key usage, if there is one, allows to sign certificates.
  if (!ca.ca) {
    throw new ActionError({
      // Without its subject: that of a verification certificate, given by mistake, is the register code.
      what: `The certificate in ${pem.input} is not that of a CA`,
      fix: 'Give the certificate that issues the device certificates: its basic constraints say CA:TRUE, and its key usage, if it has one, has keyCertSign. Of a chain the first certificate is taken. If this one is a verification certificate, the two may be swapped.',
    })
  }
  requireIntact(ca, pem.input)
  requireValidNow(ca, `The CA certificate in ${pem.input}`, nowMs)
  keyKindOf(ca.publicKey, `The CA certificate in ${pem.input}`)
  if (!/^[\da-f]+$/i.test(ca.serialNumber)) {
    throw new ActionError({
      what: `The serial number of the CA certificate in ${pem.input} is negative`,
      fix: 'RFC 5280 wants a positive one, and services spell a negative one in different ways: issue the CA certificate anew.',
    })
  }
  if (derSerialNumber(ca.serialNumber).length / 2 > MAX_SERIAL_NUMBER_BYTES) {
    throw new ActionError({
      what: `The serial number of the CA certificate in ${pem.input} has more than ${MAX_SERIAL_NUMBER_BYTES} bytes`,
      fix: 'ApsaraMQ for MQTT takes no longer ones: issue the CA certificate with a shorter serial number.',
    })
  }
  return ca
}

/**
 * Reads the private key of a CA, as `readPrivateKey` does, and checks that it is the one of the certificate.
 *
 * @throws ActionError
 */
export function readCaPrivateKey(parts: {
  readonly ca: X509Certificate
  readonly pem: PemText
  readonly passphrase: Passphrase
}): KeyObject {
  const key = readPrivateKey(parts.pem, parts.passphrase)
  keyKindOf(key, `The input ${parts.pem.input}`)
  if (parts.ca.checkPrivateKey(key)) return key
  throw new ActionError({
    what: `The private key in ${parts.pem.input} does not belong to the CA certificate`,
    fix: 'Give the key with which this CA signs. Of a chain the first certificate is taken: put the CA first.',
  })
}

/** A certificate whose issuer is its subject is signed with its own key, so that its signature can be checked. */
function requireIntact(ca: X509Certificate, input: string): void {
  if (ca.issuer !== ca.subject || isSignedWith(ca, ca.publicKey)) return
  throw new ActionError({
    what: `The CA certificate in ${input} is self-signed, and its signature is not valid`,
    fix: 'It was damaged or changed: take it again from where it was made. If an earlier key of the CA signed it, give the certificate that the new key signed itself. openssl verify -check_ss_sig -CAfile shows the same.',
  })
}

/** The subject of a certificate in one line, e.g. `C=CN, O=Example, CN=Example CA`. */
export function subjectOf(certificate: X509Certificate): string {
  // Typed as a text, and undefined for a name without parts.
  const subject = certificate.subject as string | undefined
  // A verification certificate can say that it is a CA, and be given with its own key: its subject is the code.
  if (/^CN=[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}/i.test(subject ?? '')) return 'CN=***'
  return subject?.replaceAll('\n', ', ') ?? 'no subject'
}
