import { getInput } from '@actions/core'
import { formatOf } from '../certificates/formats.ts'
import { pemTextIn } from '../certificates/pem.ts'
import { ActionError } from '../errors.ts'
import { forkFix } from '../github/context.ts'
import { mask, maskLines } from '../runner/masking.ts'

/** The default of the input `timeout`, which also limits reading the files of inputs. */
export const DEFAULT_TIMEOUT_SECONDS = 60

/** The most frequent reason for a missing value. */
export const UNSET_IS_EMPTY = 'An unset secret or variable is passed as an empty string.'

/** Returns an input without surrounding white space; an empty string when it is unset. */
export function optional(name: string): string {
  return getInput(name)
}

/**
 * Returns an input that must be set, and is neither a key nor a certificate.
 *
 * @param example a value, for the error
 * @throws ActionError when it is unset, or contains PEM text
 */
export function required(name: string, example: string): string {
  const value = optional(name)
  if (value === '') throw missing(name, example)
  const misplaced = misplacedKey(name, value)
  if (misplaced !== undefined) throw misplaced
  return value
}

/**
 * Makes the error for PEM text, its base64, or a private key without its frame lines, in an input that takes none of
 * them. Masks it, because it can be a private key by mistake.
 *
 * @returns `undefined` when the value is none of them
 */
function misplacedKey(name: string, value: string): ActionError | undefined {
  const pem = pemTextIn(value)
  const isKey = formatOf(Buffer.from(value, 'base64'))?.what.includes('private key') === true
  if (pem === undefined && !isKey) return undefined
  maskLines(value)
  if (pem !== undefined) maskLines(pem)
  return new ActionError({
    what: `The input ${name} contains ${pem === undefined ? 'a private key' : 'PEM text'}`,
    fix: 'Remove it there. An input for a certificate or a key has one of these words in its name.',
  })
}

/** Makes the error for an input that is not set. */
export function missing(name: string, example: string): ActionError {
  return new ActionError({
    what: `Missing input: ${name}`,
    fix: `Set it under "with:", for example ${name}: ${example}. ${UNSET_IS_EMPTY}`,
  })
}

/** Returns an input that contains a secret, and masks it. */
export function secret(name: string): string {
  return mask(optional(name))
}

/**
 * Reads an input that is a passphrase, and masks it. White space at its ends can be part of it, or a mistake.
 *
 * @returns it as given, then without the line end that a file has, then trimmed; empty when it is unset
 */
export function passphrase(name: string): { readonly input: string; readonly values: readonly string[] } {
  const given = getInput(name, { trimWhitespace: false })
  const values = [given, given.replace(/\r?\n$/, ''), optional(name)]
  return { input: name, values: optional(name) === '' ? [] : [...new Set(values.map(mask))] }
}

/** Makes the error for a missing secret. GitHub withholds secrets from a fork, so there the cause is known. */
export async function missingSecret(what: string, fix: string): Promise<ActionError> {
  return new ActionError({ what, fix: (await forkFix()) ?? fix })
}

/**
 * Returns an input that is a whole number.
 *
 * @param range.fallback the value when it is unset
 * @param range.unit what is counted, for the error
 * @throws ActionError when it is anything else, or out of range
 */
export function wholeNumber(
  name: string,
  { fallback, min = 1, max, unit }: { fallback: number; min?: number; max: number; unit: string },
): number {
  const text = optional(name)
  if (text === '') return fallback
  const value = Number(text)
  if (/^\d+$/.test(text) && value >= min && value <= max) return value
  throw invalid(name, text, `a whole number of ${unit}, ${min} to ${max}`)
}

/**
 * Returns the input `timeout`, in seconds.
 *
 * @throws ActionError when it is invalid
 */
export function readTimeout(fallback = DEFAULT_TIMEOUT_SECONDS): number {
  return wholeNumber('timeout', { fallback, max: 21_600, unit: 'seconds' })
}

/**
 * Returns an input that is one of a few words; the first one when it is unset.
 *
 * @throws ActionError when it is any other
 */
export function oneOf<T extends string>(name: string, words: readonly [T, ...T[]]): T {
  const text = optional(name)
  if (text === '') return words[0]
  const word = words.find((candidate) => candidate === text)
  if (word !== undefined) return word
  throw invalid(name, text, new Intl.ListFormat('en', { type: 'disjunction' }).format(words))
}

/**
 * Returns an input that is `true` or `false`, its default.
 *
 * @throws ActionError when it is anything else
 */
export function flag(name: string): boolean {
  return oneOf(name, ['false', 'true']) === 'true'
}

/**
 * Returns the entries of an input that is a list, without empty ones, each once.
 *
 * @param separator what stands between two entries; white space around an entry is not part of it
 * @returns `undefined` when it is unset
 * @throws ActionError when it has no entry, or is PEM text, such as a private key by mistake
 */
export function optionalList(name: string, separator: RegExp): readonly string[] | undefined {
  const text = optional(name)
  if (text === '') return undefined
  const misplaced = misplacedKey(name, text)
  if (misplaced !== undefined) throw misplaced
  const entries = text.split(separator).map((entry) => entry.trim())
  const given = [...new Set(entries.filter((entry) => entry !== ''))]
  if (given.length > 0) return given
  throw new ActionError({ what: `The list in ${name} is empty`, fix: `Add an entry, or remove ${name}.` })
}

/** Enough of an invalid value to recognize it. */
const MAX_SHOWN = 200

/**
 * Makes the error for an invalid value, which it shows unless that is a key or a certificate.
 *
 * @param use a valid value, in words: what follows "Use"
 */
export function invalid(name: string, value: string, use: string): ActionError {
  const misplaced = misplacedKey(name, value)
  if (misplaced !== undefined) return misplaced
  const shown = value.length > MAX_SHOWN ? `${value.slice(0, MAX_SHOWN)}…` : value
  return new ActionError({ what: `Invalid ${name}: "${shown}"`, fix: `Use ${use}.` })
}
