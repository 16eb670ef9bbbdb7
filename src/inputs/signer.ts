import type { X509Certificate } from 'node:crypto'
import { readCaCertificate } from '../certificates/ca-certificate.ts'
import type { Passphrase } from '../certificates/keys.ts'
import type { PemText } from '../certificates/pem.ts'
import { ActionError } from '../errors.ts'
import { secret, UNSET_IS_EMPTY, wholeNumber } from './input.ts'
import { optionalCertificate, optionalPrivateKey } from './pem.ts'

/** The private key of a CA, not read yet, and the validity of the certificates that it signs. */
export type SigningInputs = {
  readonly pem: PemText
  readonly passphrase: Passphrase
  readonly validDays: number
}

/**
 * Reads `ca-certificate`.
 *
 * @throws ActionError if it is not set, or the service would reject it
 */
export async function readCaCertificateInput(): Promise<X509Certificate> {
  const name = 'ca-certificate'
  return readCaCertificate(present(await optionalCertificate(name), name, "the CA's certificate"))
}

/**
 * Reads `ca-private-key`, `ca-private-key-passphrase` and `valid-days`. Call it before other inputs are checked, because
 * it masks the key and its passphrase. `readCaPrivateKey` then checks whether the key belongs to the CA.
 *
 * @throws ActionError if the key is not set, or is not PEM text
 */
export async function readSigningInputs(): Promise<SigningInputs> {
  const passphrase = { input: 'ca-private-key-passphrase', value: secret('ca-private-key-passphrase') }
  const name = 'ca-private-key'
  const pem = present(await optionalPrivateKey(name), name, "the CA's private key")
  return {
    pem,
    passphrase,
    validDays: wholeNumber('valid-days', { fallback: 30, max: 36_500, unit: 'days' }),
  }
}

function present(pem: PemText | undefined, name: string, what: string): PemText {
  if (pem !== undefined) return pem
  throw new ActionError({
    what: `Missing input: ${name}`,
    fix: `Set it under "with:" to ${what}, as PEM text or as the path of a PEM file. ${UNSET_IS_EMPTY}`,
  })
}
