import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import { Agent, request } from 'node:https'
import { text } from 'node:stream/consumers'
import type { FaultOrder } from './faults/orders.ts'
import type { LoggedRequest } from './request-log.ts'

/** A client of an emulator's control paths. */
export type ControlClient = {
  /** Returns the requests that it received, oldest first, of one operation or of all. */
  readonly requests: (operation?: string) => Promise<LoggedRequest[]>
  /** Adds fault orders to those that still apply. */
  readonly setFaults: (orders: readonly FaultOrder[]) => Promise<void>
  /** Forgets faults, requests, codes, nonces and everything else that has happened. */
  readonly reset: () => Promise<void>
  /** Stops the emulator. The process can end a moment after its response. */
  readonly stop: () => Promise<void>
}

/**
 * @param endpoint `host:port`
 * @param ca PEM of the CA to trust. Each emulator has its own, so no other server can respond instead
 * @param timeoutMs for each call; no limit by default
 */
export function controlClient(endpoint: string, ca: string, timeoutMs?: number): ControlClient {
  const call = async (method: string, path: string, body?: unknown): Promise<string> => {
    const url = `https://${endpoint}/_emulator/${path}`
    const answer = await send({ url, method, ca, body, timeoutMs })
    if (answer.status >= 300) throw new Error(`The emulator refused ${method} ${path}: ${answer.text}`)
    return answer.text
  }
  return {
    requests: async (operation) => {
      const filter = operation === undefined ? '' : `?operation=${encodeURIComponent(operation)}`
      // The emulator serializes this type.
      return JSON.parse(await call('GET', `requests${filter}`)) as LoggedRequest[]
    },
    setFaults: async (orders) => {
      await call('POST', 'faults', orders)
    },
    reset: async () => {
      await call('DELETE', 'state')
    },
    stop: async () => {
      await call('POST', 'stop')
    },
  }
}

/** Keeps connections for the next request. Node does not wait for idle ones when a process ends. */
const agent = new Agent({ keepAlive: true })

async function send(options: {
  readonly url: string
  readonly method: string
  readonly ca: string
  readonly body: unknown
  readonly timeoutMs: number | undefined
}): Promise<{ status: number; text: string }> {
  const { url, method, ca, body, timeoutMs } = options
  const signal = timeoutMs === undefined ? undefined : AbortSignal.timeout(timeoutMs)
  const outgoing = request(url, { method, ca, agent, signal })
  outgoing.end(body === undefined ? undefined : JSON.stringify(body))
  const [response] = (await once(outgoing, 'response')) as [IncomingMessage]
  return { status: response.statusCode ?? 0, text: await text(response) }
}
