import { lookup, type LookupOptions } from 'node:dns'
import { once } from 'node:events'
import { connect, type LookupFunction } from 'node:net'
import { RequestError, Server } from 'proxy-chain'

/** A proxy server on 127.0.0.1, from the package proxy-chain. */
export type ProxyServer = {
  readonly port: number
  /** The CONNECT requests, oldest first, each as `host:port STATUS`. */
  readonly connects: () => readonly string[]
  readonly stop: () => Promise<void>
}

/**
 * Starts a proxy server that connects only to subdomains of aliyuncs.com. It resolves all of them to this machine.
 *
 * @param account the only user that it serves; by default, it needs no credentials
 * @param identity makes it an `https://` proxy
 */
export async function startProxyServer(
  account?: { readonly user: string; readonly password: string },
  identity?: { readonly cert: string; readonly key: string },
): Promise<ProxyServer> {
  const connects: string[] = []
  const type = identity === undefined ? {} : ({ serverType: 'https', httpsOptions: identity } as const)
  const server = new Server({
    ...type,
    host: '127.0.0.1',
    port: 0,
    prepareRequestFunction: async ({ hostname, port, username, password, isHttp }) => {
      const isKnown = account === undefined || (username === account.user && password === account.password)
      const status = isKnown ? await statusOf({ hostname, port, isHttp }) : 407
      connects.push(`${hostname}:${port} ${status}`)
      if (status !== 200) throw new RequestError(`The proxy answers ${status}.`, status)
      return { dnsLookup: thisMachine }
    },
  })
  await server.listen()
  return {
    port: server.port,
    connects: () => [...connects],
    stop: () => server.close(true),
  }
}

async function statusOf(target: {
  readonly hostname: string
  readonly port: number
  readonly isHttp: boolean
}): Promise<number> {
  if (target.isHttp) return 405
  if (!target.hostname.endsWith('.aliyuncs.com')) return 403
  // When the host refuses the connection, proxy-chain closes the tunnel without a response. Other proxies return 503.
  return (await listens(target.port)) ? 200 : 503
}

async function listens(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1')
  try {
    await once(socket, 'connect')
    return true
  } catch {
    return false
  } finally {
    socket.destroy()
  }
}

const thisMachine = ((_name: string, options: LookupOptions, done: LookupCallback) => {
  lookup('127.0.0.1', options, done)
}) as typeof lookup

type LookupCallback = Parameters<LookupFunction>[2]
