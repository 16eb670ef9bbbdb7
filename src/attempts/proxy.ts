import { checkBypass } from '@actions/http-client/lib/proxy'

/** A proxy through which HTTPS connections are made. */
export type Proxy = {
  /** With user and password: a secret. */
  readonly url: string
  /** `host:port`, fit to be shown. */
  readonly host: string
  /** Hosts that are reached without it, as Node's agent takes them. */
  readonly noProxy: string
}

/**
 * The proxy, unless `NO_PROXY` says that a host is reached without it. Decided by the toolkit, whose client asks for
 * GitHub's token; what Node's agent is given of `NO_PROXY` comes to the same.
 *
 * @param host `host` or `host:port`
 */
export function onTheWayTo(host: string, proxy: Proxy | undefined): Proxy | undefined {
  return checkBypass(new URL(`https://${host}`)) ? undefined : proxy
}

/** A host and the way to it, in words for the log. */
export function routeTo(host: string, proxy: Proxy | undefined): string {
  const onTheWay = onTheWayTo(host, proxy)
  return onTheWay === undefined ? host : `${host}, through the proxy ${onTheWay.host}`
}

/** What Node and the toolkit's HTTP client throw when the tunnel through a proxy cannot be made. */
export type TunnelFailure = { readonly status: number | undefined; readonly code: string }

/**
 * Whether an error came from the way to the proxy or from the proxy itself, and not from the host behind it.
 *
 * Node's agent has a code of its own for an answer to `CONNECT`; the `tunnel` library below `@actions/http-client` has
 * the status in its message alone. An error of the connection itself is the proxy's when it names its port or host.
 */
export function tunnelFailure(
  error: Readonly<Record<string, unknown>>,
  proxy: Proxy,
): TunnelFailure | undefined {
  const code = typeof error['code'] === 'string' ? error['code'] : ''
  if (code === 'ERR_PROXY_TUNNEL') {
    const status = Number(error['statusCode'])
    return { code, status: Number.isInteger(status) ? status : undefined }
  }
  const message = typeof error['message'] === 'string' ? error['message'] : ''
  const tunnel =
    /^tunneling socket could not be established, (?:statusCode=(\d+)|cause=(?:.*?\b(E[A-Z_]{3,}))?)/.exec(
      message,
    )
  if (tunnel !== null) {
    return { code: tunnel[2] ?? code, status: tunnel[1] === undefined ? undefined : Number(tunnel[1]) }
  }
  const { hostname, port, protocol } = new URL(proxy.url)
  const proxyPort = Number(port) || (protocol === 'https:' ? 443 : 80)
  const isItsConnection = error['syscall'] === 'connect' && error['port'] === proxyPort
  return isItsConnection || error['hostname'] === hostname ? { code, status: undefined } : undefined
}
