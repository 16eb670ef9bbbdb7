import type { Call } from '../alibaba-cloud/call.ts'
import { MQTT_ERRORS } from './errors.ts'

/** The product's API version. */
const VERSION = '2020-04-20'

/** An instance of ApsaraMQ for MQTT. */
export type Instance = {
  readonly instanceId: string
  /** Only for messages. */
  readonly regionId: string | undefined
}

/**
 * Makes a call of an operation on an instance.
 *
 * @param operation.ramAction the RAM action it needs besides `mq:MqttInstanceAccess`; `mq:` and its name by default
 */
export function mqttCall<T>(
  { instanceId, regionId }: Instance,
  operation: Pick<Call<T>, 'read' | 'readRefusal'> & {
    readonly name: string
    readonly method: 'GET' | 'POST'
    readonly query?: Readonly<Record<string, string>>
    readonly ramAction?: string
    /** Other values for the error texts. */
    readonly subject?: Readonly<Record<string, string>>
  },
): Call<T> {
  const { name, method, query, ramAction = `mq:${name}`, subject, ...reading } = operation
  return {
    request: { operation: name, version: VERSION, method, query: { MqttInstanceId: instanceId, ...query } },
    ...reading,
    errors: MQTT_ERRORS,
    subject: {
      ramAction,
      instance: instanceId,
      region: regionId ?? '*',
      verificationCertificate: 'the verification certificate',
      ...subject,
    },
  }
}

/** Returns an instance and its region, for log and summary. */
export function formatInstance({ instanceId, regionId }: Instance): string {
  return regionId === undefined ? instanceId : `${instanceId} in ${regionId}`
}
