import { mayPass, type Failure, type Refusal } from '../attempts/failures.ts'
import type { Proxy } from '../attempts/proxy.ts'
import type { GaveUp } from '../attempts/retry.ts'
import { wordsOf } from '../attempts/words.ts'
import { ActionError } from '../errors.ts'
import { COME_BACK, serviceError, type ServiceErrors } from './service-errors.ts'

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
  const { what, cure } = words(failure, errors, subject.endpoint, proxy)
  return new ActionError({
    what: fill(what, subject) + (effort === '' ? '' : `, ${effort}`),
    cure: fill(cure, subject),
    ...(failure.kind === 'refused' && answerOf(failure, errors)),
    requestId: 'requestId' in failure ? failure.requestId : undefined,
    // Claims of a token, which whoever gave it out can have filled with anything.
    foreign: [subject['issuer'], subject['tokenSubject'], subject['tokenAudience']].map(
      (claim) => claim ?? '',
    ),
  })
}

/** A code that is not in the table is a word of the service's own, which can be anything. */
function answerOf({ code, said }: Refusal, errors: ServiceErrors): { code?: string; said: string } {
  if (Object.hasOwn(errors, code)) return { code, said }
  return { said: said === '' ? code : `${code}: ${said}` }
}

function words(
  failure: Failure,
  errors: ServiceErrors,
  host: string,
  proxy: Proxy | undefined,
): { readonly what: string; readonly cure: string } {
  if (failure.kind !== 'refused') {
    // With a request id it was the service that answered, so the address is right.
    const isService = failure.kind === 'broken-answer' && failure.requestId !== undefined
    return wordsOf(failure, { host, proxy, wrongAddress: isService ? COME_BACK : WRONG_ADDRESS })
  }
  const { meaning, cure } = serviceError(errors, failure.code, failure.status)
  // Read and written again, as a header can hold anything.
  const serviceDate = new Date(failure.serviceDate ?? '')
  if (failure.code !== 'InvalidTimeStamp.Expired' || Number.isNaN(serviceDate.getTime()))
    return { what: meaning, cure }
  const clocks = `Its clock says ${new Date().toUTCString()}, the service's ${serviceDate.toUTCString()}.`
  return { what: meaning, cure: `${cure} ${clocks}` }
}

const WRONG_ADDRESS =
  'Most likely an endpoint, region-id or network is wrong, or a proxy answers in place of the service: check them, ' +
  'and that this runner may reach {endpoint}.'

function fill(text: string, subject: Subject): string {
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => subject[name] ?? whole)
}
