import { loadPem, type PemText } from '../certificates/pem.ts'
import { maskPrivateKeys } from '../runner/masking.ts'
import { optional } from './inputs.ts'

/**
 * An input that takes PEM text, PEM text with its line ends written as `\n`, or a path. Private keys in it are masked
 * here, in a certificate's input too: a file may hold both.
 *
 * @returns nothing when it is left out
 * @throws ActionError when it is none of them
 */
export function optionalPem(name: string): PemText | undefined {
  const value = maskPrivateKeys(optional(name))
  if (value === '') return undefined
  const pem = loadPem({ input: name, value })
  maskPrivateKeys(pem.text)
  return pem
}
