import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import { type Agent, request } from 'node:https'
import { text } from 'node:stream/consumers'
import { attempt } from '../attempts/attempt.ts'
import { AttemptError, describeFailure, isTemporary, type Failure } from '../attempts/failures.ts'
import { isRecord, messageIn, textIn } from '../attempts/response.ts'
import { agentFor, proxyFor } from '../attempts/proxy.ts'
import { attemptLimitMs, retry, type FailedCall, type Transport } from '../attempts/retry.ts'
import { ActionError } from '../errors.ts'
import { mask } from '../runner/masking.ts'

/** Where the runner gives out OIDC tokens, and what it wants to see for one. */
export type IdTokenService = {
  readonly url: URL
  /** A secret. */
  readonly requestToken: string
}

/**
 * Gets GitHub's OIDC token for an audience, masked. Not with `core.getIDToken`, which retries in its own way and time,
 * has no bound for an answer that hangs, and reads the proxy's variables in its own way.
 *
 * @param service.url HTTPS, with a query
 * @throws ActionError
 * @see https://docs.github.com/en/actions/concepts/security/openid-connect
 */
export async function getIdToken(
  { url, requestToken }: IdTokenService,
  audience: string,
  transport: Transport,
): Promise<string> {
  const { host } = url
  const withAudience = new URL(url)
  withAudience.search += `${url.search === '' ? '' : '&'}audience=${encodeURIComponent(audience)}`
  const agent = new (agentFor(transport.proxy))()
  const { result } = await retry(transport, {
    name: "GitHub's OIDC token",
    attempt: () =>
      attempt({ timeoutMs: attemptLimitMs(transport), proxy: proxyFor(host, transport.proxy) }, async () => {
        const { status, body } = await get(withAudience, requestToken, agent)
        return readIdToken(status, body)
      }),
    isRetryable,
    explain: (failed) => explain(failed, host, transport),
  })
  return mask(result)
}

async function get(
  url: URL,
  requestToken: string,
  agent: Agent,
): Promise<{ readonly status: number; readonly body: string }> {
  const headers = {
    accept: 'application/json',
    authorization: `Bearer ${requestToken}`,
    'user-agent': 'apsaramq-mqtt-register-code',
  }
  const asked = request(url, { agent, headers })
  // What goes wrong once the answer has begun is told by the answer.
  asked.on('error', () => undefined).end()
  const [response] = (await once(asked, 'response')) as [IncomingMessage]
  return { status: response.statusCode ?? 0, body: await text(response) }
}

/** What cannot be read is a failed attempt too, and worded as such. */
function readIdToken(status: number, body: string): string {
  const answer: unknown = JSON.parse(body)
  if (!isRecord(answer)) throw new TypeError('The body is no JSON object.')
  if (status > 299) {
    throw new AttemptError({
      kind: 'refused',
      code: `HTTP ${status}`,
      serviceMessage: messageIn(answer, 'message'),
      status,
    })
  }
  const token = textIn(answer, 'value')
  // Three parts of base64url, joined by dots: anything else is no token, and could not be masked as one.
  if (token !== undefined && token.length <= MAX_TOKEN_LENGTH && /^[\w-]+\.[\w-]+\.[\w-]+$/.test(token))
    return token
  throw new AttemptError({ kind: 'broken-response', what: 'answered without a token' })
}

/** GitHub's have about 1,200 characters; a header has to hold it. */
const MAX_TOKEN_LENGTH = 16_384

function isRetryable(failure: Failure): boolean {
  if (failure.kind !== 'refused') return isTemporary(failure)
  return failure.status >= 500 || failure.status === 429 || failure.status === 408
}

function explain({ failure, effort }: FailedCall, host: string, transport: Transport): ActionError {
  const suffix = effort === '' ? '' : `, ${effort}`
  if (failure.kind === 'refused') {
    return new ActionError({
      what: `GitHub (${host}) gave no OIDC token${suffix}`,
      code: failure.code,
      serviceMessage: failure.serviceMessage || undefined,
      fix: isRetryable(failure)
        ? COME_BACK
        : 'Check that the job has permissions: id-token: write, and run it again: what a job may ask with ends with the job.',
    })
  }
  const { what, fix } = describeFailure(failure, { ...transport, host, wrongAddress: COME_BACK })
  return new ActionError({ what: `GitHub gave no OIDC token: ${what}${suffix}`, fix })
}

const COME_BACK =
  'Run the job again later, and look at www.githubstatus.com: the token comes from GitHub, not from Alibaba Cloud.'
