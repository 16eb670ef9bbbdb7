import { constants } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { type Format, formatOf } from '../certificates/formats.ts'
import { pemTextIn, type PemText } from '../certificates/pem.ts'
import { withDeadline } from '../deadline.ts'
import { ActionError } from '../errors.ts'
import { maskLines } from '../runner/masking.ts'
import { DEFAULT_TIMEOUT_SECONDS, optional, readTimeout } from './input.ts'

/** Far more than any key or certificate chain needs. */
const MAX_FILE_BYTES = 256 * 1024

/**
 * Reads an input for a certificate: PEM text, also with line ends written as `\n`, the base64 of PEM text, or the path
 * of a file with one of them, relative to the working directory. The value is never masked.
 *
 * @returns `undefined` when the input is unset
 * @throws ActionError when the value is none of these, or the file cannot be read in time
 */
export async function optionalCertificate(name: string): Promise<PemText | undefined> {
  return await optionalPem(name, (text) => text)
}

/**
 * Reads an input for a private key, in the same forms. Every line is masked before it is looked at, whatever it
 * contains. Errors contain nothing of it.
 */
export async function optionalPrivateKey(name: string): Promise<PemText | undefined> {
  return await optionalPem(name, maskLines)
}

async function optionalPem(name: string, hide: (text: string) => string): Promise<PemText | undefined> {
  const value = optional(name)
  if (value === '') return undefined
  const given = pemTextIn(value)
  if (given !== undefined) return { input: name, text: hideForms(value, given, hide) }
  const timeoutMs = timeoutSeconds() * 1000
  const file = await readInputFile(value, { maxBytes: MAX_FILE_BYTES, timeoutMs })
  // Not a path: most likely a key in base64, or one that lost its first line.
  if (file.kind === 'missing') {
    hide(value)
    const format = formatOf(Buffer.from(value)) ?? inBase64(value)
    if (format !== undefined) throw wrongFormat(`Invalid ${name}: the value is ${format.what}`, format)
  }
  if (file.kind !== 'read') throw unreadable(name, file.kind, timeoutMs)
  const text = file.bytes.toString('latin1')
  const pem = pemTextIn(text)
  if (pem !== undefined) return { input: name, text: hideForms(text, pem, hide) }
  hide(text)
  const format = formatOf(file.bytes) ?? inBase64(text)
  if (format !== undefined) throw wrongFormat(`Invalid ${name}: the file contains ${format.what}`, format)
  throw new ActionError({
    what: `Invalid ${name}: the file ${text.trim() === '' ? 'is empty' : 'contains no PEM text'}`,
    fix: 'PEM text starts with a -----BEGIN line. Convert a binary (DER) file with openssl x509 -inform DER or openssl pkey -inform DER.',
  })
}

/** Hides a text as it was given, and the PEM text that was in it. */
function hideForms(given: string, pem: string, hide: (text: string) => string): string {
  if (given !== pem) hide(given)
  return hide(pem)
}

function inBase64(text: string): Format | undefined {
  const format = formatOf(Buffer.from(text, 'base64'))
  if (format === undefined) return undefined
  const { what, convert } = format
  return { what: `${what}, in base64`, ...(convert && { convert: `base64 -d > FILE, and then ${convert}` }) }
}

function wrongFormat(what: string, { convert }: Format): ActionError {
  const conversion = convert === undefined ? [] : [`Convert it with ${convert}.`]
  return new ActionError({
    what,
    fix: ['Use PEM text, which starts with a -----BEGIN line.', ...conversion].join(' '),
  })
}

/** An invalid timeout is reported later, with the other inputs: keys are read first because they must be masked. */
function timeoutSeconds(): number {
  try {
    return readTimeout()
  } catch {
    return DEFAULT_TIMEOUT_SECONDS
  }
}

function unreadable(name: string, kind: 'missing' | 'no-file' | 'too-large' | 'late', timeoutMs: number) {
  switch (kind) {
    case 'missing':
    case 'no-file':
      return new ActionError({
        what: `Invalid ${name}: neither PEM text nor the path of a readable file`,
        fix: 'Use the text with its -----BEGIN and -----END lines, or a path relative to the working directory. To use a file of the repository, run actions/checkout first.',
      })
    case 'too-large':
      return new ActionError({
        what: `Invalid ${name}: the file is larger than ${MAX_FILE_BYTES / 1024} KiB`,
        fix: 'Use a PEM file that contains only the certificates or the key.',
      })
    case 'late':
      return new ActionError({
        what: `The file named by ${name} could not be read within ${timeoutMs / 1000} s`,
        // Not every action has the input.
        fix: `Check the disk or file server, or pass the PEM text itself.${optional('timeout') && ' The input timeout sets this limit.'}`,
      })
  }
}

/** The content of a file, or why it was not read. */
export type InputFile =
  | { readonly kind: 'read'; readonly bytes: Buffer }
  | { readonly kind: 'missing' | 'no-file' | 'too-large' | 'late' }

/**
 * Reads a regular file. Its stated size is ignored: files below `/proc` state none, and some have no end.
 *
 * The system's error is not reported. It quotes the path, which is a secret when somebody passed a key instead.
 *
 * @param limits.maxBytes a larger file is `too-large`
 * @param limits.timeoutMs a file that takes longer is `late`, for example when its file server is down
 */
export async function readInputFile(
  path: string,
  limits: { readonly maxBytes: number; readonly timeoutMs: number },
): Promise<InputFile> {
  return await withDeadline<InputFile>(
    limits.timeoutMs,
    () => read(path, limits.maxBytes).catch(() => ({ kind: 'missing' })),
    () => ({ kind: 'late' }),
  )
}

async function read(path: string, maxBytes: number): Promise<InputFile> {
  // O_NONBLOCK: opening a pipe must not wait for a writer. Windows has neither the flag nor such pipes.
  const file = await open(path, constants.O_RDONLY | ((constants.O_NONBLOCK as number | undefined) ?? 0))
  try {
    if (!(await file.stat()).isFile()) return { kind: 'no-file' }
    const bytes = await readUpTo(file, maxBytes + 1)
    return bytes.length > maxBytes ? { kind: 'too-large' } : { kind: 'read', bytes }
  } finally {
    await file.close()
  }
}

/** So small that Node takes it from its pool: thousands of files would leave as many large buffers behind. */
const CHUNK_BYTES = 2048

/** Copies what it read: a part of a large buffer would keep all of it in memory. */
async function readUpTo(file: FileHandle, maxBytes: number): Promise<Buffer> {
  const chunks: Buffer[] = []
  let left = maxBytes
  while (left > 0) {
    const chunk = Buffer.allocUnsafe(Math.min(CHUNK_BYTES, left))
    const { bytesRead } = await file.read(chunk, 0, chunk.length)
    if (bytesRead === 0) break
    chunks.push(chunk.subarray(0, bytesRead))
    left -= bytesRead
  }
  return Buffer.concat(chunks)
}
