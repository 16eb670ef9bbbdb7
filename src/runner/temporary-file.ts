import { randomUUID } from 'node:crypto'
import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { ActionError } from '../errors.ts'

/**
 * Writes a new file, readable by the runner's user alone, into the folder that the runner empties after each job.
 *
 * @param file.name how its name starts
 * @returns its absolute path
 * @throws ActionError when that fails; no part of the file is left then
 */
export function writeTemporaryFile(file: {
  readonly name: string
  readonly extension: string
  readonly content: string
}): string {
  const folder = process.env['RUNNER_TEMP'] ?? ''
  if (folder === '') {
    throw new ActionError({
      what: 'RUNNER_TEMP is not set, so there is no folder for temporary files',
      cure: 'Run this as a step of a workflow. To try it on your own machine, use npm run demo.',
    })
  }
  const path = join(folder, `${file.name}-${randomUUID()}.${file.extension}`)
  try {
    // "wx": never through a link or onto a file that somebody put there.
    writeFileSync(path, file.content, { flag: 'wx', mode: 0o600 })
    return path
  } catch (cause) {
    rmSync(path, { force: true })
    throw new ActionError({
      what: 'A file could not be written to the folder that RUNNER_TEMP names',
      cure: 'Check the disk of the runner, and who may write to its temporary folder. Then run the job again.',
      cause,
    })
  }
}
