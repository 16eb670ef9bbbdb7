import { setSecret } from '@actions/core'
import { holdsPieceWithDigit, holdsSecret, plainSecrets, rememberSecret } from './secrets.ts'

/** Stands in place of a text that holds a secret. */
export const WITHHELD = '(message withheld: it contains a secret)'

const HIDDEN = '***'
/** Line ends among them, and what a terminal or a reader does not show. */
const CONTROL_CHARACTERS = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu
/** Escaped ones too, once or several times over. */
const LINE_END = /\\{1,4}[rn]|[\r\n]/
/** More than is ever printed of a text by far. */
const MAX_READ = 10_000

/** A line of fewer characters is no secret. */
const MIN_LINE_LENGTH = 4
/** The last line of a key may be as short as `AA==`: hidden, it would put stars into other text, and drop outputs. */
const MIN_LONE_LINE_LENGTH = 8
/** Of a text without line ends: what is shorter may be an ordinary word. */
const MIN_WORD_LENGTH = 16

/** The lines that stand in every PEM file. */
const FRAME_LINE =
  /^-----(?:BEGIN|END) (?:(?:(?:RSA|EC|DSA|ENCRYPTED|OPENSSH) )?PRIVATE KEY|EC PARAMETERS|(?:X509 |TRUSTED )?CERTIFICATE|(?:RSA )?PUBLIC KEY)-----$/
/** They too, also when a dash or the name is not as it has to be. */
const FRAME = /-{2,8}\s?(?:BEGIN|END)[A-Z0-9 ]{0,40}-{0,8}/g

/**
 * Tells the runner to hide a value in every later log line, and `clean` to print nothing that holds it. Called on the
 * line that reads or receives a secret. The parts of a JSON Web Token are hidden one by one too.
 *
 * @returns the value itself; an empty one is returned as it is, as the runner refuses to mask it
 */
export function mask(value: string): string {
  if (value.trim() === '') return value
  setSecret(value)
  const parts = /^[\w-]+\.[\w-]+\.[\w-]+$/.test(value) ? value.split('.') : []
  for (const part of parts) if (part.length >= MIN_LONE_LINE_LENGTH) setSecret(part)
  rememberSecret(value)
  return value
}

/**
 * Masks every line of a text that is meant to be a private key, whatever it holds: a key may be wrapped at any width,
 * be damaged, or not be a key at all. Only the frame lines of PEM and what is too short to be a secret get no mask.
 *
 * Each line gets a command of its own. Given a text of several lines, the runner would mask each of them, the short
 * last one of a key and the frame lines too.
 *
 * @returns the text itself
 */
export function maskLines(text: string): string {
  const lines = text.split(LINE_END).map((line) => line.trim())
  const isShort = ({ length }: string): boolean => length >= MIN_LINE_LENGTH && length < MIN_LONE_LINE_LENGTH
  const hasShortLines = lines.filter(isShort).length > 1
  const words = wordsOf(text)
  const secrets = [
    ...lines.filter((line) => line.length >= MIN_LONE_LINE_LENGTH || (hasShortLines && isShort(line))),
    ...words.filter(({ length }) => length >= MIN_WORD_LENGTH),
    // A key in one line, its lines with spaces between them.
    ...lines
      .filter((line) => line.includes('-----BEGIN'))
      .flatMap(wordsOf)
      .filter(({ length }) => length >= MIN_LONE_LINE_LENGTH),
  ]
  const masked = new Set(secrets.filter((secret) => !FRAME_LINE.test(secret)))
  for (const secret of masked) setSecret(secret)
  // As one, so that it is found in whatever width it comes back. Without the names and comments beside a key, which our
  // own words hold too, and not at all if it is a word that somebody typed by mistake.
  const long = words.filter(({ length }) => length >= MIN_WORD_LENGTH)
  if (masked.size > 0 || text.includes('-----BEGIN'))
    rememberSecret((long.length > 0 ? long : words).join(''))
  return text
}

/**
 * Lets nothing be printed that holds a piece of a certificate: a verification certificate, in which the code stands. No
 * command to the runner, as the certificate may be an output that later steps show on purpose.
 *
 * @returns the text itself
 */
export function withholdCertificate(pem: string): string {
  rememberSecret(wordsOf(pem).join(''))
  return pem
}

/**
 * Makes our own words fit to print, with the values in them: one that holds a piece of a secret is withheld, a whole
 * secret that is short or has no digit becomes stars, line ends and other control characters become spaces, what could start a workflow command is
 * taken apart, and the length is bounded.
 */
export function clean(text: string, maxLength = 1000): string {
  const read = text.slice(0, MAX_READ)
  if (holdsPieceWithDigit(read)) return WITHHELD
  const inOneLine = hidePlainSecrets(read)
    .replace(CONTROL_CHARACTERS, ' ')
    .replace(/\bSignature=[^\s,&]+/g, `Signature=${HIDDEN}`)
    // The runner takes `::` and a word at the start of a line, and the older `##[` anywhere in it, for a command. ARNs
    // and IPv6 addresses, in which a digit follows, stay as they are.
    .replace(/:(?=:(?!\d))/g, ': ')
    .replace(/#(?=#\[)/g, '# ')
  // Again, as what was taken apart can complete a secret; and before the cut, as half of one is left behind it.
  const hidden = hidePlainSecrets(inOneLine)
  return hidden.length > maxLength ? `${hidden.slice(0, maxLength)}…` : hidden
}

/** Makes the words of others fit to print: as `clean`, and withheld also when they hold the whole of a short secret. */
export function cleanForeign(text: string, maxLength = 1000): string {
  return holdsSecret(text.slice(0, MAX_READ)) ? WITHHELD : clean(text, maxLength)
}

/** An id that goes to an output, which nobody masks: empty when it holds a secret. */
export function unlessSecret(id: string): string {
  return holdsSecret(id) ? '' : id
}

function hidePlainSecrets(text: string): string {
  const spellings = plainSecrets().flatMap((secret) => [secret, secret.replace(CONTROL_CHARACTERS, ' ')])
  const hide = (part: string): string =>
    [...new Set(spellings)].reduce((shown, spelling) => shown.replaceAll(spelling, HIDDEN), part)
  return text.split(WITHHELD).map(hide).join(WITHHELD)
}

/** What stands between white space and line ends, without the frames of PEM. */
function wordsOf(text: string): string[] {
  return text
    .replace(FRAME, '\n')
    .split(/\\{1,4}[rn]|\s/)
    .filter((word) => word !== '')
}
