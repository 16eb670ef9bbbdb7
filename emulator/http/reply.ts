import type { ServerResponse } from 'node:http'

export const JSON_TYPE = 'application/json;charset=utf-8'

/** A response before it is serialized as JSON. */
export type Answer = {
  readonly status: number
  /** The error code; `null` for a success. */
  readonly code: string | null
  readonly body: Readonly<Record<string, unknown>>
}

/** What is sent over the network, and what the request log shows of it. */
export type Reply = {
  /** `null` if no response head is sent. */
  readonly status: number | null
  readonly code: string | null
  readonly send: (response: ServerResponse) => void
}

export function jsonReply({ status, code, body }: Answer): Reply {
  return bodyReply({ status, code, type: JSON_TYPE, body: JSON.stringify(body) })
}

/** Makes a reply with any body. */
export function bodyReply(answer: {
  readonly status: number
  readonly code?: string | null
  readonly type: string
  readonly body: string
  readonly headers?: Readonly<Record<string, string>>
}): Reply {
  const { status, code = null, type, body, headers } = answer
  return {
    status,
    code,
    send: (response) => {
      const length = { 'content-length': Buffer.byteLength(body) }
      response.writeHead(status, { 'content-type': type, ...length, ...headers }).end(body)
    },
  }
}
