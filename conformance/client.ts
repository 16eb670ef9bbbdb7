import https from 'node:https'
import { attempt } from '../src/attempts/attempt.ts'
import { summarize } from '../src/attempts/failure-words.ts'
import { AttemptError, isTemporary } from '../src/attempts/failures.ts'
import { agentFor } from '../src/attempts/proxy.ts'
import { isRecord, messageIn, requestIdIn, textIn } from '../src/attempts/response.ts'
import { attemptLimit, retry } from '../src/attempts/retry.ts'
import { serviceError, type ServiceErrors } from '../src/alibaba-cloud/errors.ts'
import type { AccessKey, Service } from '../src/alibaba-cloud/client.ts'
import { derSerialNumber, isSameSerialNumber } from '../src/certificates/certificate.ts'
import { MQTT_ERRORS } from '../src/mqtt/errors.ts'
import { signAcs3, type HandSigned, type Signed } from '../testing/signed-request.ts'

/** What the service responded. */
export type Answer = {
  readonly operation: string
  readonly status: number
  /** The error code; `undefined` for a success. */
  readonly code: string | undefined
  /** The message of an error; empty for a success. */
  readonly message: string
  /** Empty if the body is not a JSON object. */
  readonly body: Readonly<Record<string, unknown>>
  readonly isJson: boolean
  readonly requestId: string | undefined
}

/** A product of Alibaba Cloud: where it is, the version of its API, and its errors. */
export type Product = {
  readonly endpoint: string
  readonly version: string
  readonly errors: ServiceErrors
}

/** How a request differs from one that an SDK would send. */
export type Deviation = Partial<Pick<HandSigned, 'method' | 'version' | 'time' | 'nonce'>> & {
  /** Defaults to ApsaraMQ for MQTT. Calls to another product name no instance. */
  readonly product?: Product
  readonly instanceId?: string
  readonly accessKey?: AccessKey
  /** Defaults to `signAcs3`. */
  readonly sign?: (request: HandSigned) => Signed
  /** Changes the request after it was signed. */
  readonly afterSigning?: (signed: Signed) => Signed
}

/** A CA on an instance. */
export type Placed = { readonly sn: string; readonly instanceId: string }

/** The run was interrupted. */
export class Interrupted extends Error {}

/** There was no answer to measure. */
export class NotAnswered extends Error {}

/** The operations that change a certificate that is there, and the parameter that names its CA. */
const CHANGES: Readonly<Record<string, string>> = {
  ActiveCaCertificate: 'Sn',
  InactivateCaCertificate: 'Sn',
  DeleteCaCertificate: 'Sn',
  ActiveDeviceCertificate: 'CaSn',
  InactivateDeviceCertificate: 'CaSn',
  DeleteDeviceCertificate: 'CaSn',
}

/**
 * Calls the service, with requests that may be wrong on purpose. It changes no CA but the ones it was told to, and no
 * device certificates but theirs.
 */
export class Client {
  readonly service: Service
  readonly instanceId: string
  /** All answers, oldest first. */
  readonly answers: Answer[] = []
  readonly #own: string[] = []
  readonly #registered = new Map<string, Placed>()
  readonly #isInterrupted: () => boolean

  constructor(service: Service, instanceId: string, isInterrupted = () => false) {
    this.service = service
    this.instanceId = instanceId
    this.#isInterrupted = isInterrupted
  }

  /** Allows changes to the CA with this serial number, in any spelling. */
  own(sn: string): string {
    this.#own.push(sn)
    return sn
  }

  /** The CAs that are registered now, as far as the answers tell. A lost answer counts as a registration. */
  get registered(): Placed[] {
    return [...this.#registered.values()]
  }

  /**
   * Registers a CA of this run.
   *
   * @param sn as assumed; the answer can have another spelling
   */
  async register(
    sn: string,
    query: Readonly<Record<string, string>>,
    instanceId = this.instanceId,
  ): Promise<Answer> {
    this.#stopIfInterrupted()
    const key = placeOf({ sn, instanceId })
    const before = this.#registered.get(key)
    if (before === undefined) this.#registered.set(key, { sn, instanceId })
    const answer = await this.call('RegisterCaCertificate', query, { instanceId })
    if (answer.code !== undefined && before === undefined) this.#registered.delete(key)
    const its = textIn(answer.body, 'Sn') ?? ''
    if (isSameSerialNumber(its, sn)) this.#registered.set(key, { sn: its, instanceId })
    return answer
  }

  /**
   * Makes a call, and returns the first real answer. Throttling is retried, and so is any other temporary failure of a
   * request that changes nothing.
   *
   * @throws NotAnswered
   */
  async call(
    operation: string,
    query: Readonly<Record<string, string>> = {},
    deviation: Deviation = {},
  ): Promise<Answer> {
    const parameter = CHANGES[operation]
    const sn = query[parameter ?? 'Sn'] ?? ''
    if (parameter !== undefined && !this.#own.some((own) => isSameSerialNumber(own, sn))) {
      throw new Error(`${operation} with a CA that this run did not make`)
    }
    const isChange = operation === 'RegisterCaCertificate' || parameter !== undefined
    const { result } = await retry(this.service.transport, {
      name: operation,
      attempt: async () => {
        this.#stopIfInterrupted()
        const answer = await this.#send(operation, query, {
          method: isChange ? 'POST' : 'GET',
          ...deviation,
        })
        if (!isTemporaryAnswer(answer, isChange, deviation.product?.errors)) return answer
        const { code = '', message: serviceMessage, status } = answer
        throw new AttemptError({ kind: 'refused', code, serviceMessage, status })
      },
      isRetryable: (failure) => failure.kind === 'refused' || (!isChange && isTemporary(failure)),
      explain: ({ failure }) => new NotAnswered(`${operation}: ${summarize(failure)}`),
    })
    this.answers.push(result)
    if (operation === 'DeleteCaCertificate' && result.code === undefined) {
      this.#registered.delete(placeOf({ sn, instanceId: deviation.instanceId ?? this.instanceId }))
    }
    return result
  }

  #stopIfInterrupted(): void {
    if (this.#isInterrupted()) throw new Interrupted()
  }

  async #send(
    operation: string,
    query: Readonly<Record<string, string>>,
    deviation: Deviation,
  ): Promise<Answer> {
    const { accessKey, transport } = this.service
    const {
      product,
      instanceId = this.instanceId,
      sign = signAcs3,
      afterSigning = (signed: Signed) => signed,
      ...changed
    } = deviation
    if (accessKey === undefined) throw new Error('no access key')
    const { endpoint, version } = product ?? { endpoint: this.service.endpoint.host }
    const parameters = product === undefined ? { MqttInstanceId: instanceId, ...query } : query
    const request = { endpoint, version, accessKey, operation, query: parameters }
    const signed = afterSigning(sign({ ...request, ...changed }))
    const method = changed.method ?? 'GET'
    const Agent = agentFor(transport.proxy)
    const agent = new Agent({ keepAlive: false })
    const { status, text } = await attempt(attemptLimit(transport), () =>
      exchange(endpoint, { method, agent, ...signed }),
    )
    return answerOf(operation, status, text)
  }
}

/** The key of a CA, whatever the spelling of its serial number. */
function placeOf({ sn, instanceId }: Placed): string {
  return `${instanceId} ${derSerialNumber(sn)}`
}

/** Whether an answer says nothing about the request: the service could not process it now. */
function isTemporaryAnswer(
  { code }: Answer,
  isChange: boolean,
  errors: ServiceErrors = MQTT_ERRORS,
): boolean {
  if (code === undefined || code === 'SignatureNonceUsed') return false
  // An unknown code is an answer, whatever its status.
  const { retry: isRetryable = false, isNotExecuted = false } = serviceError(errors, code, 400)
  return isRetryable && (isNotExecuted || !isChange)
}

function exchange(
  endpoint: string,
  { query, headers, method, agent }: Signed & { readonly method: string; readonly agent: https.Agent },
): Promise<{ readonly status: number; readonly text: string }> {
  const { hostname, port } = new URL(`https://${endpoint}`)
  return new Promise((resolve, reject) => {
    const options = {
      hostname: hostname.replace(/^\[(.*)\]$/, '$1'),
      port: port === '' ? 443 : port,
      path: `/?${query}`,
      method,
      headers,
      agent,
      rejectUnauthorized: true,
    }
    https
      .request(options, (response) => {
        const chunks: Buffer[] = []
        response.on('data', (chunk: Buffer) => chunks.push(chunk))
        response.on('error', reject)
        response.on('end', () => {
          resolve({ status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString() })
        })
      })
      .on('error', reject)
      .end()
  })
}

function answerOf(operation: string, status: number, text: string): Answer {
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch {
    json = undefined
  }
  const body = isRecord(json) ? json : {}
  // An error without a code, for example from a proxy, must not count as a success.
  const code = textIn(body, 'Code') ?? (status === 200 ? undefined : 'without an error code')
  return {
    operation,
    status,
    code,
    message: messageIn(body, 'Message'),
    body,
    isJson: isRecord(json),
    requestId: requestIdIn(body),
  }
}
