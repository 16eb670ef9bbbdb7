/**
 * Remembers every secret of this process, and finds pieces of them in texts, in any spelling.
 *
 * Texts and secrets are compared by their letters and digits, in lower case, so that wrapping, cutting, case and
 * punctuation make no difference. A set of all pieces keeps the time linear in the length of the text. Building it
 * takes ten milliseconds, so a smaller set is tried first. It contains the consecutive blocks of each secret, half as
 * long as a piece: a text that shares a piece with a secret also contains one of its blocks.
 */

/** The length of a piece: 12 letters and digits have at least 48 bits in hex, so no ordinary text matches by chance. */
const PIECE = 12
const BLOCK = PIECE / 2
/** Fewer letters and digits match many texts by chance. Such a secret is compared literally. */
const MIN_LETTERS = 4
/** Far longer than any key or token. The rest of a longer text is ignored, because it would only fill the memory. */
const MAX_LENGTH = 65_536
/** How deep encodings can be nested, such as base64 in base64, or a URL in JSON in a URL. */
const MAX_NESTING = 3

/** Remembered, but not indexed yet. */
let waiting: string[] = []
/** Spellings of at least one piece whose pieces are not in `pieces` yet. */
let uncut: string[] = []
const pieces = new Set<string>()
const blocks = new Set<string>()
/** Whole spellings that are shorter than a piece. */
const shortSpellings = new Set<string>()
/** Secrets to compare literally. */
const literals = new Set<string>()

/** Remembers a secret, for the functions below to find. */
export function rememberSecret(secret: string): void {
  if (secret.trim() !== '') waiting.push(secret.slice(0, MAX_LENGTH))
}

/**
 * Returns whether a text shares a piece that contains a digit with a secret, its base64 or its hex. For our own words:
 * a passphrase can contain ordinary ones, such as `security token`.
 */
export function containsPieceWithDigit(text: string): boolean {
  indexSecrets()
  return blocks.size > 0 && interpretations(text).some((reading) => hasPiece(normalize(reading), /\d/))
}

/** Returns whether a text shares a piece with a secret, or contains a whole secret that is shorter than a piece. */
export function containsSecret(text: string): boolean {
  indexSecrets()
  if (blocks.size === 0 && shortSpellings.size === 0 && literals.size === 0) return false
  return interpretations(text).some((reading) => {
    const normalized = normalize(reading)
    return (
      hasPiece(normalized, /^/) ||
      [...shortSpellings].some((spelling) => normalized.includes(spelling)) ||
      [...literals].some((literal) => reading.includes(literal))
    )
  })
}

/** Returns the secrets that `containsPieceWithDigit` cannot find, the longest first. */
export function literalSecrets(): readonly string[] {
  indexSecrets()
  return [...literals].sort((one, other) => other.length - one.length)
}

function indexSecrets(): void {
  const secrets = waiting
  waiting = []
  for (const secret of secrets) {
    if (normalize(secret).length < PIECE || !/\d/.test(secret)) literals.add(secret)
    if (Buffer.byteLength(secret) < MIN_LETTERS) literals.add(Buffer.from(secret).toString('base64'))
    for (const spelling of spellingsOf(secret).map(normalize)) {
      if (spelling.length >= PIECE) {
        uncut.push(spelling)
        for (let at = 0; at + BLOCK <= spelling.length; at += BLOCK)
          blocks.add(spelling.slice(at, at + BLOCK))
      } else if (spelling.length >= MIN_LETTERS) shortSpellings.add(spelling)
    }
  }
}

/** @param pattern what the piece must match */
function hasPiece(normalized: string, pattern: RegExp): boolean {
  if (!hasBlock(normalized)) return false
  for (const spelling of uncut) {
    for (let at = 0; at + PIECE <= spelling.length; at++) pieces.add(spelling.slice(at, at + PIECE))
  }
  uncut = []
  for (let at = 0; at + PIECE <= normalized.length; at++) {
    const piece = normalized.slice(at, at + PIECE)
    if (pieces.has(piece) && pattern.test(piece)) return true
  }
  return false
}

function hasBlock(normalized: string): boolean {
  for (let at = 0; at + BLOCK <= normalized.length; at++) {
    if (blocks.has(normalized.slice(at, at + BLOCK))) return true
  }
  return false
}

/** Keeps letters and digits only. Full-width, accented and other variants of a letter become the letter. */
function normalize(text: string): string {
  return text
    .replace(/\p{M}+/gu, '')
    .normalize('NFKD')
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]+/gu, '')
    .slice(0, 2 * MAX_LENGTH)
}

function spellingsOf(secret: string): string[] {
  const bytes = Buffer.from(secret)
  if (bytes.length < MIN_LETTERS) return [secret]
  return [secret, bytes.toString('hex'), ...[0, 1, 2].map((offset) => insideBase64(bytes, offset))]
}

/** What a value looks like inside the base64 of a longer text, such as `user:password` in a header. */
function insideBase64(value: Buffer, offset: number): string {
  const encoded = Buffer.concat([Buffer.alloc(offset), value]).toString('base64url')
  // Without the characters at both ends that share bits with their neighbours.
  return encoded.slice(Math.ceil((offset * 8) / 6), Math.floor(((offset + value.length) * 8) / 6))
}

/** Twelve printable bytes of ASCII, with few control characters between them. The hex of encoded text has these. */
const PRINTABLE_IN_HEX = /(?:[2-7][\da-f](?:[01][\da-f]){0,3}){12}/i

/** The text and everything it can stand for: with escapes undone, and with possible base64 and hex decoded. */
function interpretations(text: string): readonly string[] {
  // Most serial numbers, of which an inventory has 100,000. The hex and the base64 of a secret are among its spellings, so
  // only what is encoded twice must be decoded.
  if (/^-?[\da-f]*$/i.test(text) && !PRINTABLE_IN_HEX.test(text)) return [text]
  const found = new Set([text])
  let latest: readonly string[] = [text]
  for (let nesting = 0; nesting < MAX_NESTING; nesting++) {
    latest = latest.flatMap((reading) => [unescapeAll(reading), ...decodings(reading)])
    latest = latest.filter((reading) => reading !== '' && !found.has(reading))
    for (const reading of latest) found.add(reading)
  }
  return [...found]
}

/** Decodes from each possible start, because the text does not show where base64 or hex begins. */
function decodings(text: string): string[] {
  const joined = text.replace(/\s+/g, '')
  const base64 = joined.match(/[\w+/-]{16,}/g) ?? []
  const hex = text.replace(/0x/gi, '').match(/(?:[\da-f]{2}[\s:,.-]{0,2}){8,}/gi) ?? []
  const numbers = text.match(/(?:\d{1,3}[\s,]{1,2}){8,}/g) ?? []
  return [
    numbers.map((run) => Buffer.from(run.split(/[\s,]+/).map(Number)).toString()).join(' '),
    ...[0, 1, 2, 3].map((start) => base64.map((run) => decode(run.slice(start), 'base64')).join(' ')),
    ...[0, 1].map((start) =>
      hex.map((run) => decode(run.replace(/[^\da-f]/gi, '').slice(start), 'hex')).join(' '),
    ),
  ]
}

function decode(text: string, encoding: 'base64' | 'hex'): string {
  return Buffer.from(text, encoding).toString()
}

/** Escapes of URLs (a run of them is UTF-8), of JSON, JavaScript, Python and C, and of HTML, and HTML tags. */
const ESCAPE =
  /(?:%[\da-f]{2})+|\\u\{[\da-f]{1,6}\}|\\U[\da-f]{8}|\\u[\da-f]{4}|U\+[\da-f]{4,6}|\\x[\da-f]{2}|\\[0-3][0-7]{2}|\\[^ux]|&#\d{1,7};?|&#x[\da-f]{1,6};?|&(?:amp|lt|gt|quot|apos);|<\/?[a-z]{1,10} ?\/?>/gi

const NAMED: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" }
const JSON_LETTERS: Readonly<Record<string, string>> = { b: '\b', f: '\f', n: '\n', r: '\r', t: '\t' }

/** Undoes one level of escapes in a text, in any spelling: `%2B` and `%2b`, `\u002b`, `&#43;`. */
export function unescapeAll(text: string): string {
  return text.replace(ESCAPE, (escape) => {
    if (escape.startsWith('%')) return Buffer.from(escape.replaceAll('%', ''), 'hex').toString()
    if (escape.startsWith('<')) return ''
    if (/^(\\[ux]|U\+)/i.test(escape)) return fromHex(escape.replace(/^\\[ux]\{?|^U\+|\}$/gi, ''), escape)
    if (/^\\\d../.test(escape)) return String.fromCodePoint(Number.parseInt(escape.slice(1), 8))
    if (escape.startsWith('\\')) return JSON_LETTERS[escape.charAt(1)] ?? escape.charAt(1)
    const name = escape.replace(/^&|;$/g, '').toLowerCase()
    if (name.startsWith('#x')) return fromHex(name.slice(2), escape)
    if (name.startsWith('#')) return fromHex(Number(name.slice(1)).toString(16), escape)
    return NAMED[name] ?? escape
  })
}

/** @param escape stays when the number is not a code point */
function fromHex(hex: string, escape: string): string {
  const codePoint = Number.parseInt(hex, 16)
  return codePoint <= 0x10ffff ? String.fromCodePoint(codePoint) : escape
}
