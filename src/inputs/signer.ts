import type { X509Certificate } from 'node:crypto'
import { readCaCertificate } from '../certificates/ca-certificate.ts'
import type { PemText } from '../certificates/pem.ts'
import type { Passphrase } from '../certificates/private-key.ts'
import { ActionError } from '../errors.ts'
import { secret, wholeNumber } from './input.ts'
import { optionalCertificate, optionalPrivateKey } from './pem.ts'

/** The private key of a CA as it was given, and how long what it signs is valid. */
export type SigningInputs = {
  readonly pem: PemText
  readonly passphrase: Passphrase
  readonly validDays: number
}

/** @throws ActionError when it is missing, or is not one that the service takes */
export async function readCaCertificateInput(): Promise<X509Certificate> {
  const name = 'ca-certificate'
  return readCaCertificate(present(await optionalCertificate(name), name, "the CA's certificate"))
}

/**
 * Reads `ca-private-key`, `ca-private-key-passphrase` and `valid-days`. Called before other inputs are judged, as it
 * masks the key and its passphrase; `readCaPrivateKey` then says whether the key fits the CA.
 *
 * @throws ActionError when the key is missing, or there is no PEM text in it
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
    what: `The input ${name} is missing`,
    fix: `Give ${what} under "with:", as PEM text or as the path of a PEM file. A secret that the workflow cannot read arrives empty.`,
  })
}
