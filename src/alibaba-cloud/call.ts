import pRetry from 'p-retry'
import { attemptCall, type AccessKey, type ApiRequest } from './client.ts'
import { explain, isRetryable, type Subject } from './explain.ts'
import { AttemptError, inShort } from './failures.ts'

/** A place to send calls to, and how long to try. */
export type Service = {
  /** `host` or `host:port`; always HTTPS. */
  readonly endpoint: string
  readonly accessKey: AccessKey
  /** For each call. */
  readonly maxAttempts: number
  /** When everything has to be over, on the clock of `performance.now()`. */
  readonly deadlineMs: number
  /** Told of each failed attempt that is followed by another. */
  readonly onRetry: (line: string) => void
}

/** What a call came to, and what it took. */
export type Called<T> = { readonly result: T; readonly attempts: number; readonly tookMs: number }

/** The longest that one attempt may take: a request that hangs is better made again. */
const ATTEMPT_MS = 20_000
const FIRST_PAUSE_MS = 250
const LONGEST_PAUSE_MS = 8_000

/**
 * Calls an operation that changes nothing: attempts that may succeed when repeated are repeated, each signed anew,
 * after growing pauses of random length, as long as `maxAttempts` and the deadline allow.
 *
 * @param read takes the result from the answer; an `AttemptError` it throws counts as a failed attempt
 * @throws ActionError what failed last, how often it was tried, and what to do about it
 */
export async function call<T>(
  service: Service,
  request: ApiRequest,
  subject: Subject,
  read: (answer: Readonly<Record<string, unknown>>) => T,
): Promise<Called<T>> {
  const { maxAttempts, deadlineMs } = service
  const startMs = performance.now()
  const tookMs = () => Math.round(performance.now() - startMs)
  let attempts = 0

  const attempt = async (): Promise<T> => {
    attempts++
    const leftMs = Math.ceil(deadlineMs - performance.now())
    const answer = await attemptCall(
      service.endpoint,
      service.accessKey,
      request,
      Math.min(ATTEMPT_MS, leftMs),
    )
    return read(answer)
  }

  try {
    const result = await pRetry(attempt, {
      retries: maxAttempts - 1,
      minTimeout: FIRST_PAUSE_MS,
      maxTimeout: LONGEST_PAUSE_MS,
      randomize: true,
      shouldRetry: ({ error, retryDelay }) => {
        if (!(error instanceof AttemptError) || !isRetryable(error.failure)) return false
        // After the pause there has to be time left for an attempt.
        if (performance.now() + retryDelay >= deadlineMs) return false
        const pause = (retryDelay / 1000).toFixed(1)
        service.onRetry(
          `attempt ${attempts} of ${maxAttempts}: ${inShort(error.failure)}; next one in ${pause} s`,
        )
        return true
      },
    })
    return { result, attempts, tookMs: tookMs() }
  } catch (error) {
    if (!(error instanceof AttemptError)) throw error
    const seconds = (tookMs() / 1000).toFixed(1)
    const effort = attempts === 1 ? '' : `after ${attempts} attempts in ${seconds} s`
    throw explain(error.failure, subject, effort)
  }
}
