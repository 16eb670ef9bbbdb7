import { attempt } from '../attempts/attempt.ts'
import { AttemptError, isTemporary, type Failure } from '../attempts/failures.ts'
import { agentFor, routeTo } from '../attempts/proxy.ts'
import { isRecord, messageIn, textIn } from '../attempts/response.ts'
import { attemptLimit, retry, type FailedCall, type Transport } from '../attempts/retry.ts'
import { ActionError } from '../errors.ts'
import { forkFix } from './context.ts'
import { adviceFor, explainNoAnswer, send, type Advice } from './requests.ts'

/** Requests GitHub's OIDC token, already masked. */
export type RequestIdToken = (transport: Transport) => Promise<string>

const URL_VARIABLE = 'ACTIONS_ID_TOKEN_REQUEST_URL'
const TOKEN_VARIABLE = 'ACTIONS_ID_TOKEN_REQUEST_TOKEN'
const MAX_URL_LENGTH = 8192
/** GitHub's tokens have about 1,200 characters. The token must fit into a header. */
const MAX_TOKEN_LENGTH = 16_384

/**
 * Reads the variables that the runner sets for a job with the permission `id-token: write`.
 *
 * @param options.audience of the token
 * @param options.mask hides a secret; called with the job's request token now, and with the OIDC token when it arrives
 * @param options.log prints the route to GitHub before the request
 * @returns requests a token; throws an ActionError when the job has no permission, or the URL is not HTTPS
 */
export function readIdTokenRequest(
  env: NodeJS.ProcessEnv,
  {
    audience,
    mask,
    log,
  }: {
    readonly audience: string
    readonly mask: (secret: string) => string
    readonly log: (label: string, fact: string) => void
  },
): RequestIdToken {
  const requestUrl = env[URL_VARIABLE] ?? ''
  const requestToken = mask((env[TOKEN_VARIABLE] ?? '').trim())
  return async (transport) => {
    if (requestUrl === '' || requestToken === '') throw await missingPermission()
    const url = parseUrl(requestUrl)
    // It is sent in a header.
    if (!/^[\x21-\x7e]+$/.test(requestToken)) {
      throw invalidVariable(
        TOKEN_VARIABLE,
        'it contains white space, control characters or non-ASCII characters',
      )
    }
    log('OIDC token', routeTo(url.host, transport.proxy))
    url.search += `${url.search === '' ? '' : '&'}audience=${encodeURIComponent(audience)}`
    return mask(
      await getIdToken(url, requestToken, { transport, advice: adviceFor(url, env, 'the token comes') }),
    )
  }
}

/** Without TLS, others could read the request token. */
function parseUrl(text: string): URL {
  const url = text.length <= MAX_URL_LENGTH && URL.canParse(text) ? new URL(text) : undefined
  if (url?.protocol === 'https:') return url
  throw invalidVariable(URL_VARIABLE, 'it is not an https:// URL')
}

/** The value is not shown: it can be anything. */
function invalidVariable(name: string, problem: string): ActionError {
  return new ActionError({
    what: `Invalid ${name}: ${problem}`,
    fix: 'The runner sets this variable for jobs with the permission id-token: write. Make sure that nothing in the job or on the runner changes it.',
  })
}

async function missingPermission(): Promise<ActionError> {
  return new ActionError({
    what: "This job has no permission to request GitHub's OIDC token",
    fix:
      (await forkFix()) ??
      'Add "permissions:" with "id-token: write" to the job or the workflow. Listed permissions replace all defaults, so ' +
        'also add "contents: read" if the job checks out a private repository.',
  })
}

/**
 * Gets an OIDC token. Not with `core.getIDToken`: it has its own retries and timeouts, does not limit the size of
 * the response, and reads the proxy variables in its own way.
 *
 * @see https://docs.github.com/en/actions/concepts/security/openid-connect
 */
async function getIdToken(
  url: URL,
  requestToken: string,
  { transport, advice }: { readonly transport: Transport; readonly advice: Advice },
): Promise<string> {
  const { host } = url
  const agent = new (agentFor(transport.proxy))()
  const headers = {
    accept: 'application/json',
    authorization: `Bearer ${requestToken}`,
    'user-agent': 'apsaramq-mqtt-register-code',
  }
  const { result } = await retry(transport, {
    name: "GitHub's OIDC token",
    attempt: () =>
      attempt(attemptLimit(transport), async () => {
        const { status, body } = await send(url, { headers, agent })
        return readIdToken(status, body)
      }),
    isRetryable,
    explain: (failed) => explain(failed, host, { transport, advice }),
  })
  return result
}

/** A body that cannot be parsed is a failed attempt too: `attempt` describes what is thrown. */
function readIdToken(status: number, body: string): string {
  const answer: unknown = JSON.parse(body)
  if (!isRecord(answer)) throw new TypeError('The body is not a JSON object.')
  if (status > 299) {
    throw new AttemptError({
      kind: 'refused',
      code: `HTTP ${status}`,
      serviceMessage: messageIn(answer, 'message'),
      status,
    })
  }
  const token = textIn(answer, 'value')
  // A token is three parts of base64url. The parts of anything else would not be masked.
  if (token !== undefined && token.length <= MAX_TOKEN_LENGTH && /^[\w-]+\.[\w-]+\.[\w-]+$/.test(token))
    return token
  throw new AttemptError({ kind: 'broken-response', what: 'responded without a token' })
}

function isRetryable(failure: Failure): boolean {
  if (failure.kind !== 'refused') return isTemporary(failure)
  return failure.status >= 500 || failure.status === 429 || failure.status === 408
}

function explain(
  { failure, effort }: FailedCall,
  host: string,
  { transport, advice }: { readonly transport: Transport; readonly advice: Advice },
): ActionError {
  if (failure.kind === 'refused') {
    return new ActionError({
      what: `GitHub (${host}) gave no OIDC token${effort === '' ? '' : `, ${effort}`}`,
      code: failure.code,
      serviceMessage: failure.serviceMessage || undefined,
      fix: isRetryable(failure)
        ? `Run ${advice.later}`
        : "Check that the job has permissions: id-token: write, and run it again: the job's request token expires when the job ends.",
    })
  }
  return explainNoAnswer(failure, { what: 'GitHub gave no OIDC token', effort, host, transport, advice })
}
