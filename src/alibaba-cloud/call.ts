import type { Failure } from '../attempts/failures.ts'
import { GaveUp, retry, type Transport, type Tried } from '../attempts/retry.ts'
import { type AccessKey, type ApiRequest, attemptCall } from './client.ts'
import { explain, isRetryable, type ServiceErrors } from './errors.ts'

/** A place to send calls to. */
export type Service = {
  /** `host` or `host:port`; always HTTPS. */
  readonly endpoint: string
  /** Without one, calls are anonymous. */
  readonly accessKey: AccessKey | undefined
  readonly transport: Transport
}

/** A call: the request, and what its errors mean. */
export type Call = {
  readonly request: ApiRequest
  readonly errors: ServiceErrors
  /** What the words of an error are about. */
  readonly subject: Readonly<Record<string, string>>
}

/** Takes the result from an answer; an `AttemptError` it throws counts as a failed attempt. */
export type Read<T> = (answer: Readonly<Record<string, unknown>>) => T

/**
 * Calls an operation that changes nothing. Attempts that may succeed when repeated are repeated, each signed anew, as
 * long as the transport's limits allow.
 *
 * @throws ActionError what failed last, how often it was tried, and what to do about it
 */
export async function call<T>(service: Service, what: Call, read: Read<T>): Promise<Tried<T>> {
  return await repeat(service, what, (timeoutMs) => callOnce(service, what.request, read, timeoutMs))
}

/**
 * Makes one attempt at a call.
 *
 * @throws AttemptError
 */
export async function callOnce<T>(
  { endpoint, accessKey, transport: { proxy } }: Service,
  request: ApiRequest,
  read: Read<T>,
  timeoutMs: number,
): Promise<T> {
  return read(await attemptCall({ endpoint, accessKey, proxy }, request, timeoutMs))
}

/**
 * Repeats attempts at a call as `call` does, when one attempt is more than the request.
 *
 * @param mayRepeat whether another attempt can succeed a moment later; what the codes of the call say when left out
 * @throws ActionError
 */
export async function repeat<T>(
  { endpoint, transport }: Service,
  { request: { operation }, errors, subject }: Call,
  attempt: (timeoutMs: number) => Promise<T>,
  mayRepeat = (failure: Failure): boolean => isRetryable(failure, errors),
): Promise<Tried<T>> {
  try {
    return await retry(operation, transport, attempt, mayRepeat)
  } catch (error) {
    if (!(error instanceof GaveUp)) throw error
    const { proxy } = transport
    throw explain(error, { errors, proxy, subject: { ...subject, operation, endpoint } })
  }
}
