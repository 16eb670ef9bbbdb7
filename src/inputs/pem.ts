import { constants } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { giveUp } from '../abandoned.ts'
import { looksLikePem, type PemText } from '../certificates/pem.ts'
import { ActionError } from '../errors.ts'
import { maskLines } from '../runner/masking.ts'
import { optional } from './input.ts'

/** No certificate chain or key comes near it. */
const MAX_FILE_BYTES = 256 * 1024
/** The default of the input `timeout`, which not every action has. */
const DEFAULT_SECONDS = 60

/**
 * An input that takes a certificate: PEM text, PEM text with its line ends written as `\n`, or the path of a file with
 * either, relative to the working directory. Whatever it holds, nothing of it is masked.
 *
 * @returns nothing when it is left out
 * @throws ActionError when it is none of them, or the file cannot be read in time
 */
export async function optionalCertificate(name: string): Promise<PemText | undefined> {
  return await optionalPem(name, (text) => text)
}

/**
 * An input that takes a private key, in the same forms. Every line of it is masked, whatever it holds, before it is
 * looked at; the words of the errors hold nothing of it.
 */
export async function optionalPrivateKey(name: string): Promise<PemText | undefined> {
  return await optionalPem(name, maskLines)
}

async function optionalPem(name: string, hide: (text: string) => string): Promise<PemText | undefined> {
  const value = optional(name)
  if (value === '') return undefined
  if (looksLikePem(value)) return { input: name, text: hide(value) }
  const timeoutMs = timeoutSeconds() * 1000
  const file = await readInputFile(value, { maxBytes: MAX_FILE_BYTES, timeoutMs })
  // No path: most likely a key that lost its first line, or in base64.
  if (file.kind === 'missing') hide(value)
  if (file.kind === 'hangs') throw hangs(name, timeoutMs)
  if (file.kind !== 'read') throw notReadable(name, file.kind === 'too-large')
  const text = hide(file.bytes.toString('latin1'))
  if (looksLikePem(text)) return { input: name, text }
  throw new ActionError({
    what: `The file that the input ${name} names holds no PEM text`,
    fix: 'PEM starts with a -----BEGIN line. A binary (DER) file is converted with openssl: openssl x509 -inform DER, or openssl pkey -inform DER.',
  })
}

/** What it takes is judged with the other inputs: keys are read first, as they have to be masked. */
function timeoutSeconds(): number {
  const text = optional('timeout')
  return /^[1-9]\d{0,4}$/.test(text) ? Number(text) : DEFAULT_SECONDS
}

function notReadable(name: string, isTooLarge: boolean): ActionError {
  if (isTooLarge) {
    return new ActionError({
      what: `The file that the input ${name} names is larger than ${MAX_FILE_BYTES / 1024} KiB`,
      fix: 'Give the path of a PEM file that holds no more than the certificates or the key.',
    })
  }
  return new ActionError({
    what: `The input ${name} is neither PEM text nor the path of a file that can be read`,
    fix: 'Give the text with its -----BEGIN and -----END lines, or a path, relative to the working directory of the job. A file of the repository is there once actions/checkout has run.',
  })
}

function hangs(name: string, timeoutMs: number): ActionError {
  return new ActionError({
    what: `The file that the input ${name} names could not be read within ${timeoutMs / 1000} s`,
    fix: 'Check the disk or the file server that it is on, or give the PEM text itself.',
  })
}

/** What became of reading a file: its bytes, or why there are none. */
export type InputFile =
  | { readonly kind: 'read'; readonly bytes: Buffer }
  | { readonly kind: 'missing' | 'no-file' | 'too-large' | 'hangs' }

/**
 * Reads a regular file that an input names, up to a limit, whatever size it claims to have: those below `/proc` claim
 * none, and some have no end.
 *
 * The system's error is not told: it quotes the path, which is a secret when somebody gave a key in its place.
 *
 * @param limits.maxBytes more is `too-large`
 * @param limits.timeoutMs after which it `hangs`, such as a file of a server that is gone
 */
export async function readInputFile(
  path: string,
  limits: { readonly maxBytes: number; readonly timeoutMs: number },
): Promise<InputFile> {
  const late = Promise.withResolvers<InputFile>()
  const timer = setTimeout(() => {
    giveUp()
    late.resolve({ kind: 'hangs' })
  }, limits.timeoutMs)
  const reading = read(path, limits.maxBytes).catch((): InputFile => ({ kind: 'missing' }))
  try {
    return await Promise.race([reading, late.promise])
  } finally {
    clearTimeout(timer)
  }
}

async function read(path: string, maxBytes: number): Promise<InputFile> {
  // Not to wait for whoever writes into a pipe. Windows has no such flag, and no such pipes.
  const file = await open(path, constants.O_RDONLY | ((constants.O_NONBLOCK as number | undefined) ?? 0))
  try {
    if (!(await file.stat()).isFile()) return { kind: 'no-file' }
    const bytes = await readUpTo(file, maxBytes + 1)
    return bytes.length > maxBytes ? { kind: 'too-large' } : { kind: 'read', bytes }
  } finally {
    await file.close()
  }
}

async function readUpTo(file: FileHandle, maxBytes: number): Promise<Buffer> {
  const buffer = Buffer.alloc(maxBytes)
  let length = 0
  while (length < maxBytes) {
    const { bytesRead } = await file.read(buffer, length, maxBytes - length)
    if (bytesRead === 0) break
    length += bytesRead
  }
  return buffer.subarray(0, length)
}
