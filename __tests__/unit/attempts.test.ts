import { once } from 'node:events'
import { hasSubscribers } from 'node:diagnostics_channel'
import { createServer, get, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { describe, expect, it } from '@jest/globals'
import { attempt } from '../../src/attempts/attempt.ts'

const patient = { ms: 60_000 }

function timers(): number {
  return process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length
}

describe('an attempt', () => {
  it('ends in time even when its request never settles', async () => {
    const forEver = attempt({ ms: 10 }, () => new Promise(() => undefined))
    await expect(forEver).rejects.toMatchObject({
      failure: { kind: 'timeout', what: 'did not respond', limit: { ms: 10 } },
    })
  })

  it.each([
    ['succeeds', () => Promise.resolve('done')],
    ['fails', () => Promise.reject(new Error('failed'))],
  ])('leaves no timer and no listener behind when it %s', async (_, request) => {
    const before = timers()
    await attempt(patient, request).catch(() => undefined)
    expect(timers()).toBe(before)
    expect(hasSubscribers('http.client.response.finish')).toBe(false)
  })

  it('recognizes the start of a response without a content type', async () => {
    const server = createServer((_, response) => {
      response.writeHead(502).end('odd')
    }).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    const parsed = attempt(patient, async () => {
      const [response] = (await once(get({ port }), 'response')) as [IncomingMessage]
      return JSON.parse(await text(response)) as unknown
    })
    await expect(parsed).rejects.toMatchObject({
      failure: {
        kind: 'broken-response',
        what: 'returned HTTP 502 with a body that is not a JSON object (no content type)',
      },
    })
    server.close()
  })

  it('sees its own response while others are on their way', async () => {
    const server = createServer((request, response) => {
      response.writeHead(Number(request.url?.slice(1))).end('odd')
    }).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    const statusOf = async (status: number): Promise<unknown> =>
      await attempt(patient, async () => {
        const [response] = (await once(get({ port, path: `/${status}` }), 'response')) as [IncomingMessage]
        return JSON.parse(await text(response)) as unknown
      }).catch((error: unknown) => error)
    const statuses = [500, 501, 502, 503, 504]
    const failures = await Promise.all(statuses.map(statusOf))
    expect(failures).toMatchObject(
      statuses.map((status) => ({ failure: { what: expect.stringContaining(`HTTP ${status}`) } })),
    )
    server.close()
  })
})
