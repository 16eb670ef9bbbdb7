import { readFileSync } from 'node:fs'
import { getState, warning } from '@actions/core'
import { log } from '../../src/runner/log.ts'
import { clean } from '../../src/runner/masking.ts'
import { controlClient } from '../control-client.ts'
import { reportRequests } from './requests-report.ts'

const TIMEOUT_MS = 10_000
const SHOWN_LOG_LINES = 20

/**
 * The post step: shows what the emulator was asked, and ends it.
 *
 * It is told to stop over its own address, and never killed by the number of its process, which may be another one's by
 * now: only the emulator that this job started has the certificate that is asked for here. One that does not answer is
 * left to the runner, which ends what a job leaves behind, and to its own bound.
 */
export async function endEmulatorAction(): Promise<void> {
  const endpoint = getState('endpoint')
  if (endpoint === '') {
    log('Emulator', 'none was started')
    return
  }
  const emulator = controlClient(endpoint, getState('ca'), TIMEOUT_MS)
  try {
    reportRequests(await emulator.requests())
    await emulator.stop()
    log('Emulator', 'stopped')
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    warning(
      clean(
        `The emulator at ${endpoint} did not answer at the end of the job (${why}). ` +
          'Most likely it has ended before, and what it was asked is lost with it.',
      ),
    )
  }
  showLog(getState('log-file'))
}

/** What the emulator wrote: nothing, unless something went wrong. */
function showLog(file: string): void {
  for (const line of linesOf(file).slice(-SHOWN_LOG_LINES)) log('It said', line)
}

function linesOf(file: string): string[] {
  try {
    return readFileSync(file, 'utf8')
      .split('\n')
      .filter((line) => line.trim() !== '')
  } catch {
    return ['nothing that can still be read: the file is gone']
  }
}
