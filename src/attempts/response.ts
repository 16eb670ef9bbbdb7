import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { IncomingMessage } from 'node:http'

/** What is known of a response, however the SDK fares with its body. */
export type ResponseHead = {
  readonly status: number
  readonly contentType: string
  /** Where a redirect points. */
  readonly location: string | undefined
  /** The other side's clock, as its `Date` header has it. */
  readonly date: string | undefined
}

/** More than any answer of these operations by far; what is longer does not come from the service. */
const MAX_ANSWER_BYTES = 1024 * 1024

const CHANNEL = 'http.client.response.finish'

/**
 * Watches for the response to the request that is made next. The SDK keeps status and headers to itself when a
 * body is no JSON, and reads a body of any length into memory; Node tells of every response that begins, on a
 * diagnostics channel.
 *
 * @returns head: of the response, when one came; stop: ends the watch
 */
export function watchResponse(): { head: ResponseHead | undefined; stop: () => void } {
  const watch = {
    head: undefined as ResponseHead | undefined,
    stop: () => {
      unsubscribe(CHANNEL, onResponse)
    },
  }
  const onResponse = (message: unknown): void => {
    const { response } = message as { response: IncomingMessage }
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
      if (bytes > MAX_ANSWER_BYTES) {
        response.destroy(Object.assign(new Error('too long'), { code: ANSWER_TOO_LONG }))
      }
    }
    socket.on('data', count)
    // The next request goes over the same connection.
    response.once('close', () => socket.off('data', count))
  }
  subscribe(CHANNEL, onResponse)
  return watch
}

/** The code of the error that ends an answer of more than a mebibyte. */
export const ANSWER_TOO_LONG = 'ANSWER_TOO_LONG'

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** A text of an answer's field; `undefined` when it is not there, empty, or no text. */
export function textIn(record: Readonly<Record<string, unknown>>, key: string): string | undefined {
  const value = record[key]
  return typeof value === 'string' && value !== '' ? value : undefined
}

/** The request id of an answer; `undefined` when there is none that looks like one. */
export function requestIdIn(answer: Readonly<Record<string, unknown>>): string | undefined {
  const id = textIn(answer, 'RequestId')
  return id !== undefined && /^[A-Za-z0-9-]{1,64}$/.test(id) ? id : undefined
}

/** A message in an answer: empty when there is none, and never longer than is worth reading. */
export function messageIn(answer: Readonly<Record<string, unknown>>, key: string): string {
  return (textIn(answer, key) ?? '').slice(0, MAX_MESSAGE_LENGTH)
}

/** Four times what is shown of one. */
const MAX_MESSAGE_LENGTH = 4000
