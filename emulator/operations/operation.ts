import type { Call } from '../call.ts'
import type { Service } from '../service.ts'

/** What the emulator can do, by the name of the operation. */
export type Operation = {
  readonly product: 'onsmqtt' | 'sts'
  readonly methods: readonly string[]
  /**
   * @returns the success body, without the request id
   * @throws ServiceError when the service refuses the call
   */
  readonly run: (request: {
    call: Call
    service: Service
    requestId: string
  }) => Readonly<Record<string, unknown>>
}
