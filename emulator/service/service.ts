import { generateKeyPairSync, randomUUID, type KeyObject } from 'node:crypto'
import type { Call } from '../http/call.ts'
import { State } from '../world/state.ts'
import type { AccessKey, World } from '../world/world.ts'

/** What all operations work on: what exists, what has happened, and the time. */
export class Service {
  readonly world: World
  state: State
  readonly #sampleCertificate: string
  #idTokenKey: { id: string; publicKey: KeyObject; privateKey: KeyObject } | undefined

  /** @param sampleCertificate PEM, for the CAs that a config asks to generate */
  constructor(world: World, sampleCertificate: string) {
    this.world = world
    this.#sampleCertificate = sampleCertificate
    this.state = new State(world, sampleCertificate)
  }

  /** Forgets everything that has happened since the start. */
  reset(): void {
    this.state = new State(this.world, this.#sampleCertificate)
  }

  now(): number {
    return Date.now() + this.world.clockOffsetMs
  }

  findAccessKey(id: string): AccessKey | undefined {
    return this.world.accessKeys.get(id) ?? this.state.sessionKeys.get(id)
  }

  /** The key of GitHub's ID tokens. Made at its first use, because that is slow. */
  get idTokenKey(): { readonly id: string; readonly publicKey: KeyObject; readonly privateKey: KeyObject } {
    this.#idTokenKey ??= { id: randomUUID(), ...generateKeyPairSync('rsa', { modulusLength: 2048 }) }
    return this.#idTokenKey
  }
}

/** An operation of the emulated services. `operations.ts` has the table of them. */
export type Operation = {
  readonly product: 'onsmqtt' | 'sts' | 'kms'
  readonly methods: readonly string[]
  /**
   * @returns the success body, without the request ID
   * @throws ServiceError if the service refuses the call
   */
  readonly run: (request: {
    readonly call: Call
    readonly service: Service
    readonly requestId: string
  }) => Readonly<Record<string, unknown>>
}
