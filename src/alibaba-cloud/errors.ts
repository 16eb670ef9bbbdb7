import { type Failure, mayPass, type Refusal, wordsOf } from '../attempts/failures.ts'
import type { Proxy } from '../attempts/proxy.ts'
import type { GaveUp } from '../attempts/retry.ts'
import { ActionError } from '../errors.ts'

/** What is known of one error code of a service. `{…}` in a text is filled in by `explain`. */
export type ServiceError = {
  /** Whether the same call can succeed a moment later. */
  readonly retry: boolean
  /** Set when the call was turned away before anything was done. Any other error that may pass leaves that open. */
  readonly isTurnedAway?: true
  /** What it means, a sentence without its full stop. */
  readonly meaning: string
  /** What to do about it, whole sentences. */
  readonly fix: string
}

/**
 * A service's error codes. Codes decide, not HTTP statuses: permanent errors come with 500, throttling with 400, and
 * Alibaba Cloud has changed the status of many codes and the code of none.
 */
export type ServiceErrors = Readonly<Record<string, ServiceError>>

/** The fix where the fault is the service's own. */
export const COME_BACK = 'Run the job again later. If it goes on, give Alibaba Cloud support the request id.'

const WRONG_SIGNATURE: ServiceError = {
  retry: false,
  meaning: 'The access key secret does not belong to the access key id',
  fix: 'Copy both again from RAM, whole and without quotes, and check that each is in its own input or secret.',
}

/** The row of a code that says that the account made too many calls. */
export function throttled(meaning: string): ServiceError {
  const fix = 'Run fewer jobs at the same time, or raise max-attempts and timeout.'
  return { retry: true, isTurnedAway: true, meaning, fix }
}

const THROTTLED = throttled('The service throttled {operation}')

const OVERLOADED: ServiceError = {
  retry: true,
  meaning: 'The service could not handle {operation} just now',
  fix: COME_BACK,
}

/**
 * The codes that every service of Alibaba Cloud has in common.
 *
 * @see https://www.alibabacloud.com/help/en/sdk/product-overview/common-error-codes
 */
export const COMMON_ERRORS: ServiceErrors = {
  'InvalidAccessKeyId.NotFound': {
    retry: false,
    meaning: 'There is no such access key',
    fix: 'Check access-key-id: whether it was copied whole, and whether the key has been deleted in RAM since.',
  },
  'InvalidAccessKeyId.Inactive': {
    retry: false,
    meaning: 'The access key is disabled',
    fix: 'Enable it in RAM, or use another one.',
  },
  SignatureDoesNotMatch: WRONG_SIGNATURE,
  IncompleteSignature: WRONG_SIGNATURE,
  'InvalidSecurityToken.Expired': {
    retry: false,
    meaning: 'The temporary access key has expired',
    fix: 'Get a new one in the same job, shortly before this step.',
  },
  'InvalidSecurityToken.Malformed': {
    retry: false,
    meaning: 'The security token is not valid, or does not belong to the access key',
    fix: 'Take access-key-id, access-key-secret and security-token from the same answer of STS, whole.',
  },
  'InvalidTimeStamp.Expired': {
    retry: false,
    meaning: 'The clock of this runner is more than 15 minutes off',
    fix: 'Set the clock of the runner (NTP): every request carries the time at which it was signed.',
  },
  'InvalidTimeStamp.Format': {
    retry: false,
    meaning: 'The service could not read the time at which the request was signed',
    fix: 'Set the clock of the runner (NTP). If it is right, something on the way changes the request.',
  },
  SignatureNonceUsed: {
    retry: true,
    meaning: 'The service had seen the same request before',
    fix: 'Run the job again. If it goes on, something on the way, such as a proxy, sends requests twice.',
  },
  Throttling: THROTTLED,
  'Throttling.User': THROTTLED,
  'Throttling.Api': THROTTLED,
  InternalError: OVERLOADED,
  ServiceUnavailable: OVERLOADED,
}

/**
 * What to make of a code. One that is not known, by the family it belongs to, and at last by the HTTP status.
 *
 * @returns the table's row, or one that says no more than that the code is not known
 */
export function serviceError(errors: ServiceErrors, code: string, status: number): ServiceError {
  const known = Object.hasOwn(errors, code) ? errors[code] : undefined
  if (known !== undefined) return known
  if (code.startsWith('Throttling.')) return errors['Throttling'] ?? THROTTLED
  return {
    // 417 is what ApsaraMQ for MQTT has for "try again later" since it adjusted its statuses.
    retry: status >= 500 || [408, 417, 429].includes(status),
    meaning: 'The service refused {operation}',
    fix: 'Look the code up in the reference of the API, or give Alibaba Cloud support the request id.',
  }
}

/** What the words of an error are about: fills the `{…}` of their texts. */
export type Subject = Readonly<Record<string, string>> & { readonly endpoint: string }

/** Whether the same call, signed anew, can succeed a moment later. */
export function isRetryable(failure: Failure, errors: ServiceErrors): boolean {
  return failure.kind === 'refused'
    ? serviceError(errors, failure.code, failure.status).retry
    : mayPass(failure)
}

/** Words what went wrong, and what to do about it. */
export function explain(
  { failure, effort }: GaveUp,
  { errors, subject, proxy }: { errors: ServiceErrors; subject: Subject; proxy: Proxy | undefined },
): ActionError {
  const { what, fix } = words(failure, errors, subject.endpoint, proxy)
  return new ActionError({
    what: fill(what, subject) + (effort === '' ? '' : `, ${effort}`),
    fix: fill(fix, subject),
    ...(failure.kind === 'refused' && answerOf(failure, errors)),
    requestId: 'requestId' in failure ? failure.requestId : undefined,
    // Claims of a token, which whoever gave it out can have filled with anything.
    foreign: [subject['issuer'], subject['tokenSubject'], subject['tokenAudience']].map(
      (claim) => claim ?? '',
    ),
  })
}

/** A code that is not in the table is a word of the service's own, which can be anything. */
function answerOf(
  { code, serviceMessage }: Refusal,
  errors: ServiceErrors,
): { code?: string; serviceMessage: string } {
  if (Object.hasOwn(errors, code)) return { code, serviceMessage }
  return { serviceMessage: serviceMessage === '' ? code : `${code}: ${serviceMessage}` }
}

function words(
  failure: Failure,
  errors: ServiceErrors,
  host: string,
  proxy: Proxy | undefined,
): { readonly what: string; readonly fix: string } {
  if (failure.kind !== 'refused') {
    // With a request id it was the service that answered, so the address is right.
    const isService = failure.kind === 'broken-answer' && failure.requestId !== undefined
    return wordsOf(failure, { host, proxy, wrongAddress: isService ? COME_BACK : WRONG_ADDRESS })
  }
  const { meaning, fix } = serviceError(errors, failure.code, failure.status)
  // Read and written again, as a header can hold anything.
  const serviceDate = new Date(failure.serviceDate ?? '')
  if (failure.code !== 'InvalidTimeStamp.Expired' || Number.isNaN(serviceDate.getTime()))
    return { what: meaning, fix }
  const clocks = `Its clock says ${new Date().toUTCString()}, the service's ${serviceDate.toUTCString()}.`
  return { what: meaning, fix: `${fix} ${clocks}` }
}

const WRONG_ADDRESS =
  'Most likely an endpoint, region-id or network is wrong, or a proxy answers in place of the service: check them, ' +
  'and that this runner may reach {endpoint}.'

function fill(text: string, subject: Subject): string {
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => subject[name] ?? whole)
}
