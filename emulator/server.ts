import { createServer, type Server } from 'node:https'
import { type AddressInfo } from 'node:net'
import { serve } from './front.ts'
import type { Service } from './service.ts'
import type { TlsIdentity } from './tls.ts'

const TRIES_FOR_A_PORT = 10

/** A service that listens. */
export type Listening = { readonly port: number; readonly close: () => void }

/**
 * Listens on loopback: 127.0.0.1 and, where the machine has it, ::1 on the same port.
 *
 * @param port 0 for any
 * @throws what `listen` meets, e.g. an error with code `EADDRINUSE`
 */
export async function listen(service: Service, identity: TlsIdentity, port: number): Promise<Listening> {
  for (let tries = 1; ; tries += 1) {
    const v4 = makeServer(service, identity)
    const v6 = makeServer(service, identity)
    const close = (): void => {
      for (const server of [v4, v6]) {
        server.close()
        server.closeAllConnections()
      }
    }
    const given = await listenOn(v4, '127.0.0.1', port)
    try {
      await listenOn(v6, '::1', given)
      return { port: given, close }
    } catch (error) {
      if (isCode(error, 'EADDRNOTAVAIL') || isCode(error, 'EAFNOSUPPORT')) return { port: given, close }
      close()
      // Any port will do, and this one is taken on ::1 only.
      if (port !== 0 || !isCode(error, 'EADDRINUSE') || tries === TRIES_FOR_A_PORT) throw error
    }
  }
}

export function isCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code
}

function makeServer(service: Service, identity: TlsIdentity): Server {
  const { certificate: cert, privateKey: key } = identity
  // Two certificates stand in the query of a registration. A client may idle between its calls.
  const server = createServer(
    { cert, key, maxHeaderSize: 64 * 1024, keepAliveTimeout: 60_000 },
    (request, response) => {
      serve(service, request, response).catch((error: unknown) => {
        // A client that hangs up in the middle of its request is no news.
        if (!request.destroyed) console.error(error)
        response.destroy()
      })
    },
  )
  server.on('tlsClientError', (_, socket) => {
    socket.destroy()
  })
  return server
}

async function listenOn(server: Server, host: string, port: number): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen({ host, port, ipv6Only: host === '::1' }, () => {
      server.off('error', reject)
      resolve()
    })
  })
  return (server.address() as AddressInfo).port
}
