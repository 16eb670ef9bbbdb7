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

/**
 * Returns PEM text, decoded if it is the base64 of PEM text, as people store files in secrets.
 *
 * @returns `undefined` if it is neither
 */
export function pemTextIn(text: string): string | undefined {
  if (looksLikePem(text)) return text
  const decoded = Buffer.from(text.replace(ESCAPED_LINE_END, ''), 'base64').toString('latin1')
  return looksLikePem(decoded) ? decoded : undefined
}

/** A line end that was escaped, also several times: in JSON, by a shell, in YAML. */
const ESCAPED_LINE_END = /\\{1,4}[rn]/g

/** Returns whether a text is meant to be PEM, even if it is incomplete. */
export function looksLikePem(text: string): boolean {
  return text.includes('-----BEGIN')
}

/**
 * Finds the PEM blocks in a text and normalizes their layout. OpenSSL does not read a block that is indented, is on one
 * line, or has escaped line ends, which often happens to PEM in a secret or a YAML file.
 */
export function blocksIn(text: string): PemBlock[] {
  const frames = [
    ...text.replace(ESCAPED_LINE_END, '\n').matchAll(/-----(BEGIN|END) ([A-Z0-9 ]{1,64})-----/g),
  ]
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
  const labels = labelsIn(text)
  const found = labels.map(blockOf)
  const hints = found.flatMap(({ hint }) => hint ?? [])
  if (input.startsWith('ca-') && labels.some((label) => /PRIVATE KEY$|^CERTIFICATE$/.test(label))) {
    hints.push('Check that ca-certificate and ca-private-key are not swapped.')
  }
  return new ActionError({
    what: `The input ${input} contains ${contentsOf(text)}`,
    fix: [`Use ${expected}.`, ...hints].join(' '),
  })
}

/** Says which blocks are in PEM text, e.g. `a private key and a certificate`. Shows nothing of their contents. */
export function contentsOf(text: string): string {
  const found = labelsIn(text).map((label) => blockOf(label).what)
  if (found.length > 0) return found.join(' and ')
  return 'no complete PEM block, from a -----BEGIN line to the matching -----END line'
}

function labelsIn(text: string): string[] {
  return [...new Set(blocksIn(text).map(({ label }) => label))].slice(0, MAX_LABELS)
}

function blockOf(label: string): Omit<Block, 'pattern'> {
  return BLOCKS.find(({ pattern }) => pattern.test(label)) ?? { what: `a PEM block "${label}"` }
}

/** What a block contains, by its label, and what to do about a wrong one. */
type Block = { readonly pattern: RegExp; readonly what: string; readonly hint?: string }
const BLOCKS: readonly Block[] = [
  {
    pattern: /^OPENSSH PRIVATE KEY$/,
    what: 'a private key in the OpenSSH format',
    hint: 'Convert a key with ssh-keygen -p -m PKCS8 -f FILE.',
  },
  { pattern: /PRIVATE KEY$/, what: 'a private key' },
  { pattern: /PUBLIC KEY$/, what: 'a public key' },
  { pattern: /^(?:X509 )?CERTIFICATE$/, what: 'a certificate' },
  {
    pattern: /^TRUSTED CERTIFICATE$/,
    what: 'a certificate with trust settings of OpenSSL (TRUSTED CERTIFICATE)',
    hint: 'Convert it with openssl x509 -in FILE.',
  },
  {
    pattern: /CERTIFICATE REQUEST$/,
    what: 'a certificate request',
    hint: 'A CA makes a certificate of a request by signing it.',
  },
  {
    pattern: /^(?:PKCS ?#?7.*|CMS)$/,
    what: 'certificates in a PKCS#7 file',
    hint: 'Convert it with openssl pkcs7 -print_certs -in FILE.',
  },
  { pattern: / CRL$/, what: 'a list of revoked certificates (CRL)' },
  { pattern: /PARAMETERS$/, what: 'the parameters of a key, but no key' },
]

/**
 * Makes the error for a block that cannot be parsed.
 *
 * @param command an openssl command that shows more
 */
export function unreadable(what: string, command: string, cause: unknown): ActionError {
  const fix = `It may be damaged, incomplete, or of a kind that Node.js does not support. Run ${command} for details.`
  return new ActionError({ what: `${what} cannot be read`, fix, cause })
}
