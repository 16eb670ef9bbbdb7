import { derSerialNumber } from '../certificates/certificate.ts'
import { ActionError } from '../errors.ts'
import { maskLines } from '../runner/masking.ts'
import { invalid, optional, optionalList } from './input.ts'

/** The serial number of a certificate, as a person writes it. */
export type SerialNumber = {
  /** As given, to show it. */
  readonly text: string
  /** What it can mean, in hex: its digits, which may start with zeros; then the same number read as decimal. */
  readonly readings: readonly string[]
}

/**
 * A shorter number is hex only. CAs that are numbered from 1 could have both: with 0x10 deleted already, `10` must not
 * mean 0x0a.
 */
const DECIMAL = /^[1-9]\d{3,}$/
/** 128 bytes, the maximum of the service, have 309 digits in decimal. */
const MAX_DIGITS = 310
/** More than a serial number of 20 bytes with colons, which certificates may have at most. */
const MAX_SHOWN = 60

/**
 * Reads an input that is a serial number in hex, in the spellings of openssl, browsers and Windows: with or without
 * `serial=`, `0x`, colons, spaces and leading zeros, in either case. Some tools show it in decimal.
 *
 * @returns `undefined` if it is unset
 * @throws ActionError if it is anything else
 */
export function optionalSerialNumber(name: string): SerialNumber | undefined {
  const text = optional(name)
  if (text === '') return undefined
  const hex = digitsIn(text)?.toLowerCase()
  if (hex === undefined) {
    const use = 'the serial number of a CA in hex, such as the output sn of its registration'
    throw invalid(name, shownOf(text), use)
  }
  return { text, readings: DECIMAL.test(text) ? [hex, BigInt(text).toString(16)] : [hex] }
}

/**
 * Reads an input that is a list of serial numbers in the same spellings, but not in decimal, separated by line ends or
 * commas.
 *
 * @returns the digits of each number once, as given; `undefined` if the input is unset
 * @throws ActionError if it contains anything else, or no number
 */
export function optionalSerialNumbers(name: string): readonly string[] | undefined {
  const numbers = new Map<string, string>()
  const entries = optionalList(name, /[\r\n,]/)
  for (const [index, entry] of entries?.entries() ?? []) {
    const digits = digitsIn(entry)
    if (digits === undefined) throw notHex(name, entry, index + 1)
    numbers.set(derSerialNumber(digits), numbers.get(derSerialNumber(digits)) ?? digits)
  }
  return entries && [...numbers.values()]
}

function notHex(name: string, entry: string, number: number): ActionError {
  return new ActionError({
    what: `Entry ${number} of ${name} is not a serial number in hex: "${shownOf(entry)}"`,
    fix: 'Write each serial number in hex, one per line or separated by commas. Other inputs accept names and certificates.',
  })
}

/** Returns what an error shows of a text. A long one is masked instead, because it can be a private key by mistake. */
function shownOf(text: string): string {
  if (text.length <= MAX_SHOWN) return text
  maskLines(text)
  return '…'
}

/** Returns the hex digits of a serial number; `undefined` if a text is none. */
function digitsIn(text: string): string | undefined {
  const digits = text
    .replace(/^serial\s*=\s*/i, '')
    .replace(/^0x/i, '')
    .replace(/[\s:]/g, '')
  return /^[\da-f]+$/i.test(digits) && digits.length <= MAX_DIGITS ? digits : undefined
}
