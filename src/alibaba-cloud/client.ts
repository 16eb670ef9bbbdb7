import { attempt } from '../attempts/attempt.ts'
import { AttemptError } from '../attempts/failures.ts'
import { isRecord } from '../attempts/response.ts'
import { attemptLimit, type Transport } from '../attempts/retry.ts'
import { loadSdk } from './sdk.ts'

/** An access key, with its security token if it is temporary. */
export type AccessKey = {
  readonly accessKeyId: string
  readonly accessKeySecret: string
  readonly securityToken?: string | undefined
}

/** One operation of an RPC-style API of Alibaba Cloud, with its parameters. */
export type ApiRequest = {
  readonly operation: string
  /** The API's version, a date. */
  readonly version: string
  readonly method: 'GET' | 'POST'
  readonly query?: Readonly<Record<string, string>>
  /** Parameters sent in the body, as a form. */
  readonly form?: Readonly<Record<string, string>>
}

/** The JSON object of a response; its fields are not checked. */
export type ApiResponse = Readonly<Record<string, unknown>>

/** Where a service is. */
export type Endpoint = {
  /** `host` or `host:port`; always HTTPS. */
  readonly host: string
  /** Which input it comes from, and what may be wrong with it. Part of the error when the host is not found. */
  readonly origin: string
  /** The input that sets it, or could. */
  readonly input: string
}

/** A service to call. */
export type Service = {
  readonly endpoint: Endpoint
  /** Without one, calls are anonymous: not signed. */
  readonly accessKey: AccessKey | undefined
  readonly transport: Transport
}

const USER_AGENT = 'apsaramq-mqtt-register-code'

/**
 * Sends one request, signed anew, within the limit of one attempt.
 *
 * @param share of the time left that it may take, if something must follow it
 * @throws AttemptError
 */
export async function send(
  { endpoint, accessKey, transport }: Service,
  request: ApiRequest,
  share = 1,
): Promise<ApiResponse> {
  const sdk = await loadSdk(transport.proxy)
  if ((await transport.pace?.turn(transport.deadlineMs)) === false) throw noTurn(transport)
  const limit = attemptLimit(transport, share)
  // The constructor would wrap the key in a client of @alicloud/credentials, which takes longer to load than all the
  // rest. It must not see the other members of a Config either: it checks the types of all, and one is that client.
  const config = Object.assign(new sdk.Config(), {
    credential: accessKey && credentialOf(accessKey),
    endpoint: endpoint.host,
    protocol: 'HTTPS',
    userAgent: USER_AGENT,
  })
  const client = new sdk.Client(config)
  const params = new sdk.Params({
    action: request.operation,
    version: request.version,
    method: request.method,
    protocol: 'HTTPS',
    pathname: '/',
    style: 'RPC',
    authType: accessKey === undefined ? 'Anonymous' : 'AK',
    reqBodyType: request.form === undefined ? 'json' : 'formData',
    bodyType: 'json',
  })
  const runtime = new sdk.RuntimeOptions({
    readTimeout: limit.ms,
    connectTimeout: limit.ms,
    // Set explicitly, so that NODE_TLS_REJECT_UNAUTHORIZED=0 in the environment has no effect.
    ignoreSSL: false,
  })
  return await attempt(limit, async () => {
    const parameters = new sdk.OpenApiRequest({ query: request.query, body: request.form })
    const { body } = (await client.callApi(params, parameters, runtime)) as { body?: unknown }
    if (!isRecord(body)) throw new TypeError('not a JSON object')
    return body
  })
}

/** There was no time left for a call, because earlier ones were throttled. */
function noTurn({ timeoutSeconds: seconds }: Transport): AttemptError {
  const limit = { ms: seconds * 1000, ofTimeout: { seconds, share: 1 } }
  return new AttemptError({ kind: 'timeout', what: 'did not accept all calls', limit, isUnsent: true })
}

/** Returns the part of a client of `@alicloud/credentials` that signing needs (read in `@alicloud/openapi-client` 0.4.15). */
function credentialOf(accessKey: AccessKey) {
  const type = accessKey.securityToken === undefined ? 'access_key' : 'sts'
  return { getCredential: () => Promise.resolve({ ...accessKey, type, providerName: '' }) }
}
