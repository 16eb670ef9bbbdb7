import type { X509Certificate } from 'node:crypto'
import { ActionError } from '../errors.ts'
import { isRegisterCode } from '../register-code.ts'
import { isSameCertificate, isSignedWith, requireValidNow } from './certificate.ts'

/**
 * Checks a verification certificate that was made elsewhere (by an HSM, a KMS or openssl), as far as that can be
 * done without the service.
 *
 * @param parts.registerCode the code it has to carry, when that is known
 * @param nowMs for tests
 * @returns the code it carries: its Common Name
 * @throws ActionError when this CA did not sign it, it is not valid now, or it carries no code or another one
 */
export function checkVerificationCertificate(
  parts: {
    readonly certificate: X509Certificate
    readonly ca: X509Certificate
    readonly registerCode?: string | undefined
  },
  nowMs = Date.now(),
): string {
  const { certificate, ca, registerCode } = parts
  const code = codeCarriedBy(certificate, ca)
  requireValidNow(certificate, 'The verification certificate', nowMs)
  if (registerCode === undefined || registerCode === code) return code
  throw new ActionError({
    what: 'The verification certificate carries another register code than this one',
    fix: 'Its Common Name has to be the code of this registration: a code can be used once. Make the certificate anew with it.',
  })
}

/**
 * The code that a verification certificate carries, whether it is good for a registration today or not.
 *
 * @throws ActionError when this CA did not sign it, or it carries no code
 */
export function codeCarriedBy(certificate: X509Certificate, ca: X509Certificate): string {
  requireSignedBy(ca, certificate)
  return commonNameOf(certificate)
}

function requireSignedBy(ca: X509Certificate, certificate: X509Certificate): void {
  if (isSameCertificate(certificate, ca)) {
    throw new ActionError({
      what: 'The verification certificate is the CA certificate itself',
      fix: 'It has to be one that the CA signed, with the register code as its Common Name.',
    })
  }
  if (certificate.checkIssued(ca) && isSignedWith(certificate, ca.publicKey)) return
  throw new ActionError({
    // Without a subject: should the two be swapped, it is the register code.
    what: 'The verification certificate was not signed by the CA: its issuer, key identifier or signature does not match',
    fix: 'Sign it with the private key of the CA that is registered, not with one above or below it. Check that ca-certificate and verification-certificate are not swapped.',
  })
}

/**
 * The one Common Name of a certificate, a register code.
 *
 * @throws ActionError when there is none, more than one, or one that cannot be a register code
 */
export function commonNameOf(certificate: X509Certificate): string {
  // Typed as a text that is always there. Node gives a list when there are several, and nothing for an empty subject.
  const subject = certificate.toLegacyObject().subject as { readonly CN?: string | string[] } | undefined
  const names = subject?.CN
  if (isRegisterCode(names)) return names
  if (typeof names === 'string' && names !== '') {
    throw new ActionError({
      what: 'The Common Name of the verification certificate cannot be a register code',
      fix: 'A register code has 8 to 64 letters, digits and characters of -_.:+/=@~. Make the certificate anew, with the code as the service gave it.',
    })
  }
  throw new ActionError({
    what: `The verification certificate has ${Array.isArray(names) ? 'several Common Names' : 'no Common Name'}`,
    fix: 'Its subject is the register code as the one Common Name, and nothing else.',
  })
}
