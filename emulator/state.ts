import { Cas } from './cas.ts'
import { FaultQueue } from './faults.ts'
import { generateCas } from './generated-cas.ts'
import { Nonces } from './nonces.ts'
import { RateLimit } from './rate-limit.ts'
import { RegisterCodes } from './register-codes.ts'
import { RequestLog } from './request-log.ts'
import { Sessions } from './sessions.ts'
import type { Instance, World } from './world.ts'

/** All that changes while the emulator runs, and is forgotten when its state is deleted. */
export class State {
  readonly faults = new FaultQueue()
  readonly log = new RequestLog()
  readonly nonces: Nonces
  readonly rateLimit = new RateLimit()
  readonly sessions = new Sessions()
  readonly #registerCodes = new Map<string, RegisterCodes>()
  readonly #cas: ReadonlyMap<string, Cas>

  /** @param sampleCertificate PEM, for the CAs that a config wants generated */
  constructor(world: World, sampleCertificate: string, now: () => number) {
    this.nonces = new Nonces(now)
    const instances = [...world.instances.values()]
    this.#cas = new Map(
      instances.map(({ id, generatedCas }, index) => [
        id,
        new Cas(generateCas(generatedCas, index, sampleCertificate)),
      ]),
    )
  }

  registerCodesOf(instanceId: string): RegisterCodes {
    const codes = this.#registerCodes.get(instanceId) ?? new RegisterCodes()
    this.#registerCodes.set(instanceId, codes)
    return codes
  }

  casOf({ id }: Instance): Cas {
    const cas = this.#cas.get(id)
    if (cas === undefined) throw new Error(`${id} is no instance of this world`)
    return cas
  }

  /** Whether a serial number is registered with any instance. */
  isRegistered(sn: string): boolean {
    return [...this.#cas.values()].some((cas) => cas.find(sn) !== undefined)
  }
}
