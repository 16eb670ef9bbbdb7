import { randomInt } from 'node:crypto'

/** Returns random decimal digits. */
export function digits(length: number): string {
  return pick('0123456789', length)
}

/** Returns random lower-case letters and digits. */
export function letters(length: number): string {
  return pick('abcdefghijklmnopqrstuvwxyz0123456789', length)
}

function pick(alphabet: string, length: number): string {
  return Array.from({ length }, () => alphabet.charAt(randomInt(alphabet.length))).join('')
}
