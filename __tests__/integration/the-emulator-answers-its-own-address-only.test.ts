import { readFileSync } from 'node:fs'
import { request } from 'node:https'
import { createConnection } from 'node:net'
import { networkInterfaces } from 'node:os'
import { text } from 'node:stream/consumers'
import { describe, expect, it } from '@jest/globals'
import type { IncomingMessage } from 'node:http'
import { whyForeign } from '../../emulator/control.ts'
import { emulated } from '../support/emulated.ts'

const service = emulated()
const port = (): string => service.emulator.info.endpoint.split(':').at(-1) ?? ''

/** Headers by name and value, as they are sent. `PORT` in a value is the emulator's. */
type Headers = readonly (readonly [name: string, value: string])[]
type Answer = {
  readonly status: number | undefined
  readonly location?: string | undefined
  readonly body: string
}

/** Sends these headers and Content-Length, and no others. */
async function send(method: string, path: string, headers: Headers, body = ''): Promise<Answer> {
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>()
  const outgoing = request(
    {
      host: '127.0.0.1',
      port: port(),
      // Otherwise Node would verify the certificate against the name in Host.
      servername: 'localhost',
      ca: readFileSync(service.emulator.info.caFile),
      agent: false,
      method,
      path,
      headers: [...headers, ['Content-Length', String(body.length)] as const].flatMap(([name, value]) => [
        name,
        value.replaceAll('PORT', port()),
      ]),
    },
    resolve,
  )
  outgoing.on('error', reject)
  outgoing.end(body)
  const response = await promise
  return { status: response.statusCode, location: response.headers.location, body: await text(response) }
}

const ownHost = ['Host', '127.0.0.1:PORT'] as const

describe('the control paths of the emulator', () => {
  it.each<[string, Headers]>([
    ['127.0.0.1', [ownHost]],
    ['localhost', [['Host', 'localhost:PORT']]],
    ['localhost in capitals', [['Host', 'LOCALHOST:PORT']]],
    ['::1', [['Host', '[::1]:PORT']]],
    ['its own origin', [ownHost, ['Origin', 'https://127.0.0.1:PORT']]],
    ['the origin of another of its names', [ownHost, ['Origin', 'https://localhost:PORT']]],
    ['a page from the same origin', [ownHost, ['Sec-Fetch-Site', 'same-origin']]],
    ['the address bar of a browser', [ownHost, ['Sec-Fetch-Site', 'none']]],
  ])('answer a request with %s', async (_, headers) => {
    const orders = JSON.stringify([{ operation: 'GetRegisterCode', fault: 'html' }])
    expect(await send('POST', '/_emulator/faults', headers, orders)).toMatchObject({ status: 200 })
    expect(await send('GET', '/_emulator/requests', headers)).toMatchObject({ status: 200 })
    expect(await send('DELETE', '/_emulator/state', headers)).toMatchObject({ status: 204 })
  })

  it.each<[string, Headers, string]>([
    ['a foreign Host', [['Host', 'evil.example:PORT']], 'Host'],
    ['a foreign Host without a port', [['Host', 'evil.example']], 'Host'],
    ["a Host of the service's", [['Host', 'onsmqtt.cn-hangzhou.aliyuncs.com:PORT']], 'Host'],
    ['a name below localhost', [['Host', 'evil.localhost:PORT']], 'Host'],
    ['another port', [['Host', '127.0.0.1:1']], 'Host'],
    ['no port', [['Host', '127.0.0.1']], 'Host'],
    ['another address of loopback', [['Host', '127.0.0.2:PORT']], 'Host'],
    ['a user in Host', [['Host', 'evil@127.0.0.1:PORT']], 'Host'],
    ['an empty Host', [['Host', '']], 'Host'],
    ['two Hosts', [ownHost, ['Host', 'evil.example']], 'Host'],
    ['the same Host twice', [ownHost, ownHost], 'Host'],
    ['a foreign Origin', [ownHost, ['Origin', 'https://evil.example']], 'Origin'],
    ['the Origin of another port', [ownHost, ['Origin', 'https://127.0.0.1:1']], 'Origin'],
    ['its own Origin without TLS', [ownHost, ['Origin', 'http://127.0.0.1:PORT']], 'Origin'],
    ['the Origin null', [ownHost, ['Origin', 'null']], 'Origin'],
    ['an empty Origin', [ownHost, ['Origin', '']], 'Origin'],
    [
      'two Origins',
      [ownHost, ['Origin', 'https://127.0.0.1:PORT'], ['Origin', 'https://evil.example']],
      'Origin',
    ],
    ['a page of another site', [ownHost, ['Sec-Fetch-Site', 'cross-site']], 'Sec-Fetch-Site'],
    ['a page of another port', [ownHost, ['Sec-Fetch-Site', 'same-site']], 'Sec-Fetch-Site'],
  ])('refuse a request with %s and do nothing', async (_, headers, why) => {
    await callTheService()
    const orders = JSON.stringify([{ operation: '*', fault: 'html', times: 'always' }])
    const refused = [
      await send('POST', '/_emulator/faults', headers, orders),
      await send('DELETE', '/_emulator/state', headers),
      await send('GET', '/_emulator/requests', headers),
      await send('OPTIONS', '/_emulator/requests', headers),
      await send('POST', '/_emulator/stop', headers),
    ]
    await callTheService()
    for (const { status, body } of refused) {
      expect(status).toBe(403)
      expect(JSON.parse(body)).toEqual({
        message: expect.stringMatching(`^Invalid ${why} header for a control path: ".*"\\. `),
      })
    }
    // The emulator was neither reset nor stopped, and has no fault.
    expect(await service.emulator.requests()).toMatchObject([{ fault: null }, { fault: null }])
  })

  it('explain the refusal and name the valid hosts', async () => {
    const { body } = await send('POST', '/_emulator/stop', [['Host', 'evil.example']])
    const hosts = ['127.0.0.1', 'localhost', '[::1]'].map((name) => `${name}:${port()}`)
    expect(JSON.parse(body)).toEqual({
      message: `Invalid Host header for a control path: "evil.example". Use one of: ${hosts.join(', ')}.`,
    })
  })

  it('do not answer a request without a Host', async () => {
    expect(await send('DELETE', '/_emulator/state', [])).toMatchObject({ status: 400 })
    // HTTP/1.0, because Node accepts such a request without Host.
    expect(whyForeign({}, 8443)).toMatch(/^Invalid Host header for a control path: ""/)
  })

  it.each(['localhost', 'localhost:443'])('accept %s on port 443', (host) => {
    expect(whyForeign({ host: [host], origin: ['https://localhost'] }, 443)).toBeUndefined()
  })
})

describe('the service in the emulator', () => {
  it.each<[string, Headers]>([
    ['another Host', [['Host', 'onsmqtt.cn-hangzhou.aliyuncs.com']]],
    [
      'a foreign Origin',
      [
        ['Host', 'evil.example'],
        ['Origin', 'https://evil.example'],
      ],
    ],
  ])('answers a request with %s', async (_, headers) => {
    expect(await callTheService(headers)).toMatchObject({ body: expect.stringContaining('"HostId"') })
    expect(await service.emulator.requests('GetRegisterCode')).toHaveLength(1)
  })

  it.each(['onsmqtt.cn-hangzhou.aliyuncs.com:PORT', '127.0.0.1:PORT'])(
    'logs the second request of a client that follows a redirect from %s',
    async (host) => {
      await service.emulator.setFaults([{ operation: 'GetRegisterCode', fault: 'redirect' }])
      const { location = '' } = await callTheService([['Host', host]])
      const followed = new URL(location)
      expect(followed.host).toBe(host.replace('PORT', port()))
      expect(await send('GET', followed.pathname, [['Host', followed.host]])).toMatchObject({ status: 200 })
      expect(await service.emulator.requests('redirected')).toHaveLength(1)
    },
  )

  it('cannot be reached from another machine', async () => {
    const outside = Object.values(networkInterfaces())
      .flatMap((addresses) => addresses ?? [])
      .filter(({ internal, family }) => !internal && family === 'IPv4')
    for (const { address } of outside) expect(await connects(address)).toBe(false)
    expect(await connects('127.0.0.1')).toBe(true)
  })
})

/** Sends a request without a signature, which the service refuses and logs. */
async function callTheService(headers: Headers = [ownHost]): Promise<Answer> {
  return send('GET', '/?Action=GetRegisterCode&Version=2020-04-20', headers)
}

async function connects(address: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection({ host: address, port: Number(port()) })
    socket.on('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.on('error', () => {
      resolve(false)
    })
  })
}
