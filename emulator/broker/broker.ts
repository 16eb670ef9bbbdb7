import { constants } from 'node:crypto'
import { createServer, type Server, type TLSSocket } from 'node:tls'
import type { Aedes } from 'aedes'
import type { TlsIdentity } from '../http/tls.ts'
import type { RequestLog } from '../request-log.ts'
import type { Service } from '../service/service.ts'
import { authenticateDevice } from './device-authentication.ts'

/** The MQTT broker of the default instance. Devices authenticate with their certificates, and with nothing else. */
export class Broker {
  readonly #service: Service
  readonly #log: RequestLog
  #aedes: Promise<Aedes> | undefined

  constructor(service: Service, log: RequestLog) {
    this.#service = service
    this.#log = log
  }

  makeServer({ certificate: cert, privateKey: key }: TlsIdentity): Server {
    const versions = { minVersion: 'TLSv1.2', maxVersion: 'TLSv1.2' } as const
    // TLS accepts any certificate, so that the log shows why one is refused. Without tickets, no handshake is a short one
    // that the device can complete before it is refused.
    const anyCertificate = { requestCert: true, rejectUnauthorized: false }
    const options = { cert, key, ...versions, ...anyCertificate, secureOptions: constants.SSL_OP_NO_TICKET }
    const server = createServer(options, (socket) => {
      // A device that disconnects is not an error.
      socket.on('error', () => undefined)
      if (this.#accepts(socket)) void this.#serve(socket)
      // Before the handshake is complete for the device, so that its client reports an error.
      else socket.destroy()
    })
    server.on('tlsClientError', (_, socket) => {
      socket.destroy()
    })
    return server
  }

  /** Disconnects all devices, and forgets their sessions and messages. */
  reset(): void {
    void this.#aedes?.then((aedes) => {
      aedes.close()
    })
    this.#aedes = undefined
  }

  #accepts(socket: TLSSocket): boolean {
    const { world, state } = this.#service
    const instance = state.instances.get(world.defaults.instance.id)
    if (instance === undefined) return false
    const certificate = socket.getPeerX509Certificate()
    const { outcome, sn = '', caSn = '' } = authenticateDevice(certificate, instance, this.#service)
    const isAccepted = outcome === 'Known' || outcome === 'Registered'
    this.#log.add({
      operation: 'MqttConnect',
      status: isAccepted ? 200 : 403,
      code: isAccepted ? null : outcome,
      time: new Date(this.#service.now()).toISOString(),
      requestId: '',
      fault: null,
      // Not the name, because that of a verification certificate is a register code.
      parameters: { CaSn: caSn, DeviceSn: sn, Outcome: outcome },
      userAgent: '',
    })
    return isAccepted
  }

  async #serve(socket: TLSSocket): Promise<void> {
    this.#aedes ??= startAedes()
    const aedes = await this.#aedes
    aedes.handle(socket)
  }
}

/** Loads the library at the first connection, because most runs of the emulator have none. */
async function startAedes(): Promise<Aedes> {
  const { Aedes } = await import('aedes')
  return await Aedes.createBroker()
}
