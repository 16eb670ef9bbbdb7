import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { ClientRequest, IncomingMessage } from 'node:http'

/** What is known of a response, whatever the SDK makes of its body. */
export type ResponseHead = {
  readonly status: number
  readonly contentType: string
  /** The target of a redirect. */
  readonly location: string | undefined
  /** The other side's clock: its `Date` header. */
  readonly date: string | undefined
}

/** The code of the error that ends a response that is too long. */
export const RESPONSE_TOO_LARGE = 'RESPONSE_TOO_LARGE'
/** In MiB. Far more than any response of Alibaba Cloud's operations. */
export const MAX_RESPONSE = 1
const MIB_BYTES = 1024 * 1024
/** Four times what is shown of a message. */
const MAX_MESSAGE_LENGTH = 4000

/**
 * The symbol under which the HTTP library of the SDK has a timer in the socket. It does not stop that timer when the SDK
 * reads the response, so each request stays in memory for as long as it could have lasted.
 */
const SDK_TIMER = 'TIMER::READ_TIMER'

const REQUESTS = 'http.client.request.created'
const RESPONSES = 'http.client.response.finish'

/**
 * Watches for the response to a request. The SDK does not tell status and headers when a body is not JSON, and reads a
 * body of any length into memory. Node publishes every request and every response that begins on diagnostics channels.
 *
 * @param isOwn whether the request that is made right now is the one to watch; others can be on their way
 * @param maxMib how long the response may be
 * @returns head: of the response, once one began; stop: ends the watch
 */
export function watchResponse(
  isOwn: () => boolean,
  maxMib = MAX_RESPONSE,
): { head: ResponseHead | undefined; stop: () => void } {
  let own: ClientRequest | undefined
  const watch = {
    head: undefined as ResponseHead | undefined,
    stop: () => {
      unsubscribe(REQUESTS, onRequest)
      unsubscribe(RESPONSES, onResponse)
    },
  }
  const onRequest = (message: unknown): void => {
    const { request } = message as { request: ClientRequest }
    // Before the request itself, one can open a tunnel.
    if (request.method !== 'CONNECT' && isOwn()) own = request
  }
  const onResponse = (message: unknown): void => {
    const { request, response } = message as { request: ClientRequest; response: IncomingMessage }
    if (request !== own) return
    const { headers, statusCode, socket } = response
    watch.head = {
      status: statusCode ?? 0,
      contentType: headers['content-type'] ?? '',
      location: headers.location,
      date: headers.date,
    }
    let bytes = 0
    const count = (chunk: Buffer): void => {
      bytes += chunk.length
      if (bytes > maxMib * MIB_BYTES) {
        response.destroy(Object.assign(new Error('too large'), { code: RESPONSE_TOO_LARGE }))
      }
    }
    socket.on('data', count)
    // The next request uses the same connection.
    response.once('close', () => {
      socket.off('data', count)
      const timer = Object.getOwnPropertySymbols(socket).find(({ description }) => description === SDK_TIMER)
      if (timer !== undefined) clearTimeout((socket as unknown as Record<symbol, NodeJS.Timeout>)[timer])
    })
  }
  subscribe(REQUESTS, onRequest)
  subscribe(RESPONSES, onResponse)
  return watch
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Returns the text in a field of a response; `undefined` if the field is missing, empty, or not a string. */
export function textIn(record: Readonly<Record<string, unknown>>, key: string): string | undefined {
  const value = record[key]
  return typeof value === 'string' && value !== '' ? value : undefined
}

/** Returns the request ID of a response; `undefined` if there is none that looks like one. */
export function requestIdIn(response: Readonly<Record<string, unknown>>): string | undefined {
  const id = textIn(response, 'RequestId')
  return id !== undefined && /^[A-Za-z0-9-]{1,64}$/.test(id) ? id : undefined
}

/** Returns a message in a response: empty if there is none, and cut to 4,000 characters. */
export function messageIn(response: Readonly<Record<string, unknown>>, key: string): string {
  return (textIn(response, key) ?? '').slice(0, MAX_MESSAGE_LENGTH)
}
