import { getInput } from '@actions/core'
import { ActionError } from '../errors.ts'
import { mask } from '../runner/masking.ts'

/** An input, without surrounding white space; empty when it is left out. */
export function optional(name: string): string {
  return getInput(name)
}

/** @throws ActionError when it is left out */
export function required(name: string, example: string): string {
  const value = optional(name)
  if (value !== '') return value
  throw new ActionError({
    what: `The input ${name} is missing`,
    fix: `Give it under "with:", e.g. ${name}: ${example}. A variable or secret that is not set arrives empty.`,
  })
}

/** An input that holds a secret: masked here, before anything else can see it. */
export function secret(name: string): string {
  return mask(optional(name))
}

/**
 * An input that takes a whole number.
 *
 * @param range.fallback the value when it is left out
 * @param range.unit what is counted, for the words of the error
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
  throw invalid(name, text, `a whole number of ${unit} from ${min} to ${max}`)
}

/**
 * An input that takes one of a few words; the first one when it is left out.
 *
 * @throws ActionError when it is any other
 */
export function oneOf<T extends string>(name: string, words: readonly [T, ...T[]]): T {
  const text = optional(name)
  if (text === '') return words[0]
  const word = words.find((candidate) => candidate === text)
  if (word !== undefined) return word
  throw invalid(name, text, words.join(' or '))
}

/** More of a value that cannot be used is not worth reading. */
const MAX_SHOWN = 200

/** The error for a value that an input does not take. */
export function invalid(name: string, value: string, takes: string): ActionError {
  const shown = value.length > MAX_SHOWN ? `${value.slice(0, MAX_SHOWN)}…` : value
  return new ActionError({ what: `The input ${name} is "${shown}"`, fix: `It takes ${takes}.` })
}

/**
 * Access key ids and tokens travel in headers of a request, which hold no line ends and no letters beyond ASCII.
 *
 * @throws ActionError
 */
export function requireHeaderText(name: string, value: string): void {
  if (/^[\x21-\x7e]*$/.test(value)) return
  throw new ActionError({
    what: `${name} has white space, control characters or letters beyond ASCII in it`,
    fix: 'Copy it again, whole and on one line.',
  })
}
