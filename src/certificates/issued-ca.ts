import type { X509Certificate } from 'node:crypto'
import {
  BasicConstraints,
  id_ce_basicConstraints,
  id_ce_keyUsage,
  KeyUsage,
  KeyUsageFlags,
} from '@peculiar/asn1-x509'
import { encodeExtension, issue } from './issue.ts'
import type { Signer } from './signer.ts'
import type { Der } from './x509.ts'

const EXTENSIONS = [
  // Path length 0: this CA issues certificates of devices, and no other CAs.
  encodeExtension(id_ce_basicConstraints, true, new BasicConstraints({ cA: true, pathLenConstraint: 0 })),
  encodeExtension(id_ce_keyUsage, true, new KeyUsage(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign)),
]

/**
 * Makes a self-signed CA certificate for the key of a signer.
 *
 * @param parts.subject as `readSubject` returns it
 * @param parts.validDays from now
 * @param nowMs for tests
 */
export async function makeCaCertificate(
  parts: { readonly signer: Signer; readonly subject: Der; readonly validDays: number },
  nowMs = Date.now(),
): Promise<X509Certificate> {
  const { signer, subject, validDays } = parts
  const publicKeyInfo = signer.publicKey.export({ type: 'spki', format: 'der' })
  const profile = {
    subject,
    publicKeyInfo,
    extensions: EXTENSIONS,
    hasSubjectKeyIdentifier: true,
    validDays,
  }
  // Its own issuer: no other certificate limits its validity, or has a key identifier to copy.
  const issuer = { name: subject, keyIdentifier: undefined, notBeforeMs: -Infinity, notAfterMs: Infinity }
  return await issue({ issuer, signer, profile }, nowMs)
}
