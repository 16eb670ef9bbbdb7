import { constants } from 'node:fs'
import { open, type FileHandle } from 'node:fs/promises'
import { giveUp } from '../attempts/given-up.ts'

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
