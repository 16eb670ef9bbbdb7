import { once } from 'node:events'
import http, { type IncomingMessage } from 'node:http'
import https from 'node:https'
import type { Socket } from 'node:net'
import { connect, type ConnectionOptions } from 'node:tls'
import type { Destination } from './no-proxy.ts'

/** A proxy through which HTTPS connections are made. */
export type Proxy = {
  /** With user and password: a secret. */
  readonly url: string
  /** `host:port`, fit to be shown. */
  readonly host: string
  /**
   * Whether a host is reached without it. Decided here for every client and for the log: each client would read
   * `NO_PROXY` in its own way.
   */
  readonly isBypassed: (to: Destination) => boolean
}

/**
 * The proxy on the way to a host; `undefined` when it is reached without one.
 *
 * @param host `host` or `host:port`
 */
export function proxyFor(host: string, proxy: Proxy | undefined): Proxy | undefined {
  const { hostname, port } = new URL(`https://${host}`)
  return proxy?.isBypassed({ hostname, port: Number(port) || HTTPS_PORT }) === true ? undefined : proxy
}

/** A host and the way to it, in words for the log. */
export function routeTo(host: string, proxy: Proxy | undefined): string {
  const onTheWay = proxyFor(host, proxy)
  return onTheWay === undefined ? host : `${host}, through the proxy ${onTheWay.host}`
}

const HTTPS_PORT = 443

/**
 * An agent for HTTPS whose connections go through the proxy or around it, as the proxy says. Not with the tunnel of
 * Node's own agent (`proxyEnv`): it reads the proxy's answer without a bound, and in a time that doubles with each piece
 * of it (Node 24.21).
 */
export function agentFor(proxy: Proxy | undefined): typeof https.Agent {
  return proxy === undefined ? https.Agent : proxyAgent(proxy)
}

function proxyAgent({ url, isBypassed }: Proxy): typeof https.Agent {
  // As it is now: Alibaba Cloud's SDK is made to take this class in its place.
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
 * Asks a proxy for a connection to a host. The answer is read by Node's HTTP parser, which bounds its length.
 *
 * @param host `host:port`
 * @throws Error with the code ERR_PROXY_TUNNEL, and the status of an answer that is no connection
 */
async function openTunnel(proxyUrl: string, host: string): Promise<Socket> {
  const { protocol, hostname, port, username, password } = new URL(proxyUrl)
  const userInfo = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`
  const authorization = { 'proxy-authorization': `Basic ${Buffer.from(userInfo).toString('base64')}` }
  const asked = (protocol === 'https:' ? https : http).request({
    host: hostname.replace(/^\[(.*)\]$/, '$1'),
    port: port === '' ? undefined : port,
    method: 'CONNECT',
    path: host,
    headers: { host, ...(userInfo !== ':' && authorization) },
    agent: false,
  })
  // What goes wrong once there is an answer is told by the connection.
  asked.on('error', () => undefined).end()
  try {
    const [response, socket, head] = (await once(asked, 'connect')) as [IncomingMessage, Socket, Buffer]
    if (response.statusCode !== 200) {
      socket.destroy()
      throw Object.assign(new Error('no tunnel'), { code: TUNNEL_CODE, statusCode: response.statusCode })
    }
    if (head.length > 0) socket.unshift(head)
    return socket
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException
    // It hung up, or its answer is no HTTP.
    if (code !== 'ECONNRESET' && !code.startsWith('HPE_')) throw error
    throw Object.assign(new Error('no answer'), { code: TUNNEL_CODE })
  }
}

const TUNNEL_CODE = 'ERR_PROXY_TUNNEL'

/** What is thrown when the tunnel through a proxy cannot be made. */
export type TunnelFailure = { readonly status: number | undefined; readonly code: string }

/**
 * Whether an error came from the way to the proxy or from the proxy itself, and not from the host behind it.
 *
 * An answer to `CONNECT` has a code of its own. An error of the connection itself is the proxy's when
 * it names its port or host.
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
