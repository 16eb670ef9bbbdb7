import type { X509Certificate } from 'node:crypto'
import {
  ExtendedKeyUsage,
  id_ce_extKeyUsage,
  id_ce_keyUsage,
  id_kp_clientAuth,
  KeyUsage,
  KeyUsageFlags,
} from '@peculiar/asn1-x509'
import { ActionError } from '../errors.ts'
import type { CertificateRequest } from './certificate-request.ts'
import { DAY_MS, encodeExtension, issue, keyIdentifierOf, notCa } from './issue.ts'
import type { Signer } from './signer.ts'
import type { Issuer } from './x509.ts'

/** The same in each device certificate. */
const EXTENSIONS = [
  notCa(),
  encodeExtension(id_ce_keyUsage, true, new KeyUsage(KeyUsageFlags.digitalSignature)),
  encodeExtension(id_ce_extKeyUsage, false, new ExtendedKeyUsage([id_kp_clientAuth])),
]

/**
 * Makes the certificate of a device, a TLS client. Copies subject and public key from the request byte for byte, and
 * nothing else.
 *
 * @param parts.signer signs with the private key of `issuer`
 * @param parts.validDays from now, limited by the validity of the CA
 * @param nowMs for tests
 */
export async function makeDeviceCertificate(
  parts: {
    readonly issuer: Issuer
    readonly signer: Signer
    readonly request: Pick<CertificateRequest, 'subject' | 'publicKeyInfo'>
    readonly validDays: number
  },
  nowMs = Date.now(),
): Promise<X509Certificate> {
  const { issuer, signer, request, validDays } = parts
  const { subject, publicKeyInfo } = request
  const profile = {
    subject,
    publicKeyInfo,
    extensions: EXTENSIONS,
    hasSubjectKeyIdentifier: true,
    validDays,
  }
  const keyIdentifier = issuer.keyIdentifier ?? keyIdentifierOf(issuer.publicKeyInfo)
  return await issue({ issuer: { ...issuer, keyIdentifier }, signer, profile }, nowMs)
}

/**
 * Returns when device certificates end, if the CA ends before `validDays` have passed; otherwise `undefined`.
 *
 * @param nowMs for tests
 */
export function endOfCaBefore(
  { issuer, validDays }: { readonly issuer: Issuer; readonly validDays: number },
  nowMs = Date.now(),
): Date | undefined {
  return issuer.notAfterMs < nowMs + validDays * DAY_MS ? new Date(issuer.notAfterMs) : undefined
}

/**
 * Checks that a CA may issue certificates of TLS clients. `readCaCertificate` checks everything else.
 *
 * @throws ActionError if its extended key usage does not allow that
 */
export function requireDeviceCa(ca: X509Certificate, input: string): void {
  // Node.js calls the extended key usage so. The types do not say that it is undefined if there is none.
  const usages = ca.keyUsage as string[] | undefined
  if (usages?.includes(id_kp_clientAuth) ?? true) return
  throw new ActionError({
    what: `The extended key usage of the CA certificate in ${input} does not contain clientAuth, so servers would reject its device certificates`,
    fix: 'Use a CA whose extended key usage contains clientAuth, or a CA without an extended key usage. Run openssl x509 -noout -text to see it.',
  })
}
