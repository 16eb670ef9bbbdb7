import { attempt } from '../attempts/attempt.ts'
import { isRecord } from '../attempts/response.ts'
import { proxyFor, type Proxy } from '../attempts/proxy.ts'
import { loadSdk } from './sdk.ts'

/** An access key, with its security token when it is a temporary one. */
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
  /** Parameters that travel in the body, as a form. */
  readonly form?: Readonly<Record<string, string>>
}

/** Whom to call, as whom, and through what. */
type Target = {
  /** `host` or `host:port`. */
  readonly endpoint: string
  /** Without one, the call is anonymous: not signed. */
  readonly accessKey: AccessKey | undefined
  readonly proxy: Proxy | undefined
}

const USER_AGENT = 'apsaramq-mqtt-register-code'

/**
 * Makes one attempt at one call, signed anew, and gives the JSON of its answer, not checked any further.
 *
 * @param timeoutMs for the whole attempt: name resolution, connection and answer
 * @throws AttemptError
 */
export async function attemptCall(
  { endpoint, accessKey, proxy }: Target,
  request: ApiRequest,
  timeoutMs: number,
): Promise<Record<string, unknown>> {
  const sdk = await loadSdk(proxy)
  // Given to the constructor, the key would be put into a client of @alicloud/credentials, which takes longer to load
  // than all the rest, for a key that is here already. Nor may the constructor see any other member of a Config: it
  // looks at the types of all of them, and one is that client.
  const config = Object.assign(new sdk.Config(), {
    credential: accessKey && credentialOf(accessKey),
    endpoint,
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
    readTimeout: timeoutMs,
    connectTimeout: timeoutMs,
    // Said outright, so that NODE_TLS_REJECT_UNAUTHORIZED=0 in the environment turns nothing off.
    ignoreSSL: false,
  })
  return await attempt({ timeoutMs, proxy: proxyFor(endpoint, proxy) }, async () => {
    const parameters = new sdk.OpenApiRequest({ query: request.query, body: request.form })
    const { body } = (await client.callApi(params, parameters, runtime)) as { body?: unknown }
    if (!isRecord(body)) throw new TypeError('The body is no JSON object.')
    return body
  })
}

/** The part of a client of `@alicloud/credentials` that signing needs (read in `@alicloud/openapi-client` 0.4.15). */
function credentialOf(accessKey: AccessKey) {
  const type = accessKey.securityToken === undefined ? 'access_key' : 'sts'
  return { getCredential: () => Promise.resolve({ ...accessKey, type, providerName: '' }) }
}
