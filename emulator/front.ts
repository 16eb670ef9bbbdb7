import { randomUUID } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { control, CONTROL_PREFIX, type Controlled } from './control.ts'
import { faultName, replyWithFault } from './faults/replies.ts'
import { readCall, type Call } from './http/call.ts'
import { bodyReply, jsonReply, type Reply } from './http/reply.ts'
import { readBody } from './http/server.ts'
import { answer } from './operations.ts'
import { GITHUB_ID_TOKEN, ID_TOKEN_PATH } from './ram/id-tokens.ts'

/** Handles every request: a control path, or a call that meets a fault or is answered. */
export async function serve(
  emulator: Controlled,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  // Clients read the service's clock from this header.
  response.setHeader('date', new Date(emulator.service.now()).toUTCString())
  const body = await readBody(request)
  replyTo(emulator, request, body).send(response)
}

function replyTo(emulator: Controlled, request: IncomingMessage, body: Buffer | undefined): Reply {
  if (body === undefined)
    return bodyReply({ status: 413, type: 'text/plain', body: 'The request body is too large.\n' })
  if (request.url?.startsWith(CONTROL_PREFIX) === true) return control(emulator, request, body)
  const call = readCall(request, body)
  const operation = call.path === ID_TOKEN_PATH ? GITHUB_ID_TOKEN : call.operation
  return replyToCall(emulator, { ...call, operation })
}

function replyToCall({ service, faults, log }: Controlled, call: Call): Reply {
  const requestId = randomUUID().toUpperCase()
  const fault = faults.take(call.operation)
  const reply =
    fault === undefined
      ? jsonReply(answer(call, requestId, service))
      : replyWithFault(fault, { call, requestId, service })
  log.add({
    operation: call.operation,
    status: reply.status,
    code: reply.code,
    time: new Date(service.now()).toISOString(),
    requestId,
    fault: fault === undefined ? null : faultName(fault),
    parameters: loggable(call),
    userAgent: call.headers['user-agent']?.[0] ?? '',
  })
  return reply
}

/** Parameters that the log omits: secrets, and what every signature has. */
const UNLOGGED = /^(Signature.*|SecurityToken|OIDCToken|AccessKeyId|Timestamp|Format|Action|Version)$/
const MAX_LOGGED_LENGTH = 256

function loggable(call: Call): Record<string, string> {
  const isLoggable = ([name, value]: [string, string]): boolean =>
    !UNLOGGED.test(name) && value.length <= MAX_LOGGED_LENGTH
  return Object.fromEntries([...call.parameters].filter(isLoggable))
}
