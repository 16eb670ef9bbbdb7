import { invalid, optional } from './input.ts'

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
  const hex = text
    .toLowerCase()
    .replace(/^serial\s*=\s*/, '')
    .replace(/^0x/, '')
    .replace(/[\s:]/g, '')
  if (!/^[\da-f]+$/.test(hex) || hex.length > MAX_DIGITS) {
    throw invalid(name, text, 'the serial number of a CA in hex, such as the output sn of its registration')
  }
  return { text, readings: DECIMAL.test(text) ? [hex, BigInt(text).toString(16)] : [hex] }
}
