import { ActionError } from '../errors.ts'

/** PEM text, and the input it came from, for the words of an error. */
export type PemText = { readonly input: string; readonly text: string }

/** One `-----BEGIN …-----` to `-----END …-----`, laid out as OpenSSL wants it. */
export type PemBlock = {
  /** What stands after BEGIN, e.g. `EC PRIVATE KEY`. */
  readonly label: string
  /** The cipher of OpenSSL's old encrypted form, e.g. `AES-256-CBC`; nothing in any other form. */
  readonly cipher: string | undefined
  readonly pem: string
}

/** Whether a text means to be PEM, whole or not. */
export function looksLikePem(text: string): boolean {
  return text.includes('-----BEGIN')
}

/**
 * Finds the PEM blocks in a text, and lays them out anew: OpenSSL does not read a block that is indented, that
 * stands in one line, or whose line ends are escaped, and a secret or a YAML file easily does that to it.
 */
export function blocksIn(text: string): PemBlock[] {
  const frames = [...unescapeLineEnds(text).matchAll(/-----(BEGIN|END) ([A-Z0-9 ]{1,64})-----/g)]
  return frames.flatMap((begin, index) => {
    const end = frames[index + 1]
    const [frame, kind, label = ''] = begin
    if (kind !== 'BEGIN' || end?.[1] !== 'END' || end[2] !== label) return []
    const body = begin.input.slice(begin.index + frame.length, end.index)
    return body.includes('-----') ? [] : [layOut(label, body)]
  })
}

function layOut(label: string, body: string): PemBlock {
  const [headers = '', cipher, salt] =
    /^\s*Proc-Type:\s*4,\s*ENCRYPTED\s+DEK-Info:\s*([^\s,]+),(\S+)\s/.exec(body) ?? []
  const base64 = body.slice(headers.length).replace(/\s+/g, '')
  const lines = [
    `-----BEGIN ${label}-----`,
    ...(cipher === undefined ? [] : ['Proc-Type: 4,ENCRYPTED', `DEK-Info: ${cipher},${salt ?? ''}`, '']),
    ...(base64.match(/.{1,64}/g) ?? []),
    `-----END ${label}-----`,
  ]
  return { label, cipher, pem: `${lines.join('\n')}\n` }
}

/** A text with more kinds of blocks is no mistake that naming them would clear up. */
const MAX_LABELS = 3

/**
 * The error for PEM text without the block that an input takes: says what is there instead.
 *
 * @param takes e.g. `the certificate of the CA`
 */
export function wrongBlock({ input, text }: PemText, takes: string): ActionError {
  const labels = [...new Set(blocksIn(text).map(({ label }) => label))].slice(0, MAX_LABELS)
  const holds =
    labels.length > 0
      ? `holds ${labels.map(inWords).join(' and ')}`
      : 'holds no whole PEM block: one that ends with the -----END line its -----BEGIN line calls for'
  return new ActionError({ what: `The input ${input} ${holds}`, fix: `It takes ${takes}.` })
}

function unescapeLineEnds(text: string): string {
  return text.replace(/\\r\\n|\\n|\\r/g, '\n')
}

function inWords(label: string): string {
  if (label.endsWith('PRIVATE KEY')) return 'a private key'
  if (label.endsWith('PUBLIC KEY')) return 'a public key'
  if (label === 'CERTIFICATE') return 'a certificate'
  if (label.endsWith('CERTIFICATE REQUEST')) return 'a certificate request'
  return `a PEM block "${label}"`
}
