import { summarize } from '../attempts/failure-words.ts'
import { AttemptError, isUnsent, type Failure } from '../attempts/failures.ts'
import { retry } from '../attempts/retry.ts'
import { ActionError } from '../errors.ts'
import { explainCall, type Call } from './call.ts'
import { send, type ApiRequest, type Service } from './client.ts'
import { isRetryable, RUN_AGAIN_LATER, serviceError, type ServiceErrors } from './errors.ts'

/** How an attempt to change something ended, as far as its response tells. */
type Attempted<T> =
  | { readonly kind: 'done'; readonly result: T }
  /** The service refused it, or never received the request. */
  | { readonly kind: 'not-executed'; readonly failure: Failure }
  /** The service may have executed it, or may still do so. */
  | { readonly kind: 'unknown'; readonly failure: Failure }

/** An operation that changes something, and how to find out whether it was executed. */
export type Change<T, Sent> = {
  readonly call: Call<T>
  /** The state after the change, for example `CA 0a1b is registered`. */
  readonly goal: string
  /** Prepares an attempt: parameters to add to those of the call, and what `verify` must know of it. */
  readonly prepare: () => Promise<{ readonly query: Readonly<Record<string, string>>; readonly sent: Sent }>
  /**
   * Asks the service whether the goal is reached.
   *
   * @param unknown what was sent by all attempts so far whose outcome is unknown
   * @returns the result; `undefined` if the goal is not reached
   */
  readonly verify: (failure: Failure, unknown: readonly Sent[]) => Promise<T | undefined>
  /** Error codes that can mean that an earlier attempt succeeded. Verified like an unknown outcome. */
  readonly verifyOn?: readonly string[]
  /** Error codes that another attempt can overcome because it is prepared anew. */
  readonly retryOn?: readonly string[]
  /** Called before the service is asked, with the reason. */
  readonly onVerify: (line: string) => void
}

/** The share of the time left for an attempt: verifying it must fit into the same time. */
const ATTEMPT_SHARE = 1 / 2

/**
 * Calls an operation that changes something, so that it is executed once. If it is unknown whether it was
 * executed (no response, an invalid response, a temporary error), the service is asked, and another attempt is made
 * only if it was not.
 *
 * @throws ActionError also when asking fails: it says that the state is unknown, and that the next run detects it
 */
export async function change<T, Sent>(service: Service, what: Change<T, Sent>): Promise<T> {
  const { call, goal, prepare, verify, verifyOn = [], retryOn = [], onVerify } = what
  const { operation } = call.request
  const unknown: Sent[] = []
  const explainLast = (error: ActionError, failure?: Failure): ActionError =>
    unknown.length === 0 ? error : notConfirmed(goal, error, failure)

  const attempt = async (): Promise<T> => {
    const { query, sent } = await prepare().catch((error: unknown) => {
      throw error instanceof ActionError ? explainLast(error) : error
    })
    const attempted = await attemptChange(service, call, query)
    if (attempted.kind === 'done') return attempted.result
    const { kind, failure } = attempted
    if (kind === 'not-executed' && !hasCode(failure, verifyOn)) throw new AttemptError(failure)
    if (kind === 'unknown') unknown.push(sent)

    onVerify(`${operation}: ${summarize(failure)}; asking the service for the current state`)
    const found = await verify(failure, unknown).catch((error: unknown) => {
      throw error instanceof ActionError ? stateUnknown(goal, failure, error) : error
    })
    if (found === undefined) throw new AttemptError(failure)
    return found
  }

  const { result } = await retry(service.transport, {
    name: operation,
    attempt,
    isRetryable: (failure) => isRetryable(failure, call.errors) || hasCode(failure, retryOn),
    explain: (failed) => explainLast(explainCall(failed, service, call), failed.failure),
  })
  return result
}

async function attemptChange<T>(
  service: Service,
  { request, read, errors }: Call<T>,
  query: ApiRequest['query'],
): Promise<Attempted<T>> {
  try {
    const response = await send(service, { ...request, query: { ...request.query, ...query } }, ATTEMPT_SHARE)
    return { kind: 'done', result: read(response) }
  } catch (error) {
    if (!(error instanceof AttemptError)) throw error
    const { failure } = error
    return { kind: isOutcomeUnknown(failure, errors) ? 'unknown' : 'not-executed', failure }
  }
}

/** Whether a failure does not tell whether the operation was executed. */
export function isOutcomeUnknown(failure: Failure, errors: ServiceErrors): boolean {
  if (failure.kind !== 'refused') return !isUnsent(failure)
  const { retry: isTemporary = false, isNotExecuted = false } = serviceError(
    errors,
    failure.code,
    failure.status,
  )
  return isTemporary && !isNotExecuted
}

function hasCode(failure: Failure, codes: readonly string[]): boolean {
  return failure.kind === 'refused' && codes.includes(failure.code)
}

function notConfirmed(goal: string, error: ActionError, failure: Failure | undefined): ActionError {
  // The service has just responded to `verify`, so its address is right.
  const isAddressRight = failure !== undefined && failure.kind !== 'refused'
  const isOfTimeout = failure !== undefined && 'limit' in failure && failure.limit?.ofTimeout !== undefined
  const later = isOfTimeout ? 'Run the job again later, or raise the input timeout.' : RUN_AGAIN_LATER
  return error.with({
    fix: `${isAddressRight ? later : error.fix} After each attempt the service was asked, and did not report that ${goal}. If an attempt completes later, the next run detects it.`,
  })
}

function stateUnknown(goal: string, failure: Failure, error: ActionError): ActionError {
  return error.with({
    what: `It is unknown whether ${goal}: ${summarize(failure)}, and asking the service failed: ${error.message}`,
    // Its code, which can be anything.
    foreign: failure.kind === 'refused' ? [failure.code] : [],
    fix: `${error.fix} Then run the job again: it checks the current state first, and changes nothing twice.`,
  })
}
