import { once } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer } from 'node:https'
import type { AddressInfo, Server } from 'node:net'
import type { TlsIdentity } from './tls.ts'

const MAX_TRIES_FOR_A_PORT = 10
const MAX_BODY_BYTES = 1024 * 1024

export type Handler = (request: IncomingMessage, response: ServerResponse) => Promise<void>

/** A running server. After `close` it accepts no more connections. */
export type Listening = { readonly port: number; readonly close: () => void }

/**
 * Listens on loopback: 127.0.0.1 and, if the machine has it, ::1 on the same port.
 *
 * @param makeServer called for each address
 * @param port 0 for any free port
 * @throws the error of `listen`, for example with the code `EADDRINUSE`
 */
export async function listen(makeServer: () => Server, port: number): Promise<Listening> {
  for (let tries = 1; ; tries += 1) {
    const [v4, v6] = [makeServer(), makeServer()]
    const close = (): void => {
      for (const server of [v4, v6]) server.close()
    }
    const v4Port = await listenOn(v4, '127.0.0.1', port)
    try {
      await listenOn(v6, '::1', v4Port)
      return { port: v4Port, close }
    } catch (error) {
      if (isCode(error, 'EADDRNOTAVAIL') || isCode(error, 'EAFNOSUPPORT')) return { port: v4Port, close }
      close()
      // The system chose a port that another program uses on ::1.
      if (port !== 0 || !isCode(error, 'EADDRINUSE') || tries === MAX_TRIES_FOR_A_PORT) throw error
    }
  }
}

export function isCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code
}

/** @returns `undefined` if the body is larger than any that the service accepts */
export async function readBody(request: IncomingMessage): Promise<Buffer | undefined> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length
    if (size > MAX_BODY_BYTES) return undefined
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

export function makeHttpsServer(
  handle: Handler,
  { certificate: cert, privateKey: key }: TlsIdentity,
): Server {
  // The query of a registration holds two certificates. A client may pause between its calls.
  const options = { cert, key, maxHeaderSize: 64 * 1024, keepAliveTimeout: 60_000 }
  const server = createServer(options, (request, response) => {
    handle(request, response).catch((error: unknown) => {
      // A client that disconnects during its request is not an error.
      if (!request.destroyed) console.error(error)
      response.destroy()
    })
  })
  server.on('tlsClientError', (_, socket) => {
    socket.destroy()
  })
  return server
}

async function listenOn(server: Server, host: string, port: number): Promise<number> {
  server.listen({ host, port, ipv6Only: host === '::1' })
  await once(server, 'listening')
  return (server.address() as AddressInfo).port
}
