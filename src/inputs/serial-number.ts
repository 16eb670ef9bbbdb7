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
/** The 20 bytes that a serial number may have (RFC 5280, 4.1.2.2). The service allows longer ones of CAs. */
const MAX_LISTED_DIGITS = 40
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
 * commas. Spaces may only be between the bytes of a number: several numbers that are separated by spaces alone must not
 * be read as one.
 *
 * @returns the digits of each number once, as given; `undefined` if the input is unset
 * @throws ActionError if it contains anything else, or no number
 */
export function optionalSerialNumbers(name: string): readonly string[] | undefined {
  const numbers = new Map<string, string>()
  const entries = optionalList(name, /[\r\n,]/)
  for (const [index, entry] of entries?.entries() ?? []) {
    const digits = digitsIn(entry)
    const isOne = digits !== undefined && isOneNumber(entry, digits)
    if (!isOne) throw notListed(name, { entry, digits, number: index + 1 })
    numbers.set(derSerialNumber(digits), numbers.get(derSerialNumber(digits)) ?? digits)
  }
  return entries && [...numbers.values()]
}

function isOneNumber(entry: string, digits: string): boolean {
  const groups = withoutPrefix(entry).trim().split(/\s+/)
  const areBytes = groups.length === 1 || groups.every((group) => group.length === 2)
  return areBytes && digits.replace(/^0+/, '').length <= MAX_LISTED_DIGITS
}

function notListed(
  name: string,
  {
    entry,
    digits,
    number,
  }: { readonly entry: string; readonly digits: string | undefined; readonly number: number },
): ActionError {
  const [problem, rule] =
    digits === undefined
      ? ['not a serial number in hex', '']
      : [
          'not one serial number',
          ` It has at most ${MAX_LISTED_DIGITS} digits, and spaces only between its bytes, such as 0a 1b 2c.`,
        ]
  return new ActionError({
    what: `Entry ${number} of ${name} is ${problem}: "${shownOf(entry)}"`,
    fix: `Write each serial number in hex, one per line or separated by commas.${rule} Other inputs accept names and certificates.`,
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
  const digits = withoutPrefix(text).replace(/[\s:]/g, '')
  return /^[\da-f]+$/i.test(digits) && digits.length <= MAX_DIGITS ? digits : undefined
}

function withoutPrefix(text: string): string {
  return text.replace(/^serial\s*=\s*/i, '').replace(/^0x/i, '')
}
