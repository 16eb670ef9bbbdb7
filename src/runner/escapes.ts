/** A text with its escapes undone; for each character of it, where in the text it began and ended. */
export type Unescaped = {
  readonly plain: string
  readonly starts: readonly number[]
  readonly ends: readonly number[]
}

/** As in a URL, in JSON or JavaScript, and in HTML. */
const ESCAPE = /%[\da-f]{2}|\\u[\da-f]{4}|\\[^u]|&#\d{1,7};|&#x[\da-f]{1,6};|&(?:amp|lt|gt|quot|apos);/gi

const NAMED: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" }
const JSON_LETTERS: Readonly<Record<string, string>> = { b: '\b', f: '\f', n: '\n', r: '\r', t: '\t' }

/** Undoes the escapes in a text, one level of them, in whichever spelling: `%2B` and `%2b`, `\u002b`, `&#43;`. */
export function unescapeAll(text: string): Unescaped {
  const starts: number[] = []
  const ends: number[] = []
  let plain = ''
  const add = (piece: string, start: number, end: number): void => {
    plain += piece
    starts.push(...Array<number>(piece.length).fill(start))
    ends.push(...Array<number>(piece.length).fill(end))
  }
  let at = 0
  while (at < text.length) {
    ESCAPE.lastIndex = at
    const match = ESCAPE.exec(text)
    const next = match?.index ?? text.length
    for (; at < next; at++) add(text.charAt(at), at, at + 1)
    if (match === null) break
    const [piece, length] = match[0].startsWith('%')
      ? fromUrl(text, at)
      : [meaningOf(match[0]), match[0].length]
    add(piece, at, at + length)
    at += length
  }
  return { plain, starts, ends }
}

/** A character of a URL's escapes: of UTF-8 it may take up to four, and the first byte says how many. */
function fromUrl(text: string, at: number): [piece: string, length: number] {
  const first = Number.parseInt(text.slice(at + 1, at + 3), 16)
  const length = first < 0xc0 ? 3 : first < 0xe0 ? 6 : first < 0xf0 ? 9 : 12
  try {
    return [decodeURIComponent(text.slice(at, at + length)), length]
  } catch {
    // No UTF-8.
    return [text.slice(at, at + 3), 3]
  }
}

function meaningOf(escape: string): string {
  if (escape.startsWith('\\u')) return String.fromCharCode(Number.parseInt(escape.slice(2), 16))
  if (escape.startsWith('\\')) return JSON_LETTERS[escape.charAt(1)] ?? escape.charAt(1)
  const name = escape.slice(1, -1).toLowerCase()
  if (!name.startsWith('#')) return NAMED[name] ?? escape
  const codePoint = name.startsWith('#x') ? Number.parseInt(name.slice(2), 16) : Number(name.slice(1))
  return codePoint <= 0x10ffff ? String.fromCodePoint(codePoint) : escape
}
