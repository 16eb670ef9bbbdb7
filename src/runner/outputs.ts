import { accessSync, constants, statSync, truncateSync } from 'node:fs'
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
      cure: 'The runner makes that file for each step: check its disk, and who may write to its temporary folder.',
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
      cure: 'Check the disk of the runner, and who may write to its temporary folder. Then run the job again.',
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
    cure: 'Run this as a step of a workflow. To try it on your own machine, use npm run demo.',
  })
}
