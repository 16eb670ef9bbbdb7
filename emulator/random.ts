import { randomInt } from 'node:crypto'

/** Decimal digits. */
export function digits(length: number): string {
  return from('0123456789', length)
}

/** Lower-case letters and digits. */
export function letters(length: number): string {
  return from('abcdefghijklmnopqrstuvwxyz0123456789', length)
}

function from(alphabet: string, length: number): string {
  return Array.from({ length }, () => alphabet.charAt(randomInt(alphabet.length))).join('')
}
