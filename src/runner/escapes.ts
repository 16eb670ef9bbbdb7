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
