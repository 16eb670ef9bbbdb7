import type { X509Certificate } from 'node:crypto'
import { ActionError } from '../errors.ts'
import { isRegisterCode, REGISTER_CODE_RULE } from '../register-code.ts'

/**
 * Returns the Common Name of a verification certificate: the register code.
 *
 * @throws ActionError if there is none, there are several, or it cannot be a register code
 */
export function commonNameOf(certificate: X509Certificate): string {
  // The types do not say that Node.js returns an array for several names, and nothing for an empty subject.
  const subject = certificate.toLegacyObject().subject as { readonly CN?: string | string[] } | undefined
  const names = subject?.CN
  if (isRegisterCode(names)) return names
  if (typeof names === 'string' && names !== '') {
    throw new ActionError({
      what: 'The Common Name of the certificate in verification-certificate is not a register code',
      fix: `A register code has ${REGISTER_CODE_RULE}. Make a new certificate with the code exactly as the service returned it.`,
    })
  }
  throw new ActionError({
    what: `The certificate in verification-certificate has ${Array.isArray(names) ? 'several Common Names' : 'no Common Name'}`,
    fix: 'Make a new certificate whose subject is one Common Name, the register code, and nothing else.',
  })
}
