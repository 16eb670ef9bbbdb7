import { setImmediate, setTimeout } from 'node:timers/promises'

/** The longest time between two calls. */
const LONGEST_MS = 1000
/** Of the time between two calls, what is left of it after each call. It recovers from one slow-down in 70 calls. */
const RECOVERY = 0.99

/** Starts calls at a limited rate, slower for a while after a temporary failure. Calls that run are not counted. */
export class Pace {
  readonly #shortestMs: number
  #intervalMs: number
  #nextMs = 0
  #slowedMs = -Infinity

  /** @param perSecond how many calls may start in a second */
  constructor(perSecond: number) {
    this.#shortestMs = 1000 / perSecond
    this.#intervalMs = this.#shortestMs
  }

  /**
   * Waits for the turn of the next call.
   *
   * @param deadlineMs on the clock of `performance.now()`
   * @returns false, without waiting, if there is no turn before the deadline
   */
  async turn(deadlineMs: number): Promise<boolean> {
    const now = performance.now()
    const turn = Math.max(now, this.#nextMs)
    if (turn >= deadlineMs) return false
    this.#nextMs = turn + this.#intervalMs
    this.#intervalMs = Math.max(this.#shortestMs, this.#intervalMs * RECOVERY)
    if (turn > now) await setTimeout(turn - now)
    return true
  }

  /** Halves the rate, at most once a second: calls that were on their way together fail together. */
  slowDown(): void {
    const now = performance.now()
    if (now - this.#slowedMs < 1000) return
    this.#slowedMs = now
    this.#intervalMs = Math.min(LONGEST_MS, this.#intervalMs * 2)
  }
}

/**
 * Works on many items, several at a time. After a failure it begins no other item, and waits for those that it began.
 *
 * @param limit how many at a time
 * @throws the first failure
 */
export async function workOn<T>(
  items: Iterable<T>,
  limit: number,
  work: (item: T) => Promise<void>,
): Promise<void> {
  const waiting = items[Symbol.iterator]()
  const failures: unknown[] = []
  const worker = async (): Promise<void> => {
    for (let next = waiting.next(); next.done !== true && failures.length === 0; next = waiting.next()) {
      // Lets others run too, such as the progress, if the work never waits.
      await setImmediate()
      try {
        await work(next.value)
      } catch (failure) {
        failures.push(failure)
      }
    }
  }
  await Promise.all(Array.from({ length: limit }, worker))
  if (failures.length > 0) throw failures[0]
}
