import type { ServerResponse } from 'node:http'
import type { Answer } from './service.ts'

export const JSON_TYPE = 'application/json;charset=utf-8'

/** What goes back over the network, and what the log says of it. */
export type Reply = {
  /** `null` when no head is sent. */
  readonly status: number | null
  readonly code: string | null
  readonly send: (response: ServerResponse) => void
}

/** A JSON answer, as the service sends it. */
export function jsonReply({ status, code, body }: Answer): Reply {
  return bodyReply({ status, code, type: JSON_TYPE, body: JSON.stringify(body) })
}

/** An answer with any body. */
export function bodyReply(answer: {
  readonly status: number
  readonly code?: string | null
  readonly type: string
  readonly body: string
  readonly headers?: Readonly<Record<string, string>>
}): Reply {
  return {
    status: answer.status,
    code: answer.code ?? null,
    send: (response) => {
      const length = { 'content-length': Buffer.byteLength(answer.body) }
      response.writeHead(answer.status, { 'content-type': answer.type, ...length, ...answer.headers })
      response.end(answer.body)
    },
  }
}
