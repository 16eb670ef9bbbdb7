import pRetry from 'p-retry'
import { AttemptError, inShort, type Failure } from './failures.ts'
import type { Proxy } from './proxy.ts'

/** How requests travel, how long to try, and who hears of it. */
export type Transport = {
  readonly proxy: Proxy | undefined
  /** For each call. */
  readonly maxAttempts: number
  /** When everything has to be over, on the clock of `performance.now()`. */
  readonly deadlineMs: number
  /** Told of each failed attempt that is followed by another. */
  readonly onRetry: (line: string) => void
}

/** What a call came to, and what it took. */
export type Tried<T> = { readonly result: T; readonly attempts: number; readonly tookMs: number }

/** The last attempt's failure, and what was tried. */
export class GaveUp extends Error {
  override readonly name = 'GaveUp'
  readonly failure: Failure
  /** In words, e.g. `after 5 attempts in 8.2 s`; empty for a single attempt. */
  readonly effort: string

  constructor(failure: Failure, effort: string) {
    super(failure.kind)
    this.failure = failure
    this.effort = effort
  }
}

/** The longest that one attempt may take: a request that hangs is better made again. */
const ATTEMPT_MS = 20_000
const FIRST_PAUSE_MS = 250
const LONGEST_PAUSE_MS = 8_000

/**
 * How long a request that begins now may take, in milliseconds.
 *
 * @param share of the time that is left, when something has to follow it
 */
export function attemptMs({ deadlineMs }: Pick<Transport, 'deadlineMs'>, share = 1): number {
  const leftMs = deadlineMs - performance.now()
  return Math.min(ATTEMPT_MS, Math.max(1, Math.ceil(leftMs * share)))
}

/**
 * Repeats an attempt that may succeed when it is repeated, after growing pauses of random length, as long as the
 * transport's limits allow.
 *
 * @param name of the call, for the log
 * @param attempt gets how long it may take, and fails with an `AttemptError`
 * @param isRetryable whether the same call can succeed a moment later
 * @throws GaveUp
 */
export async function retry<T>(
  name: string,
  transport: Transport,
  attempt: (timeoutMs: number) => Promise<T>,
  isRetryable: (failure: Failure) => boolean,
): Promise<Tried<T>> {
  const { maxAttempts, deadlineMs, onRetry } = transport
  const startMs = performance.now()
  const tookMs = () => Math.round(performance.now() - startMs)
  let attempts = 0

  const attemptOnce = (): Promise<T> => {
    attempts++
    return attempt(attemptMs(transport))
  }

  try {
    const result = await pRetry(attemptOnce, {
      retries: maxAttempts - 1,
      minTimeout: FIRST_PAUSE_MS,
      maxTimeout: LONGEST_PAUSE_MS,
      randomize: true,
      shouldRetry: ({ error, retryDelay }) => {
        if (!(error instanceof AttemptError) || !isRetryable(error.failure)) return false
        // After the pause there has to be time left for an attempt.
        if (performance.now() + retryDelay >= deadlineMs) return false
        const pause = (retryDelay / 1000).toFixed(1)
        onRetry(
          `${name}, attempt ${attempts} of ${maxAttempts}: ${inShort(error.failure)}; next one in ${pause} s`,
        )
        return true
      },
    })
    return { result, attempts, tookMs: tookMs() }
  } catch (error) {
    if (!(error instanceof AttemptError)) throw error
    const effort = attempts === 1 ? '' : `after ${attempts} attempts in ${(tookMs() / 1000).toFixed(1)} s`
    throw new GaveUp(error.failure, effort)
  }
}
