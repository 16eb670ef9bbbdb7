import { Agent, request } from 'node:https'
import type { FaultOrder } from './faults.ts'
import type { LoggedRequest } from './request-log.ts'

/** Uses the control paths of an emulator. */
export type ControlClient = {
  /** What it received, oldest first, of one operation or of all. */
  readonly requests: (operation?: string) => Promise<LoggedRequest[]>
  /** Orders faults, behind the ones that are ordered already. */
  readonly setFaults: (orders: readonly FaultOrder[]) => Promise<void>
  /** Forgets faults, requests, codes, nonces and all else that happened. */
  readonly reset: () => Promise<void>
  /** Ends it. It may take a moment longer than its answer. */
  readonly stop: () => Promise<void>
}

/**
 * @param endpoint `host:port`
 * @param ca PEM of the CA to trust. Each emulator has one of its own, so that no other can answer in its place
 * @param timeoutMs for each call; none when left out
 */
export function controlClient(endpoint: string, ca: string, timeoutMs?: number): ControlClient {
  const call = async (method: string, path: string, body?: unknown): Promise<string> => {
    const { status, text } = await send({
      url: `https://${endpoint}/_emulator/${path}`,
      method,
      ca,
      body,
      timeoutMs,
    })
    if (status >= 300) throw new Error(`The emulator refused ${method} ${path}: ${text}`)
    return text
  }
  return {
    requests: async (operation) => {
      const filter = operation === undefined ? '' : `?operation=${encodeURIComponent(operation)}`
      // Written by the emulator as this very type.
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

/** Keeps connections, which do not keep the process alive while they wait. */
const agent = new Agent({ keepAlive: true })

async function send(what: {
  url: string
  method: string
  ca: string
  body: unknown
  timeoutMs: number | undefined
}): Promise<{ status: number; text: string }> {
  const { url, method, ca, body, timeoutMs } = what
  const signal = timeoutMs === undefined ? undefined : AbortSignal.timeout(timeoutMs)
  return new Promise((resolve, reject) => {
    const outgoing = request(url, { method, ca, agent, signal }, (response) => {
      let text = ''
      response.setEncoding('utf8')
      response.on('data', (chunk: string) => (text += chunk))
      response.on('error', reject)
      response.on('end', () => {
        resolve({ status: response.statusCode ?? 0, text })
      })
    })
    outgoing.on('error', reject)
    outgoing.end(body === undefined ? undefined : JSON.stringify(body))
  })
}
