import { randomUUID } from 'node:crypto'
import { accessSync, constants, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setOutput } from '@actions/core'
import { ActionError } from '../errors.ts'

/**
 * Refuses to go on when the step's outputs have nowhere to go. Without `GITHUB_OUTPUT` the toolkit would fall
 * back to a command that prints the value on the log.
 *
 * @throws ActionError when `GITHUB_OUTPUT` is not set, or is no file that can be written
 */
export function requireOutputFile(): void {
  const file = outputFile()
  try {
    accessSync(file, constants.W_OK)
    // A folder can be written too, and a device cannot be restored.
    if (!statSync(file).isFile()) throw new TypeError('It is no regular file.')
  } catch (cause) {
    throw new ActionError({
      what: 'The file named by GITHUB_OUTPUT cannot be written',
      fix: 'The runner makes that file for each step: check its disk, and who may write to its temporary folder.',
      cause,
    })
  }
}

/**
 * Sets all outputs of the step, or none.
 *
 * @throws ActionError when one cannot be written; the file is then as it was before, if it can still be changed
 */
export function setOutputs(outputs: Readonly<Record<string, string>>): void {
  const file = outputFile()
  let sizeBefore: number | undefined
  try {
    sizeBefore = statSync(file).size
    for (const [name, value] of Object.entries(outputs)) setOutput(name, value)
  } catch (cause) {
    restore(file, sizeBefore)
    throw new ActionError({
      what: `The outputs ${Object.keys(outputs).join(', ')} could not be written`,
      fix: 'Check the disk of the runner, and who may write to its temporary folder. Then run the job again.',
      cause,
    })
  }
}

function restore(file: string, size: number | undefined): void {
  try {
    if (size !== undefined) truncateSync(file, size)
  } catch {
    // What failed before is what the user has to hear of.
  }
}

function outputFile(): string {
  const file = process.env['GITHUB_OUTPUT'] ?? ''
  if (file !== '') return file
  throw new ActionError({
    what: 'GITHUB_OUTPUT is not set, so the step has nowhere to put its outputs',
    fix: 'Run this as a step of a workflow. To try it on your own machine, use npm run demo.',
  })
}

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
      fix: 'Run this as a step of a workflow. To try it on your own machine, use npm run demo.',
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
      fix: 'Check the disk of the runner, and who may write to its temporary folder. Then run the job again.',
      cause,
    })
  }
}
