import { setSecret } from '@actions/core'
import { containsPieceWithDigit, containsSecret, literalSecrets, rememberSecret } from './secrets.ts'

/** Replaces a text that contains a secret. */
export const WITHHELD = '(message withheld: it contains a secret)'

const HIDDEN = '***'
/** Includes line ends, and characters that neither a terminal nor a reader sees. */
const CONTROL_CHARACTERS = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu
/** Also escaped ones, up to four times. */
const LINE_END = /\\{1,4}[rn]|[\r\n]/
/** Far more than is ever printed of a text. */
const MAX_READ = 10_000

/** A line with fewer characters is not a secret. */
const MIN_LINE_LENGTH = 4
/** The last line of a key can be as short as `AA==`. Masked, it would put stars into other text, and drop outputs. */
const MIN_SINGLE_LINE_LENGTH = 8
/** In a text without line ends, a shorter word can be an ordinary one. */
const MIN_WORD_LENGTH = 16

/** The lines that every PEM file contains. */
const FRAME_LINE =
  /^-----(?:BEGIN|END) (?:(?:(?:RSA|EC|DSA|ENCRYPTED|OPENSSH) )?PRIVATE KEY|EC PARAMETERS|(?:X509 |TRUSTED )?CERTIFICATE|(?:RSA )?PUBLIC KEY)-----$/
/** The same, also with a wrong number of dashes or a wrong name. */
const FRAME = /-{2,8}\s?(?:BEGIN|END)[A-Z0-9 ]{0,40}-{0,8}/g

/**
 * Tells the runner to hide a value in every later log line, and `clean` to print nothing that contains it. Call it on
 * the line that reads or receives a secret. The parts of a JSON Web Token are also hidden one by one.
 *
 * @returns the value itself; an empty one is not masked, because the runner refuses that
 */
export function mask(value: string): string {
  if (value.trim() === '') return value
  setSecret(value)
  const parts = /^[\w-]+\.[\w-]+\.[\w-]+$/.test(value) ? value.split('.') : []
  for (const part of parts) if (part.length >= MIN_SINGLE_LINE_LENGTH) setSecret(part)
  rememberSecret(value)
  return value
}

/**
 * Masks every line of a text that should be a private key. A key can be wrapped at any width, be damaged, or not be a
 * key at all. Only the frame lines of PEM, and lines that are too short to be a secret, are not masked.
 *
 * Each line has its own command. For a text of several lines, the runner would also mask the short last line of
 * a key and the frame lines.
 *
 * @returns the text itself
 */
export function maskLines(text: string): string {
  const isPem = text.includes('-----BEGIN')
  const words = splitWords(text)
  const longWords = words.filter(({ length }) => length >= MIN_WORD_LENGTH)
  const secrets = [...secretLines(text), ...longWords].filter((secret) => !FRAME_LINE.test(secret))
  for (const secret of new Set(secrets)) setSecret(secret)
  // Remembered as one secret, so that it is found at any line width. The short words, such as a name beside the key, are part of
  // our own messages too. A single short word is not a key but a mistake.
  if (secrets.length > 0 || isPem) rememberSecret((longWords.length > 0 ? longWords : words).join(''))
  return text
}

function secretLines(text: string): string[] {
  const lines = text.split(LINE_END).map((line) => line.trim())
  const long = lines.filter(({ length }) => length >= MIN_SINGLE_LINE_LENGTH)
  const short = lines.filter(({ length }) => length >= MIN_LINE_LENGTH && length < MIN_SINGLE_LINE_LENGTH)
  // A key on one line, with spaces instead of line breaks.
  const words = lines.filter((line) => line.includes('-----BEGIN')).flatMap(splitWords)
  return [
    ...long,
    // Several short lines are a key that is wrapped at a narrow width.
    ...(short.length > 1 ? short : []),
    ...words.filter(({ length }) => length >= MIN_SINGLE_LINE_LENGTH),
  ]
}

/**
 * Prevents printing any piece of a verification certificate, because it contains the register code. The runner gets no
 * command, because the certificate can be an output that later steps print on purpose.
 *
 * @returns the text itself
 */
export function withholdCertificate(pem: string): string {
  rememberSecret(splitWords(pem).join(''))
  return pem
}

/**
 * Makes our own words, and the values in them, safe to print:
 * - A text with a piece of a secret is withheld.
 * - A whole secret that is short, or has no digit, becomes stars.
 * - Line ends and other control characters become spaces.
 * - Anything that could start a workflow command is separated by a space.
 * - The length is limited.
 */
export function clean(text: string, maxLength = 1000): string {
  const read = text.slice(0, MAX_READ)
  if (containsPieceWithDigit(read)) return WITHHELD
  const onOneLine = hideLiteralSecrets(read)
    .replace(CONTROL_CHARACTERS, ' ')
    .replace(/\bSignature=[^\s,&]+/g, `Signature=${HIDDEN}`)
    // The runner reads `::` and a word at the start of a line as a command, and the older `##[` anywhere in a line.
    // ARNs and IPv6 addresses, which continue with a digit, stay unchanged.
    .replace(/:(?=:(?!\d))/g, ': ')
    .replace(/#(?=#\[)/g, '# ')
  // Again, because the changes above can complete a secret. Before the cut, which could leave half of one.
  const hidden = hideLiteralSecrets(onOneLine)
  return hidden.length > maxLength ? `${hidden.slice(0, maxLength)}…` : hidden
}

/** Does the same for the words of others. Also withholds a text that contains a short secret. */
export function cleanForeign(text: string, maxLength = 1000): string {
  return containsSecret(text.slice(0, MAX_READ)) ? WITHHELD : clean(text, maxLength)
}

/** Returns an ID that becomes an output, which is not masked; an empty string when it contains a secret. */
export function unlessSecret(id: string): string {
  return containsSecret(id) ? '' : id
}

function hideLiteralSecrets(text: string): string {
  const spellings = literalSecrets().flatMap((secret) => [secret, secret.replace(CONTROL_CHARACTERS, ' ')])
  const hide = (part: string): string =>
    [...new Set(spellings)].reduce((shown, spelling) => shown.replaceAll(spelling, HIDDEN), part)
  return text.split(WITHHELD).map(hide).join(WITHHELD)
}

/** The words between white space or line ends, without the frames of PEM. */
function splitWords(text: string): string[] {
  return text
    .replace(FRAME, '\n')
    .split(/\\{1,4}[rn]|\s/)
    .filter((word) => word !== '')
}
