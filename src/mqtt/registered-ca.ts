import type { X509Certificate } from 'node:crypto'
import { isSameCertificate, readCertificate } from '../certificates/certificate.ts'
import { commonNameOf } from '../certificates/verification-check.ts'
import type { RegisteredCa } from './ca-certificates.ts'

/** Whether a CA that is registered is this certificate, byte for byte, however its text is laid out. */
export function hasContent({ content }: RegisteredCa, certificate: X509Certificate): boolean {
  const registered = parse(content)
  return registered !== undefined && isSameCertificate(registered, certificate)
}

/**
 * The code that a CA was registered with, as the service shows it, or as its verification certificate carries it;
 * empty when neither tells.
 */
export function codeOf({ registrationCode, verificationContent }: RegisteredCa): string {
  if (registrationCode !== '') return registrationCode
  const verification = parse(verificationContent)
  try {
    return verification === undefined ? '' : commonNameOf(verification)
  } catch {
    return ''
  }
}

function parse(text: string): X509Certificate | undefined {
  try {
    return readCertificate({ input: 'the answer', text })
  } catch {
    return undefined
  }
}
