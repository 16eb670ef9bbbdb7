import type { ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { Call } from '../http/call.ts'
import { bodyReply, JSON_TYPE, type Reply } from '../http/reply.ts'

/** The target of the fault `redirect`. The request log shows a client that follows it. */
export const REDIRECTED_PATH = '/_emulator/redirected'

const HTML = '<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>\n'
const DRIBBLE_MS = 200
const LARGE_BODY_CHUNKS = 4096
const LARGE_BODY_CHUNK = Buffer.alloc(64 * 1024, 'A')

type MakeReply = (call: Call, requestId: string) => Reply

/** What a network, a proxy or a failing service sends instead of the response, by the name of the fault. */
export const brokenReplies = {
  reset: () => unanswered((response) => response.destroy()),
  hang: () => unanswered(() => undefined),
  'reset-in-body': (_, requestId) =>
    begun((response) => {
      const half = halfOfSuccess(requestId)
      response.setHeader('content-length', 2 * half.length)
      response.write(half, () => response.destroy())
    }),
  dribble: () =>
    begun((response) => {
      const timer = setInterval(() => response.write(' '), DRIBBLE_MS)
      response.on('close', () => {
        clearInterval(timer)
      })
    }),
  'large-body': () =>
    begun((response) => {
      pipeline(Readable.from(largeBody()), response).catch(() => {
        // The client has closed the connection.
      })
    }),
  html: () => bodyReply({ status: 502, type: 'text/html', body: HTML }),
  'html-200': () => bodyReply({ status: 200, type: 'text/html', body: HTML }),
  empty: () => bodyReply({ status: 200, type: JSON_TYPE, body: '' }),
  'empty-500': () => bodyReply({ status: 500, type: JSON_TYPE, body: '' }),
  truncated: (_, requestId) => bodyReply({ status: 200, type: JSON_TYPE, body: halfOfSuccess(requestId) }),
  'no-code': (_, requestId) =>
    bodyReply({ status: 200, type: JSON_TYPE, body: JSON.stringify({ RequestId: requestId }) }),
  'null-body': () => bodyReply({ status: 200, type: JSON_TYPE, body: 'null' }),
  'array-body': () => bodyReply({ status: 200, type: JSON_TYPE, body: '[]' }),
  redirect: (call) => {
    const location = `https://${call.headers['host']?.[0] ?? 'localhost'}${REDIRECTED_PATH}`
    return bodyReply({ status: 302, type: 'text/html', body: '', headers: { location } })
  },
} satisfies Record<string, MakeReply>

function unanswered(send: Reply['send']): Reply {
  return { status: null, code: null, send }
}

function begun(send: Reply['send']): Reply {
  return {
    status: 200,
    code: null,
    send: (response: ServerResponse) => {
      response.statusCode = 200
      response.setHeader('content-type', JSON_TYPE)
      send(response)
    },
  }
}

function halfOfSuccess(requestId: string): string {
  return `{"RequestId":"${requestId}","Regis`
}

function* largeBody(): Generator<Buffer | string> {
  yield '{"RequestId":"'
  for (let chunk = 0; chunk < LARGE_BODY_CHUNKS; chunk += 1) yield LARGE_BODY_CHUNK
  yield '"}'
}
