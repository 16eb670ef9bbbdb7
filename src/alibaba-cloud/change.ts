import { AttemptError, type Failure, inShort, isUnsent } from '../attempts/failures.ts'
import { attemptMs, type Tried } from '../attempts/retry.ts'
import { ActionError } from '../errors.ts'
import { type Call, callOnce, type Read, repeat, type Service } from './call.ts'
import { COME_BACK, isRetryable, serviceError, type ServiceErrors } from './errors.ts'

/** An operation that changes something, and how to find out what became of it. */
export type Change<T> = {
  readonly call: Call
  /** What the operation brings about, in words, e.g. `CA 0a1b is registered`. */
  readonly aim: string
  /** Makes the parameters of an attempt that the call does not have, for each attempt anew. */
  readonly prepare?: () => Promise<Readonly<Record<string, string>>>
  readonly read: Read<T>
  /**
   * Asks the service whether the aim is reached.
   *
   * @param failure what the attempt met
   * @returns nothing when it is not
   */
  readonly ask: (failure: Failure) => Promise<T | undefined>
  /** Refusals that can mean that the aim is reached: asks after these too. */
  readonly askAfter?: readonly string[]
  /** Refusals that an attempt prepared anew can overcome. */
  readonly repeatAfter?: readonly string[]
  /** Told when the service is asked, and why. */
  readonly onAsk: (line: string) => void
}

/** Of the time that is left, what an attempt may take: what became of it has to be asked within the same time. */
const SHARE = 1 / 2

/**
 * Calls an operation that changes something, so that it is done once. After an answer that leaves open whether it was
 * carried out (none at all, one that is not the service's, an error that may pass) the service is asked, and another
 * attempt is made only when it was not.
 *
 * @throws ActionError also when the asking fails: then what is not known, and that a second run settles it
 */
export async function change<T>(service: Service, what: Change<T>): Promise<Tried<T>> {
  const { call, prepare, read, ask, askAfter = [], repeatAfter = [], onAsk } = what
  const { request, errors } = call
  const asked = { isInVain: false }
  const attempt = async (): Promise<T> => {
    const query = { ...request.query, ...(await prepare?.()) }
    try {
      return await callOnce(service, { ...request, query }, read, attemptMs(service.transport, SHARE))
    } catch (error) {
      if (!(error instanceof AttemptError)) throw error
      const { failure } = error
      if (!leavesOpen(failure, errors) && !isOneOf(askAfter, failure)) throw error
      onAsk(`${request.operation}: ${inShort(failure)}; asking the service what became of it`)
      const found = await ask(failure).catch((failed: unknown) => {
        asked.isInVain = false
        throw failed instanceof ActionError ? notKnown(what.aim, failure, failed) : failed
      })
      if (found !== undefined) return found
      asked.isInVain ||= leavesOpen(failure, errors)
      throw error
    }
  }
  const mayRepeat = (failure: Failure): boolean =>
    isRetryable(failure, errors) || isOneOf(repeatAfter, failure)
  try {
    return await repeat(service, call, attempt, mayRepeat)
  } catch (error) {
    if (!(error instanceof ActionError) || !asked.isInVain) throw error
    throw notDone(what.aim, error)
  }
}

/** Whether a failure says nothing about whether the operation was carried out. */
export function leavesOpen(failure: Failure, errors: ServiceErrors): boolean {
  if (failure.kind !== 'refused') return !isUnsent(failure)
  const { retry, isTurnedAway } = serviceError(errors, failure.code, failure.status)
  return retry && isTurnedAway !== true
}

function isOneOf(codes: readonly string[], failure: Failure): boolean {
  return failure.kind === 'refused' && codes.includes(failure.code)
}

function notDone(
  aim: string,
  { message, fix, code, serviceMessage, requestId, cause }: ActionError,
): ActionError {
  return new ActionError({
    what: message,
    // The service has just answered the asking, so its address is right.
    fix: `${serviceMessage === undefined ? COME_BACK : fix} Asked after each attempt, the service did not show that ${aim}. Should one of them still be carried out late, the next run finds that.`,
    code,
    serviceMessage,
    requestId,
    cause,
  })
}

function notKnown(aim: string, failure: Failure, failed: ActionError): ActionError {
  return new ActionError({
    what: `It is not known whether ${aim}: ${inShort(failure)}, and asking the service failed: ${failed.message}`,
    fix: `${failed.fix} Then run the job again: it looks first at what is there, and does nothing twice.`,
    code: failed.code,
    serviceMessage: failed.serviceMessage,
    requestId: failed.requestId,
    cause: failed,
  })
}
