import { randomUUID } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { readCall, type Call } from './call.ts'
import { control, CONTROL_PREFIX } from './control.ts'
import { faultName, replyWithFault } from './fault-replies.ts'
import { GITHUB_ID_TOKEN, ID_TOKEN_PATH } from './github-id-token.ts'
import { bodyReply, jsonReply } from './reply.ts'
import type { Service } from './service.ts'

const MAX_BODY_BYTES = 1024 * 1024
/** Parameters that the log leaves out: secrets, and what every signature has. */
const UNLOGGED = /^(Signature.*|SecurityToken|OIDCToken|AccessKeyId|Timestamp|Format|Action|Version)$/
const MAX_LOGGED_LENGTH = 256

/** Takes every request that comes in over the network. */
export async function serve(
  service: Service,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  // The service's clock is seen from outside in this header.
  response.setHeader('date', new Date(service.now()).toUTCString())
  const body = await readBody(request)
  if (body === undefined) {
    bodyReply({ status: 413, type: 'text/plain', body: 'The request body is too large.\n' }).send(response)
    return
  }
  if (request.url?.startsWith(CONTROL_PREFIX) === true) {
    control(service, request, body).send(response)
    return
  }
  const call = readCall(request, body)
  const operation = call.path === ID_TOKEN_PATH ? GITHUB_ID_TOKEN : call.operation
  serveCall(service, { ...call, operation }, response)
}

function serveCall(service: Service, call: Call, response: ServerResponse): void {
  const requestId = randomUUID().toUpperCase()
  const fault = service.state.faults.take(call.operation)
  const reply =
    fault === undefined
      ? jsonReply(service.answer(call, requestId))
      : replyWithFault(fault, { call, requestId, service })
  service.state.log.add({
    operation: call.operation,
    status: reply.status,
    code: reply.code,
    time: new Date(service.now()).toISOString(),
    requestId,
    fault: fault === undefined ? null : faultName(fault),
    parameters: loggable(call),
    userAgent: call.headers['user-agent']?.[0] ?? '',
  })
  reply.send(response)
}

function loggable(call: Call): Record<string, string> {
  const entries = [...call.parameters].filter(
    ([name, value]) => !UNLOGGED.test(name) && value.length <= MAX_LOGGED_LENGTH,
  )
  return Object.fromEntries(entries)
}

/** @returns `undefined` when it is larger than anything that the service takes */
async function readBody(request: IncomingMessage): Promise<Buffer | undefined> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length
    if (size > MAX_BODY_BYTES) return undefined
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}
