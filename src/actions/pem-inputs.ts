import { existsSync } from 'node:fs'
import { loadPem, looksLikePem, type PemText } from '../certificates/pem.ts'
import { maskLines, maskPrivateKeys } from '../runner/masking.ts'
import { optional } from './inputs.ts'

/**
 * An input that takes PEM text, PEM text with its line ends written as `\n`, or a path. Private keys in it are masked
 * here, in a certificate's input too: a file may hold both.
 *
 * @returns nothing when it is left out
 * @throws ActionError when it is none of them
 */
export function optionalPem(name: string): PemText | undefined {
  const value = optional(name)
  if (value === '') return undefined
  // Neither: most likely a key that lost its first line, or in base64. It is refused below, but not before it is masked.
  if (!looksLikePem(value) && !existsSync(value)) maskLines(value)
  const pem = loadPem({ input: name, value })
  maskPrivateKeys(pem.text)
  return pem
}
