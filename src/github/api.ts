import type { IncomingHttpHeaders } from 'node:http'
import { setTimeout } from 'node:timers/promises'
import type { getOctokit } from '@actions/github'
import { attempt } from '../attempts/attempt.ts'
import { AttemptError, isTemporary, type Failure, type Refusal } from '../attempts/failures.ts'
import { readNoProxy } from '../attempts/no-proxy.ts'
import { agentFor } from '../attempts/proxy.ts'
import { isRecord, messageIn } from '../attempts/response.ts'
import { attemptLimit, retry, type FailedCall, type Transport } from '../attempts/retry.ts'
import { ActionError } from '../errors.ts'
import { adviceFor, explainNoAnswer, send, type Advice, type HttpResponse } from './requests.ts'

export type Octokit = ReturnType<typeof getOctokit>

/** GitHub's API, for the repository of this workflow run. */
export type GitHub = {
  readonly octokit: Octokit
  readonly repository: { readonly owner: string; readonly repo: string }
  readonly host: string
  readonly transport: Transport
  readonly advice: Advice
}

/** A page of 100 issues, each with the longest text that GitHub stores. */
const MAX_RESPONSE_MIB = 32
/** What GitHub asks to wait if it does not say how long. */
const SECONDARY_LIMIT_S = 60

/**
 * Prepares calls of GitHub's API. Makes no request.
 *
 * @param token a secret, masked already
 * @throws ActionError which variable or input is invalid
 */
export async function connectToGitHub(
  env: NodeJS.ProcessEnv,
  { token, transport }: { readonly token: string; readonly transport: Transport },
): Promise<GitHub> {
  const { GITHUB_API_URL: apiUrl = '' } = env
  const url = readApiUrl(apiUrl === '' ? 'https://api.github.com' : apiUrl)
  const [, owner = '', repo = ''] = /^([\w.-]+)\/([\w.-]+)$/.exec(env['GITHUB_REPOSITORY'] ?? '') ?? []
  if (owner === '') {
    throw new ActionError({
      what: 'GITHUB_REPOSITORY is not owner/name, so there is no repository for the issue',
      fix: 'The runner sets it for every step. Make sure that nothing in the job or on the runner changes it.',
    })
  }
  // It is sent in a header.
  if (!/^[\x21-\x7e]+$/.test(token)) {
    throw new ActionError({
      what: `Invalid github-token: ${token === '' ? 'it is empty' : 'it contains white space, control characters or non-ASCII characters'}`,
      fix: 'Remove github-token to use the token of the job, or set it to a token with write access to issues.',
    })
  }
  const octokit = (await loadOctokit())(token, {
    baseUrl: url.href.replace(/\/$/, ''),
    userAgent: 'apsaramq-mqtt-register-code',
    request: { fetch: fetchThrough(transport) },
  })
  const advice = adviceFor(url, env, 'the answer comes')
  return { octokit, repository: { owner, repo }, host: url.host, transport, advice }
}

/** Without TLS, others could read the token. A server on this machine is one that was set up for tests. */
function readApiUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined
  const isPrivate = url?.protocol === 'http:' && isThisMachine({ hostname: url.hostname, port: 80 })
  if (url !== undefined && (url.protocol === 'https:' || isPrivate) && url.search + url.hash === '')
    return url
  throw new ActionError({
    what: 'Invalid GITHUB_API_URL: it is not an https:// URL',
    fix: 'The runner sets this variable for every step. Make sure that nothing in the job or on the runner changes it.',
  })
}

const isThisMachine = readNoProxy('')

async function loadOctokit(): Promise<typeof getOctokit> {
  try {
    const { getOctokit: loaded } = await import('@actions/github')
    return loaded
  } catch (cause) {
    throw new ActionError({
      what: 'The event of this workflow run could not be read from the file that GITHUB_EVENT_PATH names',
      fix: 'The runner writes it for every job. Make sure that nothing in the job or on the runner changes it.',
      cause,
    })
  }
}

/**
 * Octokit's own `fetch` ignores the proxy that this action reads, and the limits of an attempt. This one throws an
 * `AttemptError` for every status but success.
 */
function fetchThrough({ proxy }: Transport): typeof fetch {
  const agent = new (agentFor(proxy))()
  return async (address, { method, headers, body } = {}) => {
    const url = new URL(address)
    const response = await send(url, {
      method,
      headers: headers as Record<string, string>,
      body: body as string | undefined,
      agent: url.protocol === 'https:' ? agent : undefined,
    })
    if (response.status >= 300) throw new AttemptError(refusal(response))
    const { 'content-type': type = '', link = '' } = response.headers
    return new Response(response.body, { headers: { 'content-type': type, link: String(link) } })
  }
}

/** @throws SyntaxError, TypeError if it is not GitHub that responded: `attempt` describes what is thrown */
function refusal({ status, headers, body }: HttpResponse): Refusal {
  const answer: unknown = JSON.parse(body)
  if (!isRecord(answer)) throw new TypeError('The body is not a JSON object.')
  const serviceMessage = messageIn(answer, 'message')
  const waitS = status === 403 || status === 429 ? secondsToWait(headers, serviceMessage) : undefined
  const notBeforeMs = waitS === undefined ? undefined : performance.now() + waitS * 1000
  return { kind: 'refused', code: `HTTP ${status}`, serviceMessage, status, notBeforeMs }
}

/**
 * Returns how long to wait if a rate limit is exceeded.
 *
 * @see https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api#exceeding-the-rate-limit
 */
function secondsToWait(headers: IncomingHttpHeaders, message: string): number | undefined {
  const number = (name: string): number => Number(headers[name] ?? NaN)
  if (number('retry-after') >= 0) return number('retry-after')
  const untilReset = number('x-ratelimit-reset') - Date.now() / 1000
  if (number('x-ratelimit-remaining') === 0) return untilReset >= 0 ? untilReset : SECONDARY_LIMIT_S
  return /\brate limit\b/i.test(message) ? SECONDARY_LIMIT_S : undefined
}

/**
 * Calls GitHub's API, and retries temporary failures. Waits while the rate limit is exceeded, if that ends in time.
 *
 * @param goal what it does, for example `list the issues of owner/name`
 * @param request makes one request, and throws a `TypeError` if the response is not what GitHub promises
 * @param recover called before another attempt; if it returns something, an earlier attempt was executed
 * @throws ActionError with the code `HTTP 404` and so on if GitHub refused
 */
export async function call<T>(
  github: GitHub,
  goal: string,
  request: (octokit: Octokit) => Promise<T>,
  recover?: () => Promise<T | undefined>,
): Promise<T> {
  const { octokit, transport } = github
  let attempts = 0
  const { result } = await retry(transport, {
    name: `GitHub: ${goal}`,
    attempt: async () => {
      const recovered = attempts++ === 0 ? undefined : await recover?.()
      if (recovered !== undefined) return recovered
      try {
        return await attempt(
          attemptLimit(transport),
          () => request(octokit).catch(throwCause),
          MAX_RESPONSE_MIB,
        )
      } catch (error) {
        const isLast = attempts === transport.maxAttempts
        if (error instanceof AttemptError && !isLast) await waitForLimit(error.failure, transport)
        throw error
      }
    },
    isRetryable: (failure) => isRetryable(failure, transport),
    explain: (failed) => explain(failed, goal, github),
  })
  return result
}

/** Octokit wraps what its `fetch` throws. GraphQL refuses with status 200. */
function throwCause(error: unknown): never {
  const { name, message = '', cause } = error as Partial<Error>
  if (name !== 'GraphqlResponseError') throw (cause ?? error) as Error
  const serviceMessage = messageIn({ message }, 'message')
  throw new AttemptError({ kind: 'refused', code: 'GraphQL', serviceMessage, status: 200 })
}

async function waitForLimit(failure: Failure, transport: Transport): Promise<void> {
  if (failure.kind !== 'refused' || failure.notBeforeMs === undefined) return
  if (isRetryable(failure, transport)) await setTimeout(Math.max(1, failure.notBeforeMs - performance.now()))
}

function isRetryable(failure: Failure, { deadlineMs }: Transport): boolean {
  if (failure.kind !== 'refused') return isTemporary(failure)
  const { status, notBeforeMs } = failure
  return notBeforeMs === undefined ? status >= 500 || status === 408 : notBeforeMs < deadlineMs
}

const PERMISSION =
  'Add "permissions:" with "issues: write" to the job or the workflow. Listed permissions replace all defaults, so also ' +
  'add the others that the job needs. The token of a pull request from a fork can never write.'

/** What to do about a refusal, by its status. */
const FIXES: Readonly<Record<number, string>> = {
  401: 'Remove github-token to use the token of the job, or set it to a token that is valid.',
  403: PERMISSION,
  404: PERMISSION,
  410: 'Enable issues in the settings of the repository, or set create-issue to false.',
}

function explain({ failure, effort }: FailedCall, goal: string, github: GitHub): ActionError {
  const { host, transport, advice } = github
  if (failure.kind !== 'refused') {
    return explainNoAnswer(failure, { what: `GitHub did not ${goal}`, effort, host, transport, advice })
  }
  const { code, serviceMessage, status, notBeforeMs } = failure
  return new ActionError({
    what: `GitHub (${host}) did not ${goal}${effort === '' ? '' : `, ${effort}`}`,
    code,
    serviceMessage: serviceMessage || undefined,
    fix:
      notBeforeMs === undefined
        ? (FIXES[status] ?? `Run ${advice.later}`)
        : `The rate limit of the token is exceeded. Run the job again in ${minutesUntil(notBeforeMs)}.`,
  })
}

function minutesUntil(ms: number): string {
  const minutes = Math.max(1, Math.ceil((ms - performance.now()) / 60_000))
  return minutes === 1 ? 'a minute' : `${minutes} minutes`
}
