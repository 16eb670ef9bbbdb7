/**
 * Whether a text can be a register code: 8 to 64 letters, digits and `- _ . : + / = @ ~`. Every example is a UUID
 * followed by digits; the rest is room for what the service may come to give out. Such a code is one argument in any
 * shell, fits into a Common Name, and as a mask it hides no ordinary letter of a log.
 */
export function isRegisterCode(value: unknown): value is string {
  return typeof value === 'string' && /^[A-Za-z0-9\-_.:+/=@~]{8,64}$/.test(value)
}
