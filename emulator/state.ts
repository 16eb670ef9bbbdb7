import { FaultQueue } from './faults.ts'
import { Nonces } from './nonces.ts'
import { RateLimit } from './rate-limit.ts'
import { RegisterCodes } from './register-codes.ts'
import { RequestLog } from './request-log.ts'
import { Sessions } from './sessions.ts'

/** All that changes while the emulator runs, and is forgotten when its state is deleted. */
export class State {
  readonly faults = new FaultQueue()
  readonly log = new RequestLog()
  readonly nonces: Nonces
  readonly rateLimit = new RateLimit()
  readonly sessions = new Sessions()
  readonly #registerCodes = new Map<string, RegisterCodes>()

  constructor(now: () => number) {
    this.nonces = new Nonces(now)
  }

  registerCodesOf(instanceId: string): RegisterCodes {
    const codes = this.#registerCodes.get(instanceId) ?? new RegisterCodes()
    this.#registerCodes.set(instanceId, codes)
    return codes
  }
}
