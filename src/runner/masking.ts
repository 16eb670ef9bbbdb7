import { setSecret } from '@actions/core'
import { unescapeAll, type Unescaped } from './escapes.ts'

const HIDDEN = '***'
/** Line ends among them, and what a terminal or a reader does not show. */
const CONTROL_CHARACTERS = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu
/** Of base64: 96 bits, which no ordinary text has by chance. */
const MIN_KEY_LINE_LENGTH = 16

/** Every spelling of every masked value, on one line. */
let spellings: string[] = []

/**
 * Tells the runner to hide a value in every later log line, and `clean` to redact it. Called on the line that
 * reads or receives a secret.
 *
 * @returns the value itself; an empty one is returned as it is, as the runner refuses to mask it
 */
export function mask(value: string): string {
  if (value.trim() === '') return value
  setSecret(value)
  redactLater(spellingsOf(value))
  return value
}

/**
 * Masks the private keys in a PEM text, and nothing else in it: certificates and public keys are no secrets.
 *
 * Given a text of several lines, the runner masks each line by itself. The last line of a key may be as short as
 * `AA==`, and with that masked, ordinary lines of the log would show stars, and a job output that happens to contain
 * it would be dropped without an error; the BEGIN and END lines stand in every key. So each line gets a command of its
 * own here, and those that are too short to be a secret get none: at most 11 bytes at the end of a key, of which the
 * rest stays hidden.
 *
 * @returns the text itself
 */
export function maskPrivateKeys(text: string): string {
  // Up to the end of the text if there is no END line: a key that was cut off is a secret too.
  for (const [block, body = ''] of text.matchAll(
    /-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----(.*?)(?:-----END|$)/gs,
  )) {
    redactLater([block])
    maskLines(body)
  }
  return text
}

/**
 * Redacts a verification certificate in whatever is printed later: the code stands in it, spread over its lines. No
 * command to the runner, as the certificate may be an output that later steps show on purpose.
 *
 * @returns the text itself
 */
export function redactCertificate(pem: string): string {
  redactLater(pem.split('\n').filter((line) => /^[\w+/=]{16,}$/.test(line)))
  return pem
}

/** Masks the lines of a key, each by itself, but those that are too short to be a secret. */
export function maskLines(text: string): void {
  const lines = text.split(/\\r|\\n|\s/).filter((line) => line.length >= MIN_KEY_LINE_LENGTH)
  // The headers of OpenSSL's old encrypted form name a cipher and a salt.
  const keyLines = lines.filter((line) => /^[\w+/=]+$/.test(line))
  keyLines.forEach(setSecret)
  redactLater(keyLines)
}

/**
 * Makes a text fit to print, whoever wrote it: masked values and signatures are redacted, line ends and other control
 * characters become spaces, what could start a workflow command is taken apart, and the length is bounded.
 */
export function clean(text: string, maxLength = 1000): string {
  // Twice, as a secret that ends as an escape begins can hide the one behind it.
  const inOneLine = redact(redact(text))
    .replace(CONTROL_CHARACTERS, ' ')
    .replace(/\bSignature=[^\s,&]+/g, `Signature=${HIDDEN}`)
    // The runner takes `::` and a word at the start of a line, and the older `##[` anywhere in it, for a command. ARNs
    // and IPv6 addresses, in which a digit follows, stay as they are.
    .replace(/:(?=:(?!\d))/g, ': ')
    .replace(/#(?=#\[)/g, '# ')
  // Again, as what was taken apart can complete a secret; and before the cut, as half of one is left behind it.
  const redacted = redact(inOneLine)
  return redacted.length > maxLength ? `${redacted.slice(0, maxLength)}…` : redacted
}

function redactLater(spelled: readonly string[]): void {
  // On one line, as that is where they are looked for: what is printed is one, and what is no secret in a text of several
  // can be one there.
  const onOneLine = spelled.map((one) => one.replace(CONTROL_CHARACTERS, ' '))
  spellings = [...new Set([...spellings, ...onOneLine])]
}

function redact(text: string): string {
  // With the escapes undone, too: there are more ways to write a secret than can be listed.
  const spans = [asItIs(text), unescapeAll(text)].flatMap((reading) => {
    const { plain, starts, ends } = onOneLine(reading)
    return spansOf(plain).map(([start, end]): Span => [starts[start] ?? 0, ends[end - 1] ?? text.length])
  })
  let shown = ''
  let from = 0
  // All are found before any is taken away: of two that overlap, what is left of the second is found no more.
  for (const [start, end] of spans.sort(([a], [b]) => a - b)) {
    if (start >= from) shown += text.slice(from, start) + HIDDEN
    from = Math.max(from, end)
  }
  return shown + text.slice(from)
}

function asItIs(text: string): Unescaped {
  const starts = Array.from({ length: text.length }, (_, at) => at)
  return { plain: text, starts, ends: starts.map((at) => at + 1) }
}

/** With a space in the place of line ends and other control characters. */
function onOneLine({ plain, starts, ends }: Unescaped): Unescaped {
  let line = ''
  const kept: { readonly starts: number[]; readonly ends: number[] } = { starts: [], ends: [] }
  const add = (piece: string, from: number, to: number): void => {
    line += piece
    kept.starts.push(starts[from] ?? 0)
    kept.ends.push(ends[to] ?? 0)
  }
  let at = 0
  for (const { 0: run, index } of plain.matchAll(CONTROL_CHARACTERS)) {
    for (; at < index; at++) add(plain.charAt(at), at, at)
    add(' ', at, at + run.length - 1)
    at += run.length
  }
  for (; at < plain.length; at++) add(plain.charAt(at), at, at)
  return { plain: line, ...kept }
}

type Span = [start: number, end: number]

/** Every place of each spelling. */
function spansOf(text: string): Span[] {
  return spellings.flatMap((spelling) => {
    const spans: Span[] = []
    let last: Span | undefined
    for (let at = text.indexOf(spelling); at !== -1; at = text.indexOf(spelling, at + 1)) {
      const end = at + spelling.length
      // As one, when they overlap: of `aa` in a long row of `a` there are as many as letters.
      if (last !== undefined && at < last[1]) last[1] = end
      else spans.push((last = [at, end]))
    }
    return spans
  })
}

/** A value as it is, and as it looks in a URL, in JSON and in base64: a service may echo it in any of them. */
function spellingsOf(value: string): string[] {
  const inUrl = encodeURIComponent(value.toWellFormed())
  return [
    value,
    inUrl,
    inUrl.replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`),
    JSON.stringify(value).slice(1, -1),
    Buffer.from(value).toString('base64'),
    Buffer.from(value).toString('base64url'),
    ...insideBase64(Buffer.from(value)),
  ]
}

/** What a value looks like somewhere in the base64 of a longer text, such as `user:password` in a header. */
function insideBase64(value: Buffer): string[] {
  // Shorter ones would stand in many a text by chance.
  if (value.length < 8) return []
  return [0, 1, 2].flatMap((offset) => {
    const encoded = Buffer.concat([Buffer.alloc(offset), value]).toString('base64url')
    // Of the characters at both ends, some bits belong to the neighbours.
    const end = Math.floor(((offset + value.length) * 8) / 6)
    const inside = encoded.slice(Math.ceil((offset * 8) / 6), end)
    return [inside, inside.replaceAll('-', '+').replaceAll('_', '/')]
  })
}
