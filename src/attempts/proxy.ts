import { once } from 'node:events'
import http, { type IncomingMessage } from 'node:http'
import https from 'node:https'
import type { Socket } from 'node:net'
import { connect, type ConnectionOptions } from 'node:tls'
import type { Destination } from './no-proxy.ts'

/** A proxy through which HTTPS connections are made. */
export type Proxy = {
  /** Includes user and password: a secret. */
  readonly url: string
  /** `host:port`, safe to show. */
  readonly host: string
  /**
   * Whether a host is reached directly. Decided here for all clients and for the log, because each client reads
   * `NO_PROXY` in its own way.
   */
  readonly isBypassed: (to: Destination) => boolean
}

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

function proxyAgent({ url, isBypassed }: Proxy): typeof https.Agent {
  // Taken now: `loadSdk` replaces `https.Agent` by this class.
  const { Agent } = https
  return class ProxyAgent extends Agent {
    override createConnection(...[options, done]: Parameters<https.Agent['createConnection']>) {
      const host = options.host ?? 'localhost'
      const port = Number(options.port ?? HTTPS_PORT)
      if (done === undefined || isBypassed({ hostname: host, port })) {
        return super.createConnection(options, done)
      }
      openTunnel(url, `${host.includes(':') ? `[${host}]` : host}:${port}`).then(
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
 * @param host `host:port`
 * @throws Error with the code ERR_PROXY_TUNNEL and the status of the response, if the proxy refuses
 */
async function openTunnel(proxyUrl: string, host: string): Promise<Socket> {
  const { protocol, hostname, port, username, password } = new URL(proxyUrl)
  const userInfo = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`
  const authorization = { 'proxy-authorization': `Basic ${Buffer.from(userInfo).toString('base64')}` }
  const connecting = (protocol === 'https:' ? https : http).request({
    host: hostname.replace(/^\[(.*)\]$/, '$1'),
    port: port === '' ? undefined : port,
    method: 'CONNECT',
    path: host,
    headers: { host, ...(userInfo !== ':' && authorization) },
    agent: false,
  })
  // After the response, the socket reports errors.
  connecting.on('error', () => undefined).end()
  try {
    const [response, socket, head] = (await once(connecting, 'connect')) as [IncomingMessage, Socket, Buffer]
    if (response.statusCode !== 200) {
      socket.destroy()
      throw Object.assign(new Error('no tunnel'), { code: TUNNEL_CODE, statusCode: response.statusCode })
    }
    if (head.length > 0) socket.unshift(head)
    return socket
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException
    // The proxy hung up, or its response is not HTTP.
    if (code !== 'ECONNRESET' && !code.startsWith('HPE_')) throw error
    throw Object.assign(new Error('no answer'), { code: TUNNEL_CODE })
  }
}

const TUNNEL_CODE = 'ERR_PROXY_TUNNEL'

/** Why a connection through a proxy could not be made. */
type TunnelFailure = { readonly status: number | undefined; readonly code: string }

/**
 * Returns the failure if an error came from the proxy or from the connection to it, and not from the host behind it.
 *
 * A response to `CONNECT` has its own error code. A connection error belongs to the proxy if it names its port or host.
 */
export function tunnelFailure(
  error: Readonly<Record<string, unknown>>,
  proxy: Proxy,
): TunnelFailure | undefined {
  const code = typeof error['code'] === 'string' ? error['code'] : ''
  if (code === TUNNEL_CODE) {
    const status = error['statusCode']
    return { code, status: typeof status === 'number' && Number.isInteger(status) ? status : undefined }
  }
  const { hostname, port, protocol } = new URL(proxy.url)
  const proxyPort = Number(port) || (protocol === 'https:' ? HTTPS_PORT : 80)
  const isItsConnection = error['syscall'] === 'connect' && error['port'] === proxyPort
  return isItsConnection || error['hostname'] === hostname ? { code, status: undefined } : undefined
}
