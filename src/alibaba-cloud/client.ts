import { AttemptError, failureOf, isRecord, timeout } from './failures.ts'
import { watchResponse } from './response-watch.ts'
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
  readonly query: Readonly<Record<string, string>>
}

const USER_AGENT = 'apsaramq-mqtt-register-code'

/**
 * Makes one attempt at one call, signed anew, and gives the JSON of its answer, not checked any further.
 *
 * @param endpoint `host` or `host:port`
 * @param timeoutMs for the whole attempt: name resolution, connection and answer
 * @throws AttemptError
 */
export async function attemptCall(
  endpoint: string,
  accessKey: AccessKey,
  request: ApiRequest,
  timeoutMs: number,
): Promise<Record<string, unknown>> {
  const sdk = await loadSdk()
  const client = new sdk.Client(
    new sdk.Config({ ...accessKey, endpoint, protocol: 'HTTPS', userAgent: USER_AGENT }),
  )
  const params = new sdk.Params({
    action: request.operation,
    version: request.version,
    method: request.method,
    protocol: 'HTTPS',
    pathname: '/',
    style: 'RPC',
    authType: 'AK',
    reqBodyType: 'json',
    bodyType: 'json',
  })
  const runtime = new sdk.RuntimeOptions({
    readTimeout: timeoutMs,
    connectTimeout: timeoutMs,
    // Said outright, so that NODE_TLS_REJECT_UNAUTHORIZED=0 in the environment turns nothing off.
    ignoreSSL: false,
  })
  const seen = watchResponse()
  const deadline = rejectAfter(timeoutMs, () => new AttemptError(timeout(seen.head)))
  try {
    const call = client.callApi(params, new sdk.OpenApiRequest({ query: request.query }), runtime)
    const { body } = await Promise.race<{ body?: unknown }>([call, deadline.passed])
    if (!isRecord(body)) throw new TypeError('the body is no object')
    return body
  } catch (thrown) {
    if (thrown instanceof AttemptError) throw thrown
    throw new AttemptError(failureOf(thrown, seen.head), thrown)
  } finally {
    deadline.cancel()
    seen.stop()
  }
}

/** The SDK's own timers start with the connection only: a name server that hangs would not be noticed. */
function rejectAfter(ms: number, reason: () => Error): { passed: Promise<never>; cancel: () => void } {
  const { promise, reject } = Promise.withResolvers<never>()
  const timer = setTimeout(() => {
    reject(reason())
  }, ms)
  return {
    passed: promise,
    cancel: () => {
      clearTimeout(timer)
    },
  }
}
