import { ActionError } from '../errors.ts'
import type { Failure } from './failures.ts'
import { COME_BACK, serviceError } from './service-errors.ts'

/** What the words of an error are about: fills the `{…}` of their texts. */
export type Subject = {
  readonly operation: string
  readonly ramAction: string
  readonly endpoint: string
  readonly instance: string
  readonly region: string
}

/** Whether the same call, signed anew, can succeed a moment later. */
export function isRetryable(failure: Failure): boolean {
  switch (failure.kind) {
    case 'refused':
      return serviceError(failure.code, failure.status).retry
    case 'untrusted':
      return false
    case 'network':
      // A name that does not exist will not exist in a second; a name server without an answer may have one.
      return failure.code !== 'ENOTFOUND'
    case 'timeout':
    case 'broken-answer':
      return true
  }
}

/**
 * Words what went wrong, and what to do about it.
 *
 * @param effort how much was tried, e.g. `after 5 attempts in 8.2 s`; empty for a single attempt
 */
export function explain(failure: Failure, subject: Subject, effort: string): ActionError {
  const { what, cure } = words(failure)
  return new ActionError({
    what: fill(what, subject) + (effort === '' ? '' : `, ${effort}`),
    cure: fill(cure, subject),
    ...(failure.kind === 'refused' && { code: failure.code, said: failure.said }),
    requestId: 'requestId' in failure ? failure.requestId : undefined,
  })
}

function words(failure: Failure): { what: string; cure: string } {
  switch (failure.kind) {
    case 'refused': {
      const { meaning, cure } = serviceError(failure.code, failure.status)
      return { what: meaning, cure: `${cure}${clocks(failure)}` }
    }
    case 'untrusted':
      return {
        what: `The certificate of {endpoint} is not trusted (${failure.code})`,
        cure:
          'Check endpoint. If a proxy or a private CA signs it on purpose, give the CA certificate to the runner: ' +
          'name its file in NODE_EXTRA_CA_CERTS, in the environment of the runner itself.',
      }
    case 'timeout':
      return {
        what: `{endpoint} ${failure.what} in time`,
        cure: 'Check that this runner may reach {endpoint}, on port 443 if no other is given, and that network is right.',
      }
    case 'network':
      return { what: `{endpoint} ${failure.what}`, cure: WRONG_ADDRESS }
    case 'broken-answer':
      // With a request id it was the service that answered, so the address is right.
      return {
        what: `{endpoint} ${failure.what}`,
        cure: failure.requestId === undefined ? WRONG_ADDRESS : COME_BACK,
      }
  }
}

const WRONG_ADDRESS =
  'Most likely endpoint, region-id or network is wrong, or a proxy answers in place of the service: check them, and ' +
  'that this runner may reach {endpoint}.'

function clocks(failure: Failure & { kind: 'refused' }): string {
  if (failure.code !== 'InvalidTimeStamp.Expired' || failure.serviceDate === undefined) return ''
  return ` Its clock says ${new Date().toUTCString()}, the service's ${failure.serviceDate}.`
}

function fill(text: string, subject: Subject): string {
  return text.replace(/\{(\w+)\}/g, (whole, name: string) =>
    name in subject ? subject[name as keyof Subject] : whole,
  )
}
