import https from 'node:https'
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
 * An agent for HTTPS whose connections go through the proxy or around it, as the proxy says. Node's own agent makes the
 * tunnel (`proxyEnv`); it gets no `NO_PROXY`, so that it decides nothing.
 */
export function agentFor(proxy: Proxy | undefined): typeof https.Agent {
  return proxy === undefined ? https.Agent : proxyAgent(proxy)
}

function proxyAgent({ url, isBypassed }: Proxy): typeof https.Agent {
  // As it is now: Alibaba Cloud's SDK is made to take this class in its place.
  const { Agent } = https
  return class ProxyAgent extends Agent {
    readonly #tunnel: https.Agent

    constructor(options?: https.AgentOptions) {
      super(options)
      this.#tunnel = new Agent({ ...options, proxyEnv: { HTTPS_PROXY: url } })
    }

    override createConnection(...[options, ...rest]: Parameters<https.Agent['createConnection']>) {
      const to = { hostname: options.host ?? 'localhost', port: Number(options.port ?? HTTPS_PORT) }
      return isBypassed(to)
        ? super.createConnection(options, ...rest)
        : this.#tunnel.createConnection(options, ...rest)
    }
  }
}

/** What Node throws when the tunnel through a proxy cannot be made. */
export type TunnelFailure = { readonly status: number | undefined; readonly code: string }

/**
 * Whether an error came from the way to the proxy or from the proxy itself, and not from the host behind it.
 *
 * Node's agent has a code of its own for an answer to `CONNECT`. An error of the connection itself is the proxy's when
 * it names its port or host.
 */
export function tunnelFailure(
  error: Readonly<Record<string, unknown>>,
  proxy: Proxy,
): TunnelFailure | undefined {
  const code = typeof error['code'] === 'string' ? error['code'] : ''
  if (code === 'ERR_PROXY_TUNNEL') {
    const status = error['statusCode']
    return { code, status: typeof status === 'number' && Number.isInteger(status) ? status : undefined }
  }
  const { hostname, port, protocol } = new URL(proxy.url)
  const proxyPort = Number(port) || (protocol === 'https:' ? HTTPS_PORT : 80)
  const isItsConnection = error['syscall'] === 'connect' && error['port'] === proxyPort
  return isItsConnection || error['hostname'] === hostname ? { code, status: undefined } : undefined
}
