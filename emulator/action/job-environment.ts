import { accessSync, constants } from 'node:fs'
import { exportVariable } from '@actions/core'
import { ActionError } from '../../src/errors.ts'

/**
 * Refuses to go on when variables for the later steps have nowhere to go. Without `GITHUB_ENV` the toolkit would fall
 * back to a command that prints the value on the log.
 *
 * @throws ActionError
 */
export function requireEnvironmentFile(): void {
  const file = process.env['GITHUB_ENV'] ?? ''
  if (file === '') {
    throw new ActionError({
      what: 'GITHUB_ENV is not set, so the step has nowhere to put variables for the later ones',
      fix: 'Run this as a step of a workflow. To try the emulator on your own machine, use npm run emulator.',
    })
  }
  try {
    accessSync(file, constants.W_OK)
  } catch (cause) {
    throw cannotBeWritten(cause)
  }
}

/**
 * Sets variables for the later steps of the job.
 *
 * @throws ActionError
 */
export function exportToJob(variables: Readonly<Record<string, string>>): void {
  try {
    for (const [name, value] of Object.entries(variables)) exportVariable(name, value)
  } catch (cause) {
    throw cannotBeWritten(cause)
  }
}

function cannotBeWritten(cause: unknown): ActionError {
  return new ActionError({
    what: 'The file named by GITHUB_ENV cannot be written',
    fix: 'The runner makes that file for each step: check its disk, and who may write to its temporary folder.',
    cause,
  })
}
