import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { runStep } from '../../testing/run-step.ts'
import { emulated, keyless } from '../support/emulated.ts'

const service = emulated()
let asked = 0
/** An HTTP server and proxy without TLS. It must receive no request. */
let plain: Server

beforeAll(async () => {
  plain = createServer((_, response) => {
    asked++
    response.end(JSON.stringify({ value: 'a.b.c' }))
  })
  plain.on('connect', (_, socket) => {
    asked++
    socket.end('HTTP/1.1 503 Service Unavailable\r\n\r\n')
  })
  await once(plain.listen(0, '127.0.0.1'), 'listening')
})
afterAll(async () => {
  plain.close()
  await once(plain, 'close')
})

describe('ACTIONS_ID_TOKEN_REQUEST_URL', () => {
  const place = () => `127.0.0.1:${(plain.address() as AddressInfo).port}`

  it.each<[string, () => string]>([
    ['http', () => `http://${place()}/token?api-version=2.0`],
    ['http in capitals', () => `HTTP://${place()}/token?api-version=2.0`],
    ['http by a name', () => 'http://token.example/token?api-version=2.0'],
    ['ftp', () => `ftp://${place()}/token?api-version=2.0`],
    ['file', () => 'file:///etc/hostname?api-version=2.0'],
    ['data', () => 'data:application/json,{"value":"a.b.c"}'],
  ])('is refused without a request when it is not an https: URL: %s', async (_, url) => {
    const { inputs, env } = keyless(service.emulator)
    const before = asked
    for (const proxy of ['', `http://${place()}`]) {
      const ACTIONS_ID_TOKEN_REQUEST_URL = url()
      const run = await runStep('.', inputs, {
        env: { ...env, ACTIONS_ID_TOKEN_REQUEST_URL, HTTPS_PROXY: proxy, HTTP_PROXY: proxy },
      })
      expect(run.exitCode).toBe(1)
      expect(run.annotations).toEqual([
        expect.stringMatching(
          /^Invalid ACTIONS_ID_TOKEN_REQUEST_URL: it is not an https:\/\/ URL\. The runner sets this variable/,
        ),
      ])
      expect(run.annotations[0]).not.toContain('token?')
    }
    expect(asked).toBe(before)
    expect(await service.emulator.requests()).toEqual([])
  })
})
