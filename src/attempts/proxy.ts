import { AsyncLocalStorage } from 'node:async_hooks'
import { once } from 'node:events'
import http, { type IncomingMessage } from 'node:http'
import https from 'node:https'
import { isIP, type Socket } from 'node:net'
import { connect, type ConnectionOptions } from 'node:tls'
import type { Destination } from './no-proxy.ts'

/** A proxy through which HTTPS connections are made. */
export type Proxy = {
  /** Includes user and password: a secret. */
  readonly url: string
  /** `host:port`, safe to show. */
  readonly host: string
  /** The environment variable that sets it. */
  readonly variable: string
  /**
   * Whether a host is reached directly. Decided here for all clients and for the log, because each client reads
   * `NO_PROXY` in its own way.
   */
  readonly isBypassed: (to: Destination) => boolean
}

/** A connection through a proxy. It is updated while the connection is made. */
export type Tunnel = {
  readonly host: Proxy['host']
  readonly variable: Proxy['variable']
  /** What it waits for: the connection to the proxy, TLS with the proxy, or the proxy's response to `CONNECT`. */
  stage: 'connection' | 'tls' | 'response' | 'open'
  /** The status of a response that refuses. */
  status?: number | undefined
}

/** The tunnel that a request opened; none on a direct or an existing connection. */
export type Watch = { tunnel?: Tunnel }

/** Notes the tunnel of a request that runs in it. The HTTP library reports only an error, and no error at a timeout. */
export const watched = new AsyncLocalStorage<Watch>()

/**
 * Returns the proxy to use for a host; `undefined` if the host is reached directly.
 *
 * @param host `host` or `host:port`
 */
export function proxyFor(host: string, proxy: Proxy | undefined): Proxy | undefined {
  const { hostname, port } = new URL(`https://${host}`)
  return proxy?.isBypassed({ hostname, port: Number(port) || HTTPS_PORT }) === true ? undefined : proxy
}

/** Returns a host and the proxy used for it, for the log. */
export function routeTo(host: string, proxy: Proxy | undefined): string {
  const used = proxyFor(host, proxy)
  return used === undefined ? host : `${host}, through the proxy ${used.host}`
}

const HTTPS_PORT = 443

/**
 * Returns an agent for HTTPS that connects through the proxy, or directly to the hosts that bypass it.
 *
 * It does not use the tunnel of Node's own agent (`proxyEnv`), which reads the proxy's response without a limit, and in
 * time that doubles with each chunk (Node 24.21).
 */
export function agentFor(proxy: Proxy | undefined): typeof https.Agent {
  return proxy === undefined ? https.Agent : proxyAgent(proxy)
}

function proxyAgent(proxy: Proxy): typeof https.Agent {
  // Taken now: `loadSdk` replaces `https.Agent` by this class.
  const { Agent } = https
  return class ProxyAgent extends Agent {
    override createConnection(...[options, done]: Parameters<https.Agent['createConnection']>) {
      const host = options.host ?? 'localhost'
      const port = Number(options.port ?? HTTPS_PORT)
      if (done === undefined || proxy.isBypassed({ hostname: host, port })) {
        return super.createConnection(options, done)
      }
      openTunnel(proxy, `${host.includes(':') ? `[${host}]` : host}:${port}`).then(
        (socket) => {
          done(null, connect({ ...options, host, port, socket } as ConnectionOptions))
        },
        (error: unknown) => {
          done(error as Error, undefined as never)
        },
      )
      return undefined
    }
  }
}

/**
 * Asks a proxy for a connection to a host. Node's HTTP parser reads the response and limits its length.
 *
 * @param target `host:port`
 * @throws Error with the code ERR_PROXY_TUNNEL if the proxy refuses; otherwise Node's
 */
async function openTunnel(proxy: Proxy, target: string): Promise<Socket> {
  const tunnel: Tunnel = { host: proxy.host, variable: proxy.variable, stage: 'connection' }
  Object.assign(watched.getStore() ?? {}, { tunnel })
  const url = new URL(proxy.url)
  const isTls = url.protocol === 'https:'
  const hostname = url.hostname.replace(/^\[(.*)\]$/, '$1')
  const userInfo = `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`
  const authorization = { 'proxy-authorization': `Basic ${Buffer.from(userInfo).toString('base64')}` }
  const connecting = (isTls ? https : http).request({
    host: hostname,
    port: url.port === '' ? undefined : url.port,
    method: 'CONNECT',
    path: target,
    headers: { host: target, ...(userInfo !== ':' && authorization) },
    agent: false,
    // Otherwise Node takes the name in the Host header, and checks the proxy's certificate for it.
    servername: isIP(hostname) === 0 ? hostname : '',
  })
  connecting.once('socket', (socket) => {
    socket.once('connect', () => (tunnel.stage = isTls ? 'tls' : 'response'))
    socket.once('secureConnect', () => (tunnel.stage = 'response'))
  })
  // After the response, the socket reports errors.
  connecting.on('error', () => undefined).end()
  const [response, socket, head] = (await once(connecting, 'connect')) as [IncomingMessage, Socket, Buffer]
  if (response.statusCode !== 200) {
    socket.destroy()
    tunnel.status = response.statusCode
    throw Object.assign(new Error('no tunnel'), { code: 'ERR_PROXY_TUNNEL' })
  }
  tunnel.stage = 'open'
  if (head.length > 0) socket.unshift(head)
  return socket
}
