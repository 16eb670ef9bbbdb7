import { readFileSync } from 'node:fs'
import { Agent, request } from 'node:https'
import { json } from 'node:stream/consumers'
import type { RunningEmulator } from '../../emulator/start.ts'
import { signAcs3, type HandSigned, type Signed } from '../../testing/signed-request.ts'

const agent = new Agent({ keepAlive: true })

/** A response of KMS. A success has no `Code`. */
export type KmsAnswer = Readonly<Record<string, unknown>> & {
  readonly status: number
  readonly Code?: string
}

/** How a call differs from one with the emulator's own access key. */
type Deviation = Partial<Pick<HandSigned, 'accessKey' | 'method' | 'nonce' | 'time' | 'version'>> & {
  /** Defaults to `signAcs3`. */
  readonly sign?: (request: HandSigned) => Signed
  /** The host name that the client uses. */
  readonly host?: string
}

/** Calls an operation of KMS without an SDK, to see exactly what it responds. */
export async function callKms(
  { info }: Pick<RunningEmulator, 'info'>,
  operation: string,
  query: Readonly<Record<string, string>> = {},
  { sign = signAcs3, host = info.endpoint, ...deviation }: Deviation = {},
): Promise<KmsAnswer> {
  const { accessKeyId, accessKeySecret } = info
  const signed = sign({
    endpoint: host,
    accessKey: { accessKeyId, accessKeySecret },
    operation,
    query,
    version: '2016-01-20',
    ...deviation,
  })
  const { promise, resolve, reject } = Promise.withResolvers<KmsAnswer>()
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
