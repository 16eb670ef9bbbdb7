import { describeFailure } from '../attempts/failure-words.ts'
import { isTemporary, type Failure, type Refusal } from '../attempts/failures.ts'
import type { FailedCall, Transport } from '../attempts/retry.ts'
import { ActionError } from '../errors.ts'

/** What is known of one error code of a service. `explain` fills in the `{…}` of its texts. */
export type ServiceError = {
  /** Whether the same call can succeed a moment later. */
  readonly retry?: boolean
  /** Set if the service rejects the call before it does anything. After other retryable errors, that is unknown. */
  readonly isNotExecuted?: true
  /** Set if a wrong clock can be the cause: the error then shows the clocks of runner and service. */
  readonly showClocks?: true
  /** What it means: a sentence without its full stop. */
  readonly meaning: string
  /** What to do about it, in whole sentences. */
  readonly fix: string
}

/**
 * The error codes of a service. Decide by code and not by HTTP status: permanent errors come with 500, throttling with
 * 400, and Alibaba Cloud has changed the status of many codes and the code of none. A name that ends with `.*` is for
 * all codes of a family that have no row of their own.
 */
export type ServiceErrors = Readonly<Record<string, ServiceError>>

/** The values for the `{…}` of the texts. */
export type Subject = Readonly<Record<string, string>> & {
  readonly endpoint: string
  readonly endpointInput: string
}

/** The fix if the fault is on the service's side. */
export const RUN_AGAIN_LATER =
  'Run the job again later. If it persists, contact Alibaba Cloud support with the request ID.'

const WRONG_ADDRESS =
  'Check {endpointInput}, region-id and network, whether a proxy responds in place of the service, and whether this runner ' +
  'can reach {endpoint}.'

const WRONG_SECRET: ServiceError = {
  meaning: 'The access key secret does not belong to the access key ID',
  fix: 'Copy both from RAM again, complete and without quotes, and check that each is in its own input or secret.',
}

/** Makes the row of a code for too many calls. */
export function throttled(meaning: string): ServiceError {
  const fix = 'Run fewer jobs at the same time, or raise max-attempts and timeout.'
  return { retry: true, isNotExecuted: true, meaning, fix }
}

const THROTTLED = throttled('The service throttled {operation}')

const OVERLOADED: ServiceError = {
  retry: true,
  meaning: 'The service could not process {operation}',
  fix: RUN_AGAIN_LATER,
}

/**
 * The codes that all services of Alibaba Cloud share.
 *
 * @see https://www.alibabacloud.com/help/en/sdk/product-overview/common-error-codes
 */
export const COMMON_ERRORS: ServiceErrors = {
  'InvalidAccessKeyId.NotFound': {
    meaning: 'This access key ID does not exist',
    fix: 'Check that access-key-id is complete, and that the key was not deleted in RAM.',
  },
  'InvalidAccessKeyId.Inactive': {
    meaning: 'The access key is disabled',
    fix: 'Enable it in RAM, or use another access key.',
  },
  SignatureDoesNotMatch: WRONG_SECRET,
  IncompleteSignature: WRONG_SECRET,
  'InvalidSecurityToken.Expired': {
    meaning: 'The temporary credentials have expired',
    fix: 'Get new ones in the same job, shortly before this step.',
  },
  'InvalidSecurityToken.Malformed': {
    meaning: 'The security token is invalid, or belongs to another access key',
    fix: 'Set access-key-id, access-key-secret and security-token from the same response of STS.',
  },
  'InvalidTimeStamp.Expired': {
    showClocks: true,
    meaning: 'The clock of this runner is more than 15 minutes off',
    fix: 'Set the clock of the runner (NTP). Every request contains the time at which it was signed.',
  },
  'InvalidTimeStamp.Format': {
    meaning: 'The service could not read the time at which the request was signed',
    fix: 'Set the clock of the runner (NTP). If the clock is right, check whether a proxy changes the request.',
  },
  SignatureNonceUsed: {
    retry: true,
    meaning: 'The service has received the same request before',
    fix: 'Run the job again. If it persists, check whether a proxy sends requests twice.',
  },
  Throttling: THROTTLED,
  'Throttling.User': THROTTLED,
  'Throttling.Api': THROTTLED,
  'Throttling.*': THROTTLED,
  InternalError: OVERLOADED,
  ServiceUnavailable: OVERLOADED,
}

/**
 * Looks up an error code. For an unknown code its family decides, and then the HTTP status.
 *
 * @returns the row of the table, or one that only says that the service refused
 */
export function serviceError(errors: ServiceErrors, code: string, status: number): ServiceError {
  const known = Object.hasOwn(errors, code) ? errors[code] : familyOf(code, errors)
  if (known !== undefined) return known
  return {
    // ApsaraMQ for MQTT returns 417 for "try again later" since it changed its statuses.
    retry: status >= 500 || [408, 417, 429].includes(status),
    meaning: 'The service refused {operation}',
    fix: 'Look up the error code in the API reference, or contact Alibaba Cloud support with the request ID.',
  }
}

function familyOf(code: string, errors: ServiceErrors): ServiceError | undefined {
  const row = Object.entries(errors).find(
    ([name]) => name.endsWith('.*') && code.startsWith(name.slice(0, -1)),
  )
  return row?.[1]
}

/** Whether the same call, signed again, can succeed a moment later. */
export function isRetryable(failure: Failure, errors: ServiceErrors): boolean {
  return failure.kind === 'refused'
    ? serviceError(errors, failure.code, failure.status).retry === true
    : isTemporary(failure)
}

/** The call that an error is about. */
type About = {
  readonly errors: ServiceErrors
  readonly subject: Subject
  readonly transport: Pick<Transport, 'proxy' | 'unusedProxyVariable' | 'extraCaFile' | 'timeoutSeconds'>
  /** Of the endpoint. */
  readonly origin: string
}

/** Makes the error that users read: what failed, and what to do about it. */
export function explain({ failure, effort }: FailedCall, about: About): ActionError {
  const { errors, subject } = about
  const { what, fix } =
    failure.kind === 'refused' ? describeRefusal(failure, errors) : describe(failure, about)
  return new ActionError({
    what: fill(what, subject) + (effort === '' ? '' : `, ${effort}`),
    fix: fill(fix, subject),
    ...(failure.kind === 'refused' && serviceWords(failure, errors)),
    requestId: 'requestId' in failure ? failure.requestId : undefined,
    // Claims of a token: its issuer may have written anything.
    foreign: [subject['issuer'], subject['tokenSubject'], subject['tokenAudience']].map(
      (claim) => claim ?? '',
    ),
  })
}

type Description = { readonly what: string; readonly fix: string }

function describe(failure: Exclude<Failure, Refusal>, about: About): Description {
  // A request ID comes from the service itself, so the address is right.
  const isService = failure.kind === 'broken-response' && failure.requestId !== undefined
  const wrongAddress = isService ? RUN_AGAIN_LATER : WRONG_ADDRESS
  const { subject, transport, origin } = about
  return describeFailure(failure, { ...transport, host: subject.endpoint, origin, wrongAddress })
}

function describeRefusal({ code, status, serviceDate }: Refusal, errors: ServiceErrors): Description {
  const { meaning: what, fix, showClocks } = serviceError(errors, code, status)
  // Parsed and formatted again, because a header can contain anything.
  const date = new Date(serviceDate ?? '')
  if (showClocks === undefined || Number.isNaN(date.getTime())) return { what, fix }
  const clocks = `The runner's clock: ${new Date().toUTCString()}. The service's clock: ${date.toUTCString()}.`
  return { what, fix: `${fix} ${clocks}` }
}

/** A code that is not in the table is untrusted: it can be anything. */
function serviceWords(
  { code, serviceMessage }: Refusal,
  errors: ServiceErrors,
): { readonly code?: string; readonly serviceMessage: string } {
  if (Object.hasOwn(errors, code)) return { code, serviceMessage }
  return { serviceMessage: serviceMessage === '' ? code : `${code}: ${serviceMessage}` }
}

function fill(text: string, subject: Subject): string {
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => subject[name] ?? whole)
}
