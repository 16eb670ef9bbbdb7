/**
 * Knows every secret of this process, and tells whether a text holds a piece of one, in whatever spelling.
 *
 * Text and secrets are compared by their letters and digits alone, in lower case. So it makes no difference whether a
 * token is wrapped, cut, in another case or with other punctuation. A set of all pieces answers in a time that grows
 * with the length of the text and no faster. To make it takes ten milliseconds, so a smaller set is asked first: a text
 * that shares a piece with a secret shares one of the blocks, half as long, that the secret can be cut into.
 */

/** Letters and digits in a row: 12 have at least 48 bits in hex, which no ordinary text has by chance. */
const PIECE = 12
const BLOCK = PIECE / 2
/** Fewer letters and digits stand in many a text by chance; such a secret is looked for as it is. */
const MIN_LETTERS = 4
/** No key and no token comes near it. What is longer holds no secret behind it, and would only fill the memory. */
const MAX_LENGTH = 65_536
/** As escapes, base64 and hex may be nested: a base64 of a base64, a URL in JSON in a URL. */
const MAX_NESTING = 3

/** Remembered, and not yet compared with any text. */
let waiting: string[] = []
/** In every spelling, those that have a piece; what is not cut into pieces yet. */
let uncut: string[] = []
const blocks = new Set<string>()
const pieces = new Set<string>()
/** What is shorter than a piece, whole. */
const wholes = new Set<string>()
const literals = new Set<string>()

/** Remembers a secret, for the functions below to find. */
export function rememberSecret(secret: string): void {
  if (secret.trim() !== '') waiting.push(secret.slice(0, MAX_LENGTH))
}

/**
 * Whether a text shares twelve letters and digits in a row with a secret, its base64 or its hex, of which one is a digit.
 * For our own words: a passphrase may hold ordinary ones, such as `security token`.
 */
export function holdsPieceWithDigit(text: string): boolean {
  takeApart()
  return blocks.size > 0 && readings(text).some((reading) => hasPiece(reduce(reading), /\d/))
}

/** Whether a text shares twelve letters and digits in a row with a secret, or holds the whole of a shorter one. */
export function holdsSecret(text: string): boolean {
  takeApart()
  if (blocks.size === 0 && wholes.size === 0 && literals.size === 0) return false
  return readings(text).some((reading) => {
    const reduced = reduce(reading)
    return (
      hasPiece(reduced, /^/) ||
      [...wholes].some((whole) => reduced.includes(whole)) ||
      [...literals].some((literal) => reading.includes(literal))
    )
  })
}

/** The secrets in which there may be no piece with a digit, as they are, the longest first. */
export function plainSecrets(): readonly string[] {
  takeApart()
  return [...literals].sort((one, other) => other.length - one.length)
}

function takeApart(): void {
  const secrets = waiting
  waiting = []
  for (const secret of secrets) {
    if (reduce(secret).length < PIECE || !/\d/.test(secret)) literals.add(secret)
    if (Buffer.byteLength(secret) < MIN_LETTERS) literals.add(Buffer.from(secret).toString('base64'))
    for (const spelling of spellingsOf(secret)) {
      const reduced = reduce(spelling)
      if (reduced.length >= PIECE) {
        uncut.push(reduced)
        for (let at = 0; at + BLOCK <= reduced.length; at += BLOCK) blocks.add(reduced.slice(at, at + BLOCK))
      } else if (reduced.length >= MIN_LETTERS) wholes.add(reduced)
    }
  }
}

function hasPiece(reduced: string, pattern: RegExp): boolean {
  if (!hasBlock(reduced)) return false
  for (const spelling of uncut) {
    for (let at = 0; at + PIECE <= spelling.length; at++) pieces.add(spelling.slice(at, at + PIECE))
  }
  uncut = []
  for (let at = 0; at + PIECE <= reduced.length; at++) {
    const piece = reduced.slice(at, at + PIECE)
    if (pieces.has(piece) && pattern.test(piece)) return true
  }
  return false
}

function hasBlock(reduced: string): boolean {
  for (let at = 0; at + BLOCK <= reduced.length; at++) {
    if (blocks.has(reduced.slice(at, at + BLOCK))) return true
  }
  return false
}

/** Wide, accented and other variants of a letter count as the letter. */
function reduce(text: string): string {
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

/** What a value looks like in the base64 of a longer text, such as `user:password` in a header. */
function insideBase64(value: Buffer, offset: number): string {
  const encoded = Buffer.concat([Buffer.alloc(offset), value]).toString('base64url')
  // Of the characters at both ends, some bits belong to the neighbours.
  return encoded.slice(Math.ceil((offset * 8) / 6), Math.floor(((offset + value.length) * 8) / 6))
}

/** The text, and all that it may mean: with escapes undone, and with what can be base64 or hex decoded. */
function readings(text: string): readonly string[] {
  const found = new Set([text])
  let latest: readonly string[] = [text]
  for (let nesting = 0; nesting < MAX_NESTING; nesting++) {
    latest = latest.flatMap((reading) => [unescapeAll(reading), ...decodings(reading)])
    latest = latest.filter((reading) => reading !== '' && !found.has(reading))
    for (const reading of latest) found.add(reading)
  }
  return [...found]
}

/** Where base64 or hex begins in a text cannot be seen, so it is read from each place that it can begin at. */
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

/** As in a URL, in JSON, JavaScript, Python or C, and in HTML, with its tags. A run of them in a URL is UTF-8. */
const ESCAPE =
  /(?:%[\da-f]{2})+|\\u\{[\da-f]{1,6}\}|\\U[\da-f]{8}|\\u[\da-f]{4}|U\+[\da-f]{4,6}|\\x[\da-f]{2}|\\[0-3][0-7]{2}|\\[^ux]|&#\d{1,7};?|&#x[\da-f]{1,6};?|&(?:amp|lt|gt|quot|apos);|<\/?[a-z]{1,10} ?\/?>/gi

const NAMED: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" }
const JSON_LETTERS: Readonly<Record<string, string>> = { b: '\b', f: '\f', n: '\n', r: '\r', t: '\t' }

/** Undoes the escapes in a text, one level of them, in whichever spelling: `%2B` and `%2b`, `\u002b`, `&#43;`. */
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

/** @param escape what stays when the number is no character */
function fromHex(hex: string, escape: string): string {
  const codePoint = Number.parseInt(hex, 16)
  return codePoint <= 0x10ffff ? String.fromCodePoint(codePoint) : escape
}
