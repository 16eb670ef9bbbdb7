import { ActionError } from '../errors.ts'

/** PEM text, and the input that it comes from, which errors name. */
export type PemText = { readonly input: string; readonly text: string }

/** A block from `-----BEGIN …-----` to `-----END …-----`, in the layout that OpenSSL requires. */
export type PemBlock = {
  /** The text after BEGIN, e.g. `EC PRIVATE KEY`. */
  readonly label: string
  /** The cipher, e.g. `AES-256-CBC`, if the block is in OpenSSL's old encrypted format. */
  readonly cipher: string | undefined
  readonly pem: string
}

/** Returns whether a text is meant to be PEM, even if it is incomplete. */
export function looksLikePem(text: string): boolean {
  return text.includes('-----BEGIN')
}

/**
 * Finds the PEM blocks in a text and normalizes their layout. OpenSSL does not read a block that is indented, is on one
 * line, or has escaped line ends, which often happens to PEM in a secret or a YAML file.
 */
export function blocksIn(text: string): PemBlock[] {
  const frames = [...unescapeLineEnds(text).matchAll(/-----(BEGIN|END) ([A-Z0-9 ]{1,64})-----/g)]
  return frames.flatMap((begin, index) => {
    const end = frames[index + 1]
    const [frame, kind, label = ''] = begin
    if (kind !== 'BEGIN' || end?.[1] !== 'END' || end[2] !== label) return []
    const body = begin.input.slice(begin.index + frame.length, end.index)
    return body.includes('-----') ? [] : [normalize(label, body)]
  })
}

function normalize(label: string, body: string): PemBlock {
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

/** Naming more kinds of blocks would not help to find the mistake. */
const MAX_LABELS = 3

/**
 * Makes the error for PEM text without the expected block. It says which blocks there are instead.
 *
 * @param expected e.g. `a certificate`
 */
export function wrongBlock({ input, text }: PemText, expected: string): ActionError {
  const labels = [...new Set(blocksIn(text).map(({ label }) => label))].slice(0, MAX_LABELS)
  const contents =
    labels.length > 0
      ? labels.map(describeLabel).join(' and ')
      : 'no complete PEM block, from a -----BEGIN line to the matching -----END line'
  return new ActionError({ what: `The input ${input} contains ${contents}`, fix: `Use ${expected}.` })
}

/**
 * Makes the error for a block that cannot be parsed.
 *
 * @param command an openssl command that shows more
 */
export function unreadable(what: string, command: string, cause: unknown): ActionError {
  const fix = `It may be damaged, incomplete, or of a kind that Node.js does not support. Run ${command} for details.`
  return new ActionError({ what: `${what} cannot be read`, fix, cause })
}

function unescapeLineEnds(text: string): string {
  return text.replace(/\\r\\n|\\n|\\r/g, '\n')
}

function describeLabel(label: string): string {
  if (label.endsWith('PRIVATE KEY')) return 'a private key'
  if (label.endsWith('PUBLIC KEY')) return 'a public key'
  if (label === 'CERTIFICATE') return 'a certificate'
  if (label.endsWith('CERTIFICATE REQUEST')) return 'a certificate request'
  return `a PEM block "${label}"`
}
