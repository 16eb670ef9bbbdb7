import { existsSync, lstatSync } from 'node:fs'
import { glob } from 'node:fs/promises'
import { basename, extname, resolve } from 'node:path'
import { formatOf, type Format } from '../certificates/formats.ts'
import { pemTextIn } from '../certificates/pem.ts'
import { ActionError } from '../errors.ts'
import { maskLines } from '../runner/masking.ts'
import { missing, optional, readTimeout } from './input.ts'
import { readInputFile } from './pem.ts'

const INPUT = 'certificate-requests'
/** Far more than any request needs; a file can contain many. */
const MAX_FILE_BYTES = 8 * 1024 * 1024
const GLOB = /[*?[\]{}]/
/** The characters that an artifact cannot have in a file name. */
const NOT_IN_ARTIFACTS = /["<>:|*?\\/\r\n]/

/** Where certificate requests, or certificates, come from. */
export type RequestSource = {
  /** For messages and the report: the input, or a path relative to the working directory. */
  readonly name: string
  readonly bytes: Buffer
  /** The name of its file without the extension; `undefined` for text. */
  readonly base: string | undefined
}

/**
 * Reads `certificate-requests`, as `readSources` does.
 *
 * @throws ActionError if a file has a name that no certificate can have, too
 */
export async function* readRequestSources(): AsyncGenerator<RequestSource> {
  for await (const source of readSources(INPUT, 'requests/*.csr')) {
    requireNameForCertificate(source)
    yield source
  }
}

/**
 * Reads an input: PEM text, or paths and glob patterns, one a line. A file that several lines name is read once, and
 * one after the other, because there can be thousands.
 *
 * @param example a value, for the error
 * @throws ActionError if a line names no file, or a file cannot be read
 */
export async function* readSources(input: string, example: string): AsyncGenerator<RequestSource> {
  const value = optional(input)
  if (value === '') throw missing(input, example)
  const text = pemTextIn(value) ?? (binaryInBase64(value) && value)
  if (text !== undefined) {
    maskKeys(value)
    yield { name: input, bytes: Buffer.from(text), base: undefined }
    return
  }
  for (const path of await pathsIn(input, value)) {
    const source = await readSource(input, path)
    maskKeys(source.bytes.toString('latin1'))
    yield source
  }
}

function requireNameForCertificate({ name, base }: RequestSource): void {
  if (base === undefined || !(NOT_IN_ARTIFACTS.test(base) || base.startsWith('.'))) return
  const shown = shownPath(name) ?? 'that a line names'
  throw new ActionError({
    what: `The file ${shown} in ${INPUT} has a name that its certificate cannot have`,
    fix: 'The certificate has the name of its request, with .crt. Artifacts have no names with " : < > | * ? and line ends, and no hidden files. Rename the file.',
    foreign: [shown],
  })
}

/** Masks a private key that is there by mistake, or because somebody keeps both in one place. */
function maskKeys(text: string): void {
  // The text can be the base64 of it.
  const forms = [...new Set([text, pemTextIn(text) ?? text])]
  const isBinary = binaryInBase64(text)?.what.includes('private key') === true
  if (isBinary || forms.some((form) => form.includes('PRIVATE KEY'))) forms.forEach(maskLines)
}

/** Recognizes the base64 of DER, which looks like a path: all that starts with a SEQUENCE starts with M. */
function binaryInBase64(text: string): Format | undefined {
  return /^M[A-Za-z\d+/=\s]+$/.test(text) ? formatOf(Buffer.from(text, 'base64')) : undefined
}

/** @returns paths relative to the working directory, each once, sorted within each pattern */
async function pathsIn(input: string, value: string): Promise<string[]> {
  const paths = new Map<string, string>()
  for (const [index, raw] of value.split('\n').entries()) {
    const line = raw.trim()
    if (line === '') continue
    requirePath(input, line, index + 1)
    // A file name can have brackets.
    const found = GLOB.test(line) && !existsSync(line) ? await matchesOf(line) : [line]
    if (found.length === 0) {
      throw new ActionError({
        what: `The pattern ${shownPath(line) ?? `in line ${index + 1}`} in ${input} matches no file`,
        fix: 'Check it, and the folder: patterns are relative to the working directory. To use files of the repository, run actions/checkout first.',
      })
    }
    for (const path of found) paths.set(resolve(path), path)
  }
  return [...paths.values()]
}

async function matchesOf(pattern: string): Promise<string[]> {
  const found: string[] = []
  // Without the types of the files, which take twice the memory.
  for await (const path of glob(pattern)) {
    if (!isFolder(path)) found.push(path)
  }
  return found.sort()
}

/** A path that cannot be looked at is no folder: the error of reading it names the file. */
function isFolder(path: string): boolean {
  try {
    return lstatSync(path).isDirectory()
  } catch {
    return false
  }
}

/** Returns a path or pattern that can be shown; `undefined` for text that can be a secret by mistake. */
function shownPath(path: string): string | undefined {
  return path.length <= 300 && /^[^"':;=]*\.\w{1,6}$/.test(path) ? path : undefined
}

/** A key in JSON, or another text that is no path, is masked and not shown. */
function requirePath(input: string, line: string, number: number): void {
  if (line.length <= 1024 && !/["'`]/.test(line)) return
  maskLines(line)
  throw new ActionError({
    what: `Line ${number} of ${input} is neither PEM text nor a path`,
    fix: 'Use PEM text with its -----BEGIN and -----END lines, or one path or pattern per line.',
  })
}

async function readSource(input: string, path: string): Promise<RequestSource> {
  const base = basename(path, extname(path))
  const shown = shownPath(path) ?? 'that a line names'
  const file = await readInputFile(path, { maxBytes: MAX_FILE_BYTES, timeoutMs: readTimeout() * 1000 })
  if (file.kind === 'read') return { name: path, bytes: file.bytes, base }
  const problem = {
    missing: 'does not exist or cannot be read',
    'no-file': 'is not a regular file',
    'too-large': `is larger than ${MAX_FILE_BYTES / 1024 / 1024} MiB`,
    late: `could not be read within ${readTimeout()} s`,
  }[file.kind]
  throw new ActionError({
    what: `The file ${shown} in ${input} ${problem}`,
    fix:
      file.kind === 'too-large'
        ? 'Split it into several files, or remove what does not belong there.'
        : 'Check the path: it is relative to the working directory. To use files of the repository, run actions/checkout first.',
    foreign: [shown],
  })
}
