import { AttemptError, type Refusal } from '../attempts/failures.ts'
import { retry, type FailedCall, type Outcome } from '../attempts/retry.ts'
import type { ActionError } from '../errors.ts'
import { send, type ApiRequest, type ApiResponse, type Service } from './client.ts'
import { explain, isRetryable, type ServiceErrors } from './errors.ts'

/** A call: the request, how to read its response, and what its errors mean. */
export type Call<T> = {
  readonly request: ApiRequest
  /** Reads the result from a response. May throw an `AttemptError`, which fails the attempt. */
  readonly read: (response: ApiResponse) => T
  /** Reads the result from an error that is a valid result, such as "not found". Throws an `AttemptError` for any other. */
  readonly readRefusal?: (refusal: Refusal) => T
  readonly errors: ServiceErrors
  /** The values for the `{…}` of the error texts. */
  readonly subject: Readonly<Record<string, string>>
}

/**
 * Calls an operation that changes nothing. Retries temporary failures; each attempt is signed anew.
 *
 * @throws ActionError what failed last, how often it was tried, and what to do about it
 */
export async function call<T>(service: Service, what: Call<T>): Promise<Outcome<T>> {
  const { request, read, readRefusal, errors } = what
  return await retry(service.transport, {
    name: request.operation,
    attempt: async () => {
      try {
        return read(await send(service, request))
      } catch (error) {
        if (!(error instanceof AttemptError) || error.failure.kind !== 'refused') throw error
        if (readRefusal === undefined) throw error
        return readRefusal(error.failure)
      }
    },
    isRetryable: (failure) => isRetryable(failure, errors),
    explain: (failed) => explainCall(failed, service, what),
  })
}

/** Makes the error of a failed call. */
export function explainCall(
  failed: FailedCall,
  { endpoint, transport }: Service,
  { request: { operation }, errors, subject }: Omit<Call<unknown>, 'read'>,
): ActionError {
  const { host, origin, input } = endpoint
  const called = { operation, endpoint: host, endpointInput: input }
  return explain(failed, { errors, transport, origin, subject: { ...subject, ...called } })
}
