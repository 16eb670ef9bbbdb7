import { readFileSync, statSync } from 'node:fs'
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

/** No certificate chain or key comes near it; a path to something else should not fill the memory. */
const MAX_FILE_BYTES = 256 * 1024

/**
 * Takes the value of an input that holds PEM text, PEM text with its line ends written as `\n`, or the path of a
 * file with either, relative to the working directory.
 *
 * @throws ActionError when it is none of them; the value may be a secret, so it is not in the words
 */
export function loadPem({ input, value }: { readonly input: string; readonly value: string }): PemText {
  return { input, text: looksLikePem(value) ? value : readPemFile({ input, path: value }) }
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
  const blocks = unescapeLineEnds(text).matchAll(
    /-----BEGIN ([A-Z0-9 ]+)-----((?:(?!-----).)*)-----END \1-----/gs,
  )
  return [...blocks].map(([, label = '', body = '']) => {
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
  })
}

/**
 * The error for PEM text without the block that an input takes: says what is there instead.
 *
 * @param takes e.g. `the certificate of the CA`
 */
export function wrongBlock({ input, text }: PemText, takes: string): ActionError {
  const labels = [...new Set(blocksIn(text).map(({ label }) => label))]
  const holds =
    labels.length > 0
      ? `holds ${labels.map(inWords).join(' and ')}`
      : 'holds no whole PEM block: one that ends with the -----END line its -----BEGIN line calls for'
  return new ActionError({ what: `The input ${input} ${holds}`, cure: `It takes ${takes}.` })
}

function readPemFile({ input, path }: { readonly input: string; readonly path: string }): string {
  const text = textOfFile(path)
  if (text === undefined) {
    throw new ActionError({
      what: `The input ${input} is neither PEM text nor the path of a file that can be read`,
      cure: 'Give the text with its -----BEGIN and -----END lines, or a path, relative to the working directory of the job. A file of the repository is there once actions/checkout has run.',
    })
  }
  if (looksLikePem(text)) return text
  throw new ActionError({
    what: `The file that the input ${input} names holds no PEM text`,
    cure: 'PEM starts with a -----BEGIN line. A binary (DER) file is converted with openssl: openssl x509 -inform DER, or openssl pkey -inform DER.',
  })
}

/** Without the system's error: it quotes the path, which is a secret when somebody gave a key without its BEGIN line. */
function textOfFile(path: string): string | undefined {
  try {
    const stat = statSync(path)
    return stat.isFile() && stat.size <= MAX_FILE_BYTES ? readFileSync(path, 'latin1') : undefined
  } catch {
    return undefined
  }
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
