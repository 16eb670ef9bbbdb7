import { readFileSync } from 'node:fs'
import { Agent, request } from 'node:https'
import { json } from 'node:stream/consumers'
import type { RunningEmulator } from '../../emulator/start.ts'
import { signAcs3, type HandSigned, type Signed } from '../../testing/signed-request.ts'

const agent = new Agent({ keepAlive: true })

/** A response of a service. A success has no `Code`. */
export type Answer = Readonly<Record<string, unknown>> & {
  readonly status: number
  readonly Code?: string
}

/** How a call differs from one with the emulator's own access key. */
export type Deviation = Partial<Pick<HandSigned, 'accessKey' | 'method' | 'nonce' | 'time' | 'version'>> & {
  /** Defaults to `signAcs3`. */
  readonly sign?: (request: HandSigned) => Signed
  /** The host name that the client uses. */
  readonly host?: string
}

type Query = Readonly<Record<string, string>>
type Emulator = Pick<RunningEmulator, 'info'>

/** Calls an operation of KMS without an SDK, to see exactly what it responds. */
export async function callKms(
  emulator: Emulator,
  operation: string,
  query: Query = {},
  deviation: Deviation = {},
): Promise<Answer> {
  return await call(emulator, operation, query, { version: '2016-01-20', ...deviation })
}

/** Calls an operation of ApsaraMQ for MQTT on the emulator's default instance, unless the query names another. */
export async function callMqtt(
  emulator: Emulator,
  operation: string,
  query: Query = {},
  deviation: Deviation = {},
): Promise<Answer> {
  const { instanceId: MqttInstanceId } = emulator.info
  return await call(emulator, operation, { MqttInstanceId, ...query }, deviation)
}

async function call(
  { info }: Emulator,
  operation: string,
  query: Query,
  { sign = signAcs3, host = info.endpoint, ...deviation }: Deviation,
): Promise<Answer> {
  const { accessKeyId, accessKeySecret } = info
  const signed = sign({
    endpoint: host,
    accessKey: { accessKeyId, accessKeySecret },
    operation,
    query,
    ...deviation,
  })
  const { promise, resolve, reject } = Promise.withResolvers<Answer>()
  request(
    `https://${info.endpoint}/?${signed.query}`,
    { method: deviation.method ?? 'GET', headers: signed.headers, ca: readFileSync(info.caFile), agent },
    (response) => {
      const status = response.statusCode ?? 0
      json(response).then((body) => {
        resolve({ ...(body as object), status })
      }, reject)
    },
  )
    .on('error', reject)
    .end()
  return await promise
}
