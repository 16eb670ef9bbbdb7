import { once } from 'node:events'
import https from 'node:https'
import { createServer, type AddressInfo, type Server } from 'node:net'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { agentFor, type Proxy, watched, type Watch } from '../../src/attempts/proxy.ts'
import { withEnvironment } from '../support/in-process.ts'

type Listener = { readonly server: Server; readonly heard: string[]; readonly port: number }

/** Sends the same response on each connection, and closes it. */
async function listen(answer: string): Promise<Listener> {
  const heard: string[] = []
  const server = createServer((socket) => {
    socket.on('error', () => undefined)
    socket.once('data', (bytes) => {
      heard.push(bytes.toString('latin1'))
      socket.end(answer)
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return { server, heard, port: (server.address() as AddressInfo).port }
}

let proxyServer: Listener
let host: Listener
beforeEach(async () => {
  proxyServer = await listen('HTTP/1.1 407 Proxy Authentication Required\r\n\r\n')
  host = await listen('no TLS')
})
afterEach(() => {
  proxyServer.server.close()
  host.server.close()
})

async function request(isBypassed: Proxy['isBypassed'], to: { host: string; port?: number }) {
  const proxy = {
    url: `http://user:p%40ss@127.0.0.1:${proxyServer.port}`,
    host: 'proxy',
    variable: 'HTTPS_PROXY',
    isBypassed,
  }
  const agent = new (agentFor(proxy))()
  const watch: Watch = {}
  const asked = watched.run(watch, () => https.request({ ...to, agent }).end())
  const [error] = (await once(asked, 'error')) as [NodeJS.ErrnoException]
  return { code: error.code, stage: watch.tunnel?.stage, status: watch.tunnel?.status }
}

describe('an agent for HTTPS', () => {
  it("is Node's own when there is no proxy", () => {
    expect(agentFor(undefined)).toBe(https.Agent)
  })

  it.each([
    [{ host: 'mqtt.example' }, 'mqtt.example:443'],
    [{ host: 'mqtt.example', port: 8443 }, 'mqtt.example:8443'],
    [{ host: '10.1.2.3', port: 1 }, '10.1.2.3:1'],
  ])('goes through the proxy to %j', async (to, target) => {
    const asked: unknown[] = []
    const outcome = await request((destination) => {
      asked.push(destination)
      return false
    }, to)
    expect(outcome).toEqual({ code: 'ERR_PROXY_TUNNEL', stage: 'response', status: 407 })
    expect(asked).toEqual([{ hostname: to.host, port: 'port' in to ? to.port : 443 }])
    const [heard = ''] = proxyServer.heard
    expect(heard).toMatch(new RegExp(`^CONNECT ${target} HTTP/1\\.1\\r\\n`))
    expect(heard.toLowerCase()).toContain(
      `proxy-authorization: basic ${Buffer.from('user:p@ss').toString('base64')}\r\n`.toLowerCase(),
    )
  })

  it('bypasses the proxy for an excluded host', async () => {
    await request(() => true, { host: '127.0.0.1', port: host.port })
    expect(proxyServer.heard).toEqual([])
    // The first byte of TLS.
    expect(host.heard.map((words) => words.charCodeAt(0))).toEqual([0x16])
  })

  it.each([{ NO_PROXY: '*' }, { no_proxy: '127.0.0.1', NODE_USE_ENV_PROXY: '1' }])(
    'ignores the proxy variables of the environment: %j',
    async (env) => {
      const { result } = await withEnvironment(env, () =>
        request(() => false, { host: '127.0.0.1', port: host.port }),
      )
      expect(result).toEqual({ code: 'ERR_PROXY_TUNNEL', stage: 'response', status: 407 })
      expect(host.heard).toEqual([])
    },
  )
})
