import type { Caller } from './authentication.ts'
import type { Call } from './call.ts'
import { ServiceError } from './errors.ts'
import { answerIdToken, ID_TOKEN_PATH } from './github-id-token.ts'
import { IdTokens } from './id-tokens.ts'
import { findOperation, hostId } from './operations.ts'
import { State } from './state.ts'
import type { AccessKey, World } from './world.ts'

/** An answer in the service's envelope. */
export type Answer = {
  readonly status: number
  /** The error code; `null` with a success. */
  readonly code: string | null
  readonly body: Readonly<Record<string, unknown>>
}

/** The service behind the network: a call goes in, an answer comes out. */
export class Service {
  readonly world: World
  readonly idTokens: IdTokens
  readonly now = (): number => Date.now() + this.world.clockOffsetMs
  state: State
  readonly #stop = Promise.withResolvers<undefined>()
  /** Settled when it was told to stop. */
  readonly stopped = this.#stop.promise

  readonly #sampleCertificate: string

  /** @param sampleCertificate PEM, for the CAs that a config wants generated */
  constructor(world: World, sampleCertificate: string) {
    this.world = world
    this.#sampleCertificate = sampleCertificate
    this.idTokens = new IdTokens(world.idToken, this.now)
    this.state = new State(world, sampleCertificate, this.now)
  }

  /** Forgets all that happened since the start. */
  reset(): void {
    this.state = new State(this.world, this.#sampleCertificate, this.now)
  }

  stop(): void {
    this.#stop.resolve(undefined)
  }

  answer(call: Call, requestId: string): Answer {
    if (call.path === ID_TOKEN_PATH) return answerIdToken(call, this)
    try {
      const body = findOperation(call).run({ call, service: this, requestId })
      return { status: 200, code: null, body: { RequestId: requestId, ...body } }
    } catch (error) {
      if (error instanceof ServiceError) return this.#refusal(error, call, requestId)
      console.error(error)
      return this.#refusal(new ServiceError('InternalError'), call, requestId)
    }
  }

  /** An error in the service's envelope. */
  errorBody(
    call: Call,
    requestId: string,
    error: { code: string; message: string },
  ): Record<string, unknown> {
    return {
      RequestId: requestId,
      HostId: hostId(call, this.world.regionId),
      Code: error.code,
      Message: error.message,
    }
  }

  findAccessKey(id: string): AccessKey | undefined {
    return this.world.accessKeys.get(id) ?? this.state.sessions.find(id)
  }

  /** @throws ServiceError `Throttling.User` when the caller's account makes too many calls */
  countCall(caller: Caller, operation: string): void {
    const limit = this.world.accounts.get(caller.accountId)?.callsPerSecond ?? null
    if (!this.state.rateLimit.admits(caller.accountId, operation, limit))
      throw new ServiceError('Throttling.User')
  }

  #refusal(error: ServiceError, call: Call, requestId: string): Answer {
    const body = this.errorBody(call, requestId, error)
    const detail =
      error.accessDeniedDetail === undefined ? {} : { AccessDeniedDetail: error.accessDeniedDetail }
    return { status: error.status(this.world.statuses), code: error.code, body: { ...body, ...detail } }
  }
}
