import { documentedErrors, isDocumented, statusOf } from '../../emulator/service/errors.ts'
import { textIn } from '../../src/attempts/response.ts'
import type { Answer } from '../client.ts'
import { documented, NotReached, type Part } from '../entry.ts'
import { requireThat, type Probe } from '../probe.ts'

/** Another operation than the rest returns this code with another status, as documented. */
const HAS_ITS_OWN_STATUS = 'RegisterCaCertificate ParameterFieldCheckFailed'
const ENVELOPE = ['RequestId', 'HostId', 'Code', 'Message'] as const

/** What all answers of ApsaraMQ for MQTT have in common. So these come after all checks that ask it. */
export const ERRORS: Part = {
  title: 'Errors',
  entries: [
    {
      id: 'error-envelope',
      statement: 'An error is JSON with `RequestId`, `HostId`, `Code` and `Message`.',
      source: documented('GetRegisterCode'),
      check: differenceIn(missingInEnvelope),
    },
    {
      id: 'success-body',
      statement: 'A success has a `RequestId`.',
      source: documented('GetRegisterCode'),
      check: ({ client }) => {
        const without = client.answers.filter((answer) => answer.code === undefined && !answer.requestId)
        const found = [...new Set(without.map(({ operation }) => operation))].join(', ')
        requireThat(without.length === 0, `these operations have none that looks like one: ${found}`)
        return Promise.resolve()
      },
    },
    {
      id: 'error-statuses',
      statement:
        "The product's errors have the statuses of the API reference, and not those of the later notice.",
      source: documented('GetRegisterCode'),
      check: differenceIn(({ operation, code = '', status }) => {
        if (!isDocumented(code) || !isOfProduct(code)) return ''
        if (`${operation} ${code}` === HAS_ITS_OWN_STATUS) return ''
        if (status === statusOf(code, 'documented')) return ''
        return status === statusOf(code, 'later')
          ? `has the later status, ${status}`
          : `has the status ${status}`
      }),
    },
    {
      id: 'gateway-statuses',
      statement:
        'Errors of the gateway, such as `InvalidTimeStamp` and `SignatureDoesNotMatch`, have the statuses of the common error codes. Some pages have others.',
      source: documented('common errors'),
      check: differenceIn(({ code = '', status }) => {
        if (!isDocumented(code) || isOfProduct(code)) return ''
        return status === statusOf(code, 'documented') ? '' : `has the status ${status}`
      }),
    },
    {
      id: 'error-messages',
      statement: "The product's errors have the messages of the API reference.",
      source: documented('GetRegisterCode'),
      check: differenceIn(({ code = '', message }) => {
        if (!isDocumented(code) || !isOfProduct(code)) return ''
        return message.startsWith(documentedErrors[code].message) ? '' : `says: ${message}`
      }),
    },
    {
      id: 'temporary-errors',
      statement:
        'Errors that pass: `InternalError`, `SystemOverFlow`, `GetCaNumError`, `ServiceUnavailable`, `Throttling` and `Throttling.Api`. The emulator returns them only if it is told to.',
      source: documented('RegisterCaCertificate'),
      unreachable: 'no request makes the service fail',
    },
  ],
}

/** Tells what an error lacks. Empty if that is nothing. */
export function missingInEnvelope({ body }: Answer): string {
  const missing = ENVELOPE.filter((field) => textIn(body, field) === undefined)
  return missing.length === 0 ? '' : `without ${missing.join(', ')}`
}

/**
 * Compares every error that the service has returned so far.
 *
 * @param operations only of these; by default of all
 */
export function differenceIn(find: (answer: Answer) => string, operations?: readonly string[]) {
  return ({ client }: Probe): Promise<void> => {
    const errors = client.answers.filter(
      ({ code, operation }) => code !== undefined && (operations?.includes(operation) ?? true),
    )
    if (errors.length === 0) throw new NotReached('the service returned no error')
    const found = new Set(
      errors
        .map((answer) => [answer.code, find(answer)] as const)
        .filter(([, difference]) => difference !== '')
        .map((words) => words.join(' ')),
    )
    requireThat(found.size === 0, [...found].join('; '))
    return Promise.resolve()
  }
}

/** The errors whose status the later notice changes are those of the product. */
function isOfProduct(code: keyof typeof documentedErrors): boolean {
  return statusOf(code, 'documented') !== statusOf(code, 'later')
}
