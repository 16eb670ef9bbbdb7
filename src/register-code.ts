/**
 * The characters and the length of a register code. Every documented example is a UUID followed by digits; other forms are
 * allowed for future codes. Such a code is one argument in any shell, fits into a Common Name, and as a mask it hides no
 * ordinary letter of a log.
 */
const PATTERN = '[A-Za-z0-9\\-_.:+/=@~]{8,64}'

/** The same in words, for errors. */
export const REGISTER_CODE_RULE = '8 to 64 letters, digits and characters of -_.:+/=@~'

/** Returns whether a value can be a register code. */
export function isRegisterCode(value: unknown): value is string {
  return typeof value === 'string' && new RegExp(`^${PATTERN}$`).test(value)
}

/** Returns the parts of a text that can be register codes. */
export function findRegisterCodes(text: string): readonly string[] {
  return text.match(new RegExp(PATTERN, 'g')) ?? []
}
