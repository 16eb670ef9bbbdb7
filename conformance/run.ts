import { Interrupted, NotAnswered } from './client.ts'
import { Difference, NotReached, type Entry, type Part } from './entry.ts'
import type { Probe } from './probe.ts'

/** What a check found. */
export type Outcome = 'as assumed' | 'different' | 'not reached'

export type Result = {
  readonly entry: Entry
  readonly part: string
  readonly outcome: Outcome
  /** What the service said, or why it was not asked. Text of others: not safe to print. */
  readonly detail: string
  /** Whether the check should have reached the service. */
  readonly isFailed: boolean
}

/**
 * Runs the checks one after the other. A check that fails does not end the run.
 *
 * @param onResult called after each entry
 * @throws Interrupted
 */
export async function run(
  parts: readonly Part[],
  probe: Probe,
  onResult: (result: Result) => void,
): Promise<Result[]> {
  const results: Result[] = []
  for (const { title: part, entries } of parts) {
    for (const entry of entries) {
      const result = { entry, part, ...(await outcomeOf(entry, probe)) }
      results.push(result)
      onResult(result)
    }
  }
  return results
}

async function outcomeOf(entry: Entry, probe: Probe): Promise<Omit<Result, 'entry' | 'part'>> {
  if ('unreachable' in entry) {
    return { outcome: 'not reached', detail: `because ${entry.unreachable}`, isFailed: false }
  }
  probe.notes = []
  try {
    await entry.check(probe)
    return { outcome: 'as assumed', detail: probe.notes.join('; '), isFailed: false }
  } catch (error) {
    if (!(error instanceof Error) || error instanceof Interrupted) throw error
    if (error instanceof Difference) return { outcome: 'different', detail: error.message, isFailed: false }
    const detail = `because ${error.message}`
    if (error instanceof NotReached) return { outcome: 'not reached', detail, isFailed: false }
    // An answer that a check did not expect at all.
    const what = error instanceof NotAnswered ? detail : `because the check failed: ${error.message}`
    return { outcome: 'not reached', detail: what, isFailed: true }
  }
}
