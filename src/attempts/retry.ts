import pRetry from 'p-retry'
import type { Limit } from '../deadline.ts'
import { summarize } from './failure-words.ts'
import { AttemptError, type Failure } from './failures.ts'
import type { Pace } from './pace.ts'
import type { Proxy } from './proxy.ts'

/** How requests travel, and how long to try. */
export type Transport = {
  readonly proxy: Proxy | undefined
  /** The environment variable of a proxy that HTTPS does not use, such as `HTTP_PROXY`, if there is one. */
  readonly unusedProxyVariable?: string | undefined
  /** The value of `NODE_EXTRA_CA_CERTS`, if it is set. */
  readonly extraCaFile?: string | undefined
  /** For each call. */
  readonly maxAttempts: number
  /** The input `timeout`: the limit for all calls of the step together. */
  readonly timeoutSeconds: number
  /** When that time is over, on the clock of `performance.now()`. */
  readonly deadlineMs: number
  /** When many calls are made, how fast they may start. */
  readonly pace?: Pace | undefined
  /** Called for each failed attempt that is retried. */
  readonly onRetry: (line: string) => void
  /** Set only by tests, which wait less than users. */
  readonly timing?: Timing | undefined
}

/** How long a call waits, in milliseconds. */
export type Timing = {
  /** The limit of one attempt: a request that hangs is better made again. */
  readonly attemptMs: number
  /** Pauses between attempts double from the first to the longest. Each is made up to twice as long at random. */
  readonly firstPauseMs: number
  readonly longestPauseMs: number
}

/** The result of a call, and what it took. */
export type Outcome<T> = { readonly result: T; readonly attempts: number; readonly tookMs: number }

/** A call that failed after all attempts. */
export type FailedCall = {
  /** Of the last attempt. */
  readonly failure: Failure
  /** For example `after 5 attempts in 8.2 s`; empty for a single attempt. */
  readonly effort: string
}

/** A call that is retried. */
export type RetriedCall<T> = {
  /** For the log, for example `GetRegisterCode`. */
  readonly name: string
  /** Makes one attempt, and throws an `AttemptError` when it fails. */
  readonly attempt: () => Promise<T>
  /** Whether another attempt can succeed a moment later. */
  readonly isRetryable: (failure: Failure) => boolean
  /** Makes the error that users read. */
  readonly explain: (failed: FailedCall) => Error
}

const TIMING: Timing = { attemptMs: 20_000, firstPauseMs: 250, longestPauseMs: 8_000 }

/**
 * Returns how long a request that begins now may take.
 *
 * @param share of the time that is left, if something must follow the request
 */
export function attemptLimit(
  { deadlineMs, timeoutSeconds: seconds, timing = TIMING }: Limits,
  share = 1,
): Limit {
  const leftMs = Math.max(1, Math.ceil((deadlineMs - performance.now()) * share))
  return timing.attemptMs < leftMs ? { ms: timing.attemptMs } : { ms: leftMs, ofTimeout: { seconds, share } }
}
type Limits = Pick<Transport, 'deadlineMs' | 'timeoutSeconds' | 'timing'>

/**
 * Makes a call, and retries it after growing pauses of random length, within the limits of the transport.
 *
 * @throws what `explain` makes of the last failure; rethrows any error but an `AttemptError` immediately and unchanged
 */
export async function retry<T>(transport: Transport, call: RetriedCall<T>): Promise<Outcome<T>> {
  const { maxAttempts, deadlineMs, onRetry, timing = TIMING } = transport
  const startMs = performance.now()
  const tookMs = () => Math.round(performance.now() - startMs)
  let attempts = 0
  try {
    const result = await pRetry(
      (attempt) => {
        attempts = attempt
        return call.attempt()
      },
      {
        retries: maxAttempts - 1,
        minTimeout: timing.firstPauseMs,
        maxTimeout: timing.longestPauseMs,
        randomize: true,
        shouldRetry: ({ error, retryDelay }) => {
          if (!(error instanceof AttemptError) || !call.isRetryable(error.failure)) return false
          // Time for an attempt must be left after the pause.
          if (performance.now() + retryDelay >= deadlineMs) return false
          transport.pace?.slowDown()
          const pause = (retryDelay / 1000).toFixed(1)
          onRetry(
            `${call.name}, attempt ${attempts} of ${maxAttempts}: ${summarize(error.failure)}; next in ${pause} s`,
          )
          return true
        },
      },
    )
    return { result, attempts, tookMs: tookMs() }
  } catch (error) {
    if (!(error instanceof AttemptError)) throw error
    const effort = attempts === 1 ? '' : `after ${attempts} attempts in ${(tookMs() / 1000).toFixed(1)} s`
    throw call.explain({ failure: error.failure, effort })
  }
}
