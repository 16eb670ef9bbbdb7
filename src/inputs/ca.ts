import type { X509Certificate } from 'node:crypto'
import { readCaCertificate } from '../certificates/ca-certificate.ts'
import type { Passphrase } from '../certificates/keys.ts'
import type { PemText } from '../certificates/pem.ts'
import { missingSecret, passphrase as readPassphrase, UNSET_IS_EMPTY, wholeNumber } from './input.ts'
import { optionalCertificate, optionalPrivateKey } from './pem.ts'

const KEY = 'ca-private-key'

/** The private key of a CA as it was given, not parsed yet. */
export type CaKeyInput = { readonly pem: PemText; readonly passphrase: Passphrase }

/** The certificate of a CA, and the text that it comes from, which can contain a chain. */
export type CaInput = { readonly ca: X509Certificate; readonly chain: PemText }

/**
 * Reads `ca-certificate`.
 *
 * @throws ActionError if it is not set, or the service would reject it
 */
export async function readCaCertificateInput(): Promise<CaInput> {
  const name = 'ca-certificate'
  const chain = await present(await optionalCertificate(name), name, "the CA's certificate")
  return { ca: readCaCertificate(chain), chain }
}

/**
 * Reads `ca-private-key` and `ca-private-key-passphrase`, and masks both. Call it before any input is checked.
 * `readCaPrivateKey` then parses the key.
 *
 * @returns `undefined` if the key is not set
 * @throws ActionError if the key is not PEM text
 */
export async function optionalCaKey(): Promise<CaKeyInput | undefined> {
  const passphrase = readPassphrase('ca-private-key-passphrase')
  const pem = await optionalPrivateKey(KEY)
  return pem && { pem, passphrase }
}

/**
 * Does the same for a key that must be set.
 *
 * @throws ActionError if it is not, too
 */
export async function requiredCaKey(): Promise<CaKeyInput> {
  return await present(await optionalCaKey(), KEY, "the CA's private key")
}

/** The default of `valid-days` for each kind of certificate. */
const VALID_DAYS = { verification: 30, device: 365, ca: 3650 }

/** Reads `valid-days`: how long a certificate is valid. */
export function readValidDays(kind: keyof typeof VALID_DAYS): number {
  return wholeNumber('valid-days', { fallback: VALID_DAYS[kind], max: 36_500, unit: 'days' })
}

async function present<T>(value: T | undefined, name: string, what: string): Promise<T> {
  if (value !== undefined) return value
  const fix = `Set it under "with:" to ${what}, as PEM text or as the path of a PEM file. ${UNSET_IS_EMPTY}`
  throw await missingSecret(`Missing input: ${name}`, fix)
}
