import type { IncomingMessage } from 'node:http'
import type { Broker } from './broker/broker.ts'
import { REDIRECTED_PATH } from './faults/broken-replies.ts'
import { readFaultOrders, type FaultQueue } from './faults/orders.ts'
import { bodyReply, JSON_TYPE, type Reply } from './http/reply.ts'
import { operationNames } from './operations.ts'
import type { RequestLog } from './request-log.ts'
import type { Service } from './service/service.ts'
import { ShapeError } from './world/shape.ts'

/** The start of the paths that control the emulator and are not part of the service. */
export const CONTROL_PREFIX = '/_emulator/'

/** What the control paths read and change. */
export type Controlled = {
  readonly service: Service
  readonly faults: FaultQueue
  readonly log: RequestLog
  readonly broker: Pick<Broker, 'reset'>
  readonly stop: () => void
}

/** Answers a request to a control path. Refuses one that is not addressed to the emulator itself with 403. */
export function control(emulator: Controlled, request: IncomingMessage, body: Buffer): Reply {
  const url = new URL(request.url ?? '/', 'https://localhost')
  // Under any name, because a client that is redirected keeps the Host of the service.
  if (url.pathname === REDIRECTED_PATH) return redirected(emulator, request)
  const reason = whyForeign(request.headersDistinct, request.socket.localPort ?? 0)
  if (reason !== undefined) return json(403, { message: reason })
  switch (`${request.method ?? ''} ${url.pathname}`) {
    case 'POST /_emulator/faults':
      return addFaults(emulator, body)
    case 'GET /_emulator/requests':
      return json(200, emulator.log.list(url.searchParams.get('operation') ?? undefined))
    case 'DELETE /_emulator/state':
      emulator.service.reset()
      emulator.broker.reset()
      emulator.faults.clear()
      emulator.log.clear()
      return noContent()
    case 'POST /_emulator/stop':
      return stopAfterReply(emulator)
    default:
      return json(404, { message: `There is no ${request.method ?? ''} ${url.pathname}.` })
  }
}

function addFaults({ faults }: Controlled, body: Buffer): Reply {
  try {
    const orders = readFaultOrders(JSON.parse(body.toString('utf8')), operationNames)
    faults.add(orders)
    return json(200, { added: orders.length })
  } catch (error) {
    if (error instanceof ShapeError || error instanceof SyntaxError)
      return json(400, { message: error.message })
    throw error
  }
}

function stopAfterReply({ stop }: Controlled): Reply {
  const reply = noContent()
  return {
    ...reply,
    send: (response) => {
      response.on('close', stop)
      reply.send(response)
    },
  }
}

/** Logs a client that followed a redirect, which it must not do. */
function redirected({ service, log }: Controlled, request: IncomingMessage): Reply {
  log.add({
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

function json(status: number, value: object): Reply {
  return bodyReply({ status, type: JSON_TYPE, body: JSON.stringify(value) })
}

function noContent(): Reply {
  return bodyReply({ status: 204, type: JSON_TYPE, body: '' })
}

/** The names of loopback, where the emulator listens. */
const OWN_NAMES = ['127.0.0.1', 'localhost', '[::1]']
/** What a browser sends for a page of the emulator itself, and for an address that its user types. */
const OWN_SITES = ['same-origin', 'none']
/** Clients omit this port from an address. */
const DEFAULT_PORT = 443

/**
 * Tells why a request is not meant for the emulator itself. Returns `undefined` if it is.
 *
 * A web page can send requests to loopback, across sites or under a domain of its own that resolves to 127.0.0.1 (DNS
 * rebinding). The browser shows this in these headers, which a page cannot change.
 *
 * @param port the one that the emulator listens on
 */
export function whyForeign(headers: IncomingMessage['headersDistinct'], port: number): string | undefined {
  const hosts = OWN_NAMES.flatMap((name) =>
    port === DEFAULT_PORT ? [name, `${name}:${port}`] : [`${name}:${port}`],
  )
  // A header that is sent twice becomes a text that equals no allowed value.
  const sent = (name: string): string | undefined => headers[name]?.join(', ')
  const host = sent('host') ?? ''
  if (!hosts.includes(host.toLowerCase())) return invalid('Host', host, `Use one of: ${hosts.join(', ')}.`)

  const origin = sent('origin')
  if (origin !== undefined && !hosts.some((own) => origin === `https://${own}`))
    return invalid('Origin', origin, OTHER_ORIGIN)

  const site = sent('sec-fetch-site')
  if (site !== undefined && !OWN_SITES.includes(site)) return invalid('Sec-Fetch-Site', site, OTHER_ORIGIN)
  return undefined
}

const OTHER_ORIGIN = 'A page of another origin must not control the emulator.'

function invalid(header: string, value: string, fix: string): string {
  return `Invalid ${header} header for a control path: "${value}". ${fix}`
}
