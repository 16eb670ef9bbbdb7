import { call } from '../alibaba-cloud/call.ts'
import type { ApiResponse, Service } from '../alibaba-cloud/client.ts'
import { AttemptError } from '../attempts/failures.ts'
import { requestIdIn, textIn } from '../attempts/response.ts'
import type { Outcome } from '../attempts/retry.ts'
import { isRegisterCode } from '../register-code.ts'
import { mqttCall, type Instance } from './call.ts'

/** A register code: the Common Name of a verification certificate. */
export type RegisterCode = {
  readonly registerCode: string
  /** Of the call; empty if the response has no valid one. */
  readonly requestId: string
}

/**
 * Fetches a register code. Each call may return another one, and each code can be used once.
 *
 * @returns registerCode: not masked yet; a UUID followed by digits in every known example
 * @throws ActionError
 * @see https://www.alibabacloud.com/help/en/apsaramq-for-mqtt/mqtt-upgraded/developer-reference/api-onsmqtt-2020-04-20-getregistercode
 */
export async function getRegisterCode(service: Service, instance: Instance): Promise<Outcome<RegisterCode>> {
  return await call(service, mqttCall(instance, { name: 'GetRegisterCode', method: 'GET', read }))
}

function read(response: ApiResponse): RegisterCode {
  const requestId = requestIdIn(response)
  const registerCode = textIn(response, 'RegisterCode')
  if (registerCode === undefined) {
    throw new AttemptError({ kind: 'broken-response', what: 'responded without a register code', requestId })
  }
  // It becomes a Common Name and a word of a script. Anything that could break either is not shown.
  if (!isRegisterCode(registerCode)) {
    const what = /[\s\p{C}]/u.test(registerCode)
      ? 'responded with a register code that contains white space or control characters'
      : 'responded with something that is not a register code'
    throw new AttemptError({ kind: 'broken-response', what, requestId })
  }
  return { registerCode, requestId: requestId ?? '' }
}
