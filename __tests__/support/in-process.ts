import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Runs a function with this environment and no other, and gives what it returned or threw, and what it printed. */
export async function withEnvironment<T>(
  env: Readonly<Record<string, string>>,
  run: () => T | Promise<T>,
): Promise<{ result?: T; thrown?: unknown; stdout: string; outputFile: string }> {
  const folder = mkdtempSync(join(tmpdir(), 'outputs-'))
  const outputPath = join(folder, 'output')
  writeFileSync(outputPath, '')
  const before = { ...process.env }
  process.env = { PATH: before['PATH'], GITHUB_OUTPUT: outputPath, ...env }
  const written: string[] = []
  const write = process.stdout.write.bind(process.stdout)
  process.stdout.write = ((chunk: string, done?: () => void) => {
    written.push(chunk)
    done?.()
    return true
  }) as typeof process.stdout.write
  try {
    const outcome = await Promise.resolve()
      .then(run)
      .then(
        (result) => ({ result }),
        (thrown: unknown) => ({ thrown }),
      )
    return { ...outcome, stdout: written.join(''), outputFile: readFileSync(outputPath, 'utf8') }
  } finally {
    process.stdout.write = write
    process.env = before
    rmSync(folder, { recursive: true })
  }
}

/** The environment variable in which the runner passes an input. */
export function inputs(values: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(values).map(([name, value]) => [`INPUT_${name.toUpperCase()}`, value]),
  )
}
