import type { Failure } from '../attempts/failures.ts'
import { GaveUp, retry, type Transport, type Tried } from '../attempts/retry.ts'
import { attemptCall, type AccessKey, type ApiRequest } from './client.ts'
import { explain, isRetryable } from './explain.ts'
import type { ServiceErrors } from './service-errors.ts'

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

/**
 * Calls an operation that changes nothing. Attempts that may succeed when repeated are repeated, each signed anew, as
 * long as the transport's limits allow.
 *
 * @param read takes the result from the answer; an `AttemptError` it throws counts as a failed attempt
 * @throws ActionError what failed last, how often it was tried, and what to do about it
 */
export async function call<T>(
  service: Service,
  { request, errors, subject }: Call,
  read: (answer: Readonly<Record<string, unknown>>) => T,
): Promise<Tried<T>> {
  const { endpoint, accessKey, transport } = service
  const { proxy } = transport
  const attempt = async (timeoutMs: number): Promise<T> =>
    read(await attemptCall({ endpoint, accessKey, proxy }, request, timeoutMs))
  const mayPass = (failure: Failure): boolean => isRetryable(failure, errors)
  try {
    return await retry(request.operation, transport, attempt, mayPass)
  } catch (error) {
    if (!(error instanceof GaveUp)) throw error
    throw explain(error, { errors, proxy, subject: { ...subject, operation: request.operation, endpoint } })
  }
}
