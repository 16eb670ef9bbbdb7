import { randomUUID } from 'node:crypto'
import { accessSync, constants, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setOutput } from '@actions/core'
import { ActionError } from '../errors.ts'

/** The fix if a file of the runner cannot be written. */
export const CHECK_DISK =
  'Check on the runner that its folder exists, that the user of the runner can write to it, and that the disk has space ' +
  'left. Then run the job again.'

/**
 * Checks that the step's outputs can be written. Without `GITHUB_OUTPUT` the toolkit would print them on the log.
 *
 * @throws ActionError when `GITHUB_OUTPUT` is not set, or not a writable file
 */
export function requireOutputFile(): void {
  const file = outputFile()
  try {
    accessSync(file, constants.W_OK)
    // A folder can be writable too, and a device cannot be restored.
    if (!statSync(file).isFile()) throw Object.assign(new Error(), { code: 'not a regular file' })
  } catch (cause) {
    throw new ActionError({
      what: `The file that GITHUB_OUTPUT names is not writable: ${file} (${reasonOf(cause)})`,
      fix: `The runner creates it for each step. ${CHECK_DISK}`,
      cause,
    })
  }
}

/**
 * Sets all outputs of the step, or none.
 *
 * @throws ActionError when one cannot be written; the file is then restored, if possible
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
      what: `The outputs ${Object.keys(outputs).join(', ')} could not be written to the file that GITHUB_OUTPUT names: ${file} (${reasonOf(cause)})`,
      fix: CHECK_DISK,
      cause,
    })
  }
}

/**
 * Sets outputs, of which the first is also written to a new file: its path is an output with `-file` at its end. If
 * anything fails, there is no output and no file.
 *
 * @param name of the first output, and the start of the file's name
 * @returns the path of the file
 * @throws ActionError
 */
export function setFileOutputs(
  name: string,
  pem: string,
  others: Readonly<Record<string, string>> = {},
): string {
  const file = writeTemporaryFile({ name, extension: 'pem', content: pem })
  try {
    setOutputs({ [name]: pem, [`${name}-file`]: file, ...others })
    return file
  } catch (failure) {
    removeFile(file)
    throw failure
  }
}

/** Why the system refused, for example `ENOSPC`. */
export function reasonOf(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? 'unknown reason'
}

function restore(file: string, size: number | undefined): void {
  try {
    if (size !== undefined) truncateSync(file, size)
  } catch {
    // The user must read about the first failure, not about this one.
  }
}

function outputFile(): string {
  return runnerVariable('GITHUB_OUTPUT', 'the step has nowhere to write its outputs')
}

function runnerVariable(name: string, consequence: string): string {
  const value = process.env[name] ?? ''
  if (value !== '') return value
  throw new ActionError({
    what: `${name} is not set, so ${consequence}`,
    fix: 'Run this as a step of a workflow. To try it on your own machine, use npm run demo.',
  })
}

/**
 * Returns the folder that the runner empties after each job.
 *
 * @throws ActionError when `RUNNER_TEMP` is not set
 */
export function temporaryFolder(): string {
  return runnerVariable('RUNNER_TEMP', 'there is no folder for temporary files')
}

/** Removes a file after a failure, if possible: the user must read about the failure, and not about this. */
export function removeFile(path: string): void {
  try {
    rmSync(path, { force: true })
  } catch {
    // For example, its folder is a file.
  }
}

/**
 * Writes a new file, readable only by the runner's user, into the folder that the runner empties after each job.
 *
 * @param file.name the start of its name
 * @returns its absolute path
 * @throws ActionError when writing fails; the partial file is removed
 */
export function writeTemporaryFile(file: {
  readonly name: string
  readonly extension: string
  readonly content: string
}): string {
  const folder = temporaryFolder()
  const path = join(folder, `${file.name}-${randomUUID()}.${file.extension}`)
  try {
    // "wx": never follows a link or overwrites a file that somebody put there.
    writeFileSync(path, file.content, { flag: 'wx', mode: 0o600 })
    return path
  } catch (cause) {
    removeFile(path)
    throw new ActionError({
      what: `A file could not be written to the folder that RUNNER_TEMP names: ${folder} (${reasonOf(cause)})`,
      fix: CHECK_DISK,
      cause,
    })
  }
}
