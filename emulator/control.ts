import type { IncomingMessage } from 'node:http'
import { REDIRECTED_PATH } from './broken-replies.ts'
import { readFaultOrders } from './faults.ts'
import { operationNames } from './operations.ts'
import { whyForeign } from './own-address.ts'
import { bodyReply, JSON_TYPE, type Reply } from './reply.ts'
import type { Service } from './service.ts'
import { ShapeError } from './shape.ts'

/** Where the paths begin that steer the emulator and are no part of the service. */
export const CONTROL_PREFIX = '/_emulator/'

/** Answers a request to a control path. One that is not addressed to the emulator itself is refused with 403. */
export function control(service: Service, request: IncomingMessage, body: Buffer): Reply {
  const url = new URL(request.url ?? '/', 'https://localhost')
  // Part of the service, under any name: a client that is redirected keeps the Host that it called the service by.
  if (url.pathname === REDIRECTED_PATH) return redirected(service, request)
  const message = whyForeign(request.headersDistinct, request.socket.localPort ?? 0)
  return message === undefined ? carryOut(service, request, url, body) : json(403, { message })
}

function carryOut(service: Service, request: IncomingMessage, url: URL, body: Buffer): Reply {
  switch (`${request.method ?? ''} ${url.pathname}`) {
    case 'POST /_emulator/faults':
      return addFaults(service, body)
    case 'GET /_emulator/requests':
      return json(200, service.state.log.list(url.searchParams.get('operation') ?? undefined))
    case 'DELETE /_emulator/state':
      service.reset()
      return bodyReply({ status: 204, type: JSON_TYPE, body: '' })
    case 'POST /_emulator/stop':
      return stop(service)
    default:
      return json(404, { message: `There is no ${request.method ?? ''} ${url.pathname}.` })
  }
}

function addFaults(service: Service, body: Buffer): Reply {
  try {
    const orders = readFaultOrders(JSON.parse(body.toString('utf8')), operationNames)
    service.state.faults.add(orders)
    return json(200, { added: orders.length })
  } catch (error) {
    if (error instanceof ShapeError || error instanceof SyntaxError)
      return json(400, { message: error.message })
    throw error
  }
}

/** Stops the service when whoever asked for it has the answer. */
function stop(service: Service): Reply {
  const reply = bodyReply({ status: 204, type: JSON_TYPE, body: '' })
  return {
    ...reply,
    send: (response) => {
      response.on('close', () => {
        service.stop()
      })
      reply.send(response)
    },
  }
}

/** A client followed a redirect, which it should not. The log tells. */
function redirected(service: Service, request: IncomingMessage): Reply {
  service.state.log.add({
    operation: 'redirected',
    status: 200,
    code: null,
    time: new Date(service.now()).toISOString(),
    requestId: '',
    fault: null,
    parameters: {},
    userAgent: request.headers['user-agent'] ?? '',
  })
  return json(200, { RequestId: 'REDIRECTED', RegisterCode: 'from-a-redirect' })
}

function json(status: number, value: unknown): Reply {
  return bodyReply({ status, type: JSON_TYPE, body: JSON.stringify(value) })
}
