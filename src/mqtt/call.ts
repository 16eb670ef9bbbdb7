import type { Call } from '../alibaba-cloud/call.ts'
import { MQTT_ERRORS } from './errors.ts'

/** The product's API version. */
const VERSION = '2020-04-20'

/** An instance of ApsaraMQ for MQTT. */
export type Instance = {
  readonly instanceId: string
  /** For the words of an error alone. */
  readonly regionId: string | undefined
}

/**
 * A call of an operation on an instance.
 *
 * @param about.ramAction what RAM has to allow for it besides `mq:MqttInstanceAccess`
 */
export function mqttCall(
  { instanceId, regionId }: Instance,
  about: {
    readonly operation: string
    readonly method: 'GET' | 'POST'
    readonly query?: Readonly<Record<string, string>>
    readonly ramAction: string
  },
): Call {
  const { operation, method, query, ramAction } = about
  return {
    request: { operation, version: VERSION, method, query: { MqttInstanceId: instanceId, ...query } },
    errors: MQTT_ERRORS,
    subject: { ramAction, instance: instanceId, region: regionId ?? '*' },
  }
}
