import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Timing } from '../../src/attempts/retry.ts'

/** Retries without pauses. The timeout of an attempt is that of users. */
export const NO_PAUSES: Timing = { attemptMs: 20_000, firstPauseMs: 1, longestPauseMs: 1 }

/** The result of a function, and the output it wrote. */
export type Ran<T> = {
  readonly result?: T
  readonly thrown?: unknown
  readonly stdout: string
  readonly stderr: string
  /** The content of `GITHUB_OUTPUT`. */
  readonly outputFile: string
}

/** Runs a function with only this environment. */
export async function withEnvironment<T>(
  env: Readonly<Record<string, string>>,
  run: () => T | Promise<T>,
): Promise<Ran<T>> {
  const folder = mkdtempSync(join(tmpdir(), 'outputs-'))
  const outputPath = join(folder, 'output')
  writeFileSync(outputPath, '')
  const environment = process.env
  process.env = { PATH: environment['PATH'], GITHUB_OUTPUT: outputPath, ...env }
  const stdout = capture(process.stdout)
  const standardError = process.stderr
  const stderr = capture(standardError)
  const listeners = process.listeners('uncaughtException')
  try {
    const outcome = await Promise.resolve()
      .then(run)
      .then(
        (result) => ({ result }),
        (thrown: unknown) => ({ thrown }),
      )
    const written = { stdout: stdout.text(), stderr: stderr.text() }
    return { ...outcome, ...written, outputFile: readFileSync(outputPath, 'utf8') }
  } finally {
    stdout.restore()
    stderr.restore()
    // An action adds such a listener, and replaces process.stderr.
    for (const listener of process.listeners('uncaughtException')) {
      if (!listeners.includes(listener)) process.off('uncaughtException', listener)
    }
    Object.defineProperty(process, 'stderr', { value: standardError })
    process.env = environment
    rmSync(folder, { recursive: true })
  }
}

/** Returns the environment variables in which the runner passes inputs. */
export function inputs(values: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(values).map(([name, value]) => [`INPUT_${name.toUpperCase()}`, value]),
  )
}

function capture(stream: NodeJS.WriteStream): { text: () => string; restore: () => void } {
  const write = stream.write.bind(stream)
  let text = ''
  stream.write = (chunk: string, ...rest: unknown[]) => {
    text += chunk
    const written = rest.at(-1)
    if (typeof written === 'function') (written as () => void)()
    return true
  }
  return {
    text: () => text,
    restore: () => {
      stream.write = write
    },
  }
}
