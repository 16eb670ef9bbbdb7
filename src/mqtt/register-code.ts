import { call, type Service } from '../alibaba-cloud/call.ts'
import { AttemptError } from '../attempts/failures.ts'
import { requestIdIn, textIn } from '../attempts/response.ts'
import type { Tried } from '../attempts/retry.ts'
import { isRegisterCode } from '../register-code.ts'
import { type Instance, mqttCall } from './call.ts'

/** A register code: what a verification certificate carries as its Common Name. */
export type RegisterCode = {
  readonly registerCode: string
  /** Of the call; empty when the service gave none that looks like one. */
  readonly requestId: string
}

/**
 * Fetches a register code. Each call may give another one, and each can be used once.
 *
 * @returns registerCode: a UUID followed by digits, in every example seen; not masked yet
 * @throws ActionError
 * @see https://www.alibabacloud.com/help/en/apsaramq-for-mqtt/mqtt-upgraded/developer-reference/api-onsmqtt-2020-04-20-getregistercode
 */
export async function getRegisterCode(service: Service, instance: Instance): Promise<Tried<RegisterCode>> {
  const operation = 'GetRegisterCode'
  const what = mqttCall(instance, { operation, method: 'GET', ramAction: `mq:${operation}` })
  return await call(service, what, readRegisterCode)
}

function readRegisterCode(answer: Readonly<Record<string, unknown>>): RegisterCode {
  const requestId = requestIdIn(answer)
  const registerCode = textIn(answer, 'RegisterCode')
  if (registerCode === undefined) {
    throw new AttemptError({ kind: 'broken-answer', what: 'answered without a register code', requestId })
  }
  // It becomes a Common Name and a word of a script: what could break either is no code, and is not shown.
  if (!isRegisterCode(registerCode)) {
    const what = /[\s\p{C}]/u.test(registerCode)
      ? 'answered with a register code with white space or control characters in it'
      : 'answered with something that cannot be a register code'
    throw new AttemptError({ kind: 'broken-answer', what, requestId })
  }
  return { registerCode, requestId: requestId ?? '' }
}
