import { log, writeSummary } from '../../src/runner/log.ts'
import { clean } from '../../src/runner/masking.ts'
import type { LoggedRequest } from '../request-log.ts'

const SHOWN_REQUESTS = 200
const SHOWN_OPERATIONS = 20
/** Longer than the name of any operation, which is whatever a request says that it is. */
const MAX_NAME = 40

/**
 * Shows what an emulator was asked: in the log a line for each of the last requests, in the summary of the job a count
 * for each operation.
 *
 * @param requests oldest first
 */
export function reportRequests(requests: readonly LoggedRequest[]): void {
  const shown = requests.slice(-SHOWN_REQUESTS)
  const which = shown.length < requests.length ? `, of which the last ${shown.length} are` : ''
  log('Requests', `${requests.length}${which}${shown.length === 0 ? '' : ':'}`)
  for (const { time, operation, status, code, fault } of shown) {
    const answer = `${status ?? 'no answer'}${code === null ? '' : ` ${code}`}`
    log(
      time.slice(11, 23),
      `${nameOf(operation).padEnd(24)} ${answer}${fault === null ? '' : `, fault ${fault}`}`,
    )
  }
  if (requests.length > 0) writeSummary('Requests to the emulator', countsOf(requests))
}

function countsOf(requests: readonly LoggedRequest[]): Record<string, string> {
  const byName = [...Map.groupBy(requests, ({ operation }) => nameOf(operation))]
  const counts = Object.fromEntries(
    byName.slice(0, SHOWN_OPERATIONS).map(([name, all]): [string, string] => [name, countOf(all)]),
  )
  const others = byName.length - SHOWN_OPERATIONS
  return others > 0 ? { ...counts, [`and ${others} other operations`]: '…' } : counts
}

function countOf(requests: readonly LoggedRequest[]): string {
  const refused = requests.filter(({ status }) => status === null || status >= 400)
  if (refused.length === 0) return String(requests.length)
  const codes = [...new Set(refused.map(({ status, code }) => code ?? String(status ?? 'no answer')))]
  return `${requests.length}, of which ${refused.length} ended with ${codes.join(', ')}`
}

function nameOf(operation: string): string {
  return operation === '' ? '(no operation)' : clean(operation, MAX_NAME)
}
