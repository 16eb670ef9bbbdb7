import { readFileSync } from 'node:fs'
import { getState, warning } from '@actions/core'
import { log, writeSummary } from '../../src/runner/log.ts'
import { clean } from '../../src/runner/masking.ts'
import { controlClient } from '../control-client.ts'
import type { LoggedRequest } from '../request-log.ts'

const TIMEOUT_MS = 10_000
const MAX_LOG_LINES = 20
const MAX_REQUESTS = 200
const MAX_OPERATIONS = 20
/** Longer than the name of any operation. A request can have any text as its operation. */
const MAX_NAME = 40

/**
 * The post step: reports the requests to the emulator, and stops it.
 *
 * It stops the emulator over its address and never kills it by process ID: another process can have that ID.
 * Only the emulator of this job has the certificate that is required here. The runner ends an emulator that does not
 * respond, as it ends all that a job leaves behind.
 */
export async function stopEmulatorAction(): Promise<void> {
  const endpoint = getState('endpoint')
  if (endpoint === '') {
    log('Emulator', 'not started')
    return
  }
  const emulator = controlClient(endpoint, getState('ca'), TIMEOUT_MS)
  try {
    reportRequests(await emulator.requests())
    await emulator.stop()
    log('Emulator', 'stopped')
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    warning(
      clean(
        `The emulator at ${endpoint} did not respond at the end of the job (${reason}). ` +
          'It has probably ended before, and the list of its requests is lost.',
      ),
    )
  }
  // Empty unless something went wrong.
  for (const line of linesOf(getState('log-file')).slice(-MAX_LOG_LINES)) log('Emulator log', line)
}

/**
 * Shows the requests to an emulator: one line each for the last ones in the log, and a count for each operation in the
 * job summary.
 *
 * @param requests oldest first
 */
export function reportRequests(requests: readonly LoggedRequest[]): void {
  const shown = requests.slice(-MAX_REQUESTS)
  const note = shown.length < requests.length ? `, the last ${shown.length}` : ''
  log('Requests', `${requests.length}${note}${shown.length === 0 ? '' : ':'}`)
  for (const { time, operation, status, code, fault } of shown) {
    const answer = `${status ?? 'no answer'}${code === null ? '' : ` ${code}`}`
    const faultNote = fault === null ? '' : `, fault ${fault}`
    log(time.slice(11, 23), `${formatName(operation).padEnd(24)} ${answer}${faultNote}`)
  }
  if (requests.length > 0) writeSummary('Requests to the emulator', countRequests(requests))
}

function countRequests(requests: readonly LoggedRequest[]): Record<string, string> {
  const byName = [...Map.groupBy(requests, ({ operation }) => formatName(operation))]
  const counts = byName.slice(0, MAX_OPERATIONS).map(([name, all]) => [name, formatCount(all)])
  const others = byName.length - MAX_OPERATIONS
  if (others > 0) counts.push([`and ${others} other operations`, '…'])
  // Each is a pair of strings.
  return Object.fromEntries(counts) as Record<string, string>
}

function formatCount(requests: readonly LoggedRequest[]): string {
  const refused = requests.filter(({ status }) => status === null || status >= 400)
  if (refused.length === 0) return String(requests.length)
  const codes = new Set(refused.map(({ status, code }) => code ?? String(status ?? 'no answer')))
  return `${requests.length}, ${refused.length} failed: ${[...codes].join(', ')}`
}

function formatName(operation: string): string {
  return operation === '' ? '(no operation)' : clean(operation, MAX_NAME)
}

function linesOf(file: string): string[] {
  try {
    return readFileSync(file, 'utf8')
      .split('\n')
      .filter((line) => line.trim() !== '')
  } catch {
    return ['The log file does not exist any more.']
  }
}
