import { once } from 'node:events'
import http, { type Agent, type IncomingHttpHeaders, type IncomingMessage } from 'node:http'
import https from 'node:https'
import { text } from 'node:stream/consumers'
import { describeFailure } from '../attempts/failure-words.ts'
import type { RequestFailure } from '../attempts/failures.ts'
import type { Transport } from '../attempts/retry.ts'
import { ActionError } from '../errors.ts'

/** A response that was read to its end. */
export type HttpResponse = {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

/** Makes one request. Call it in an `attempt`, which limits the time and the length of the response. */
export async function send(
  url: URL,
  request: {
    readonly method?: string | undefined
    readonly headers: Readonly<Record<string, string>>
    readonly body?: string | undefined
    readonly agent: Agent | undefined
  },
): Promise<HttpResponse> {
  const { body, ...options } = request
  const outgoing = (url.protocol === 'http:' ? http : https).request(url, options)
  // Once the response has begun, it reports the error.
  outgoing.on('error', () => undefined).end(body)
  const [response] = (await once(outgoing, 'response')) as [IncomingMessage]
  return { status: response.statusCode ?? 0, headers: response.headers, body: await text(response) }
}

/** What to do when GitHub does not do what it should. */
export type Advice = {
  /** What follows "run". */
  readonly later: string
  /** What to check first, if this runner may be the reason. */
  readonly network: string | undefined
}

/** @param answer what GitHub gives, for example `the token comes` */
export function adviceFor(url: URL, env: NodeJS.ProcessEnv, answer: string): Advice {
  const serverUrl = env['GITHUB_SERVER_URL'] ?? ''
  const server = URL.canParse(serverUrl) ? new URL(serverUrl).host : 'github.com'
  // The status page does not cover GitHub Enterprise Server.
  const isOnline = [url.hostname, server].some((name) => GITHUB_DOMAIN.test(name))
  return {
    later: isOnline
      ? `the job again later, and check www.githubstatus.com: ${answer} from GitHub, not from Alibaba Cloud.`
      : `the job again later, or ask the administrator of ${server}: ${answer} from there, not from Alibaba Cloud.`,
    // GitHub looks after the network of its runners.
    network:
      env['RUNNER_ENVIRONMENT'] === 'github-hosted'
        ? undefined
        : `Check that this runner can reach ${url.host}: its firewall, its DNS server and its proxy.`,
  }
}

const GITHUB_DOMAIN = /(^|\.)(github\.com|githubusercontent\.com|ghe\.com)$/i

/** Explains a failure without an answer from GitHub. */
export function explainNoAnswer(
  failure: RequestFailure,
  about: {
    /** What failed, for example `GitHub gave no OIDC token`. */
    readonly what: string
    /** What it took, if it was tried several times. */
    readonly effort: string
    readonly host: string
    readonly transport: Transport
    readonly advice: Advice
  },
): ActionError {
  const { host, transport, effort } = about
  const { later, network } = about.advice
  const isUnreached = failure.kind === 'network' || failure.kind === 'timeout'
  const isNetwork = isUnreached && network !== undefined
  const first = isNetwork ? network : `Run ${later}`
  const { what, fix } = describeFailure(failure, {
    ...transport,
    host,
    origin: '',
    wrongAddress: first,
    lateFix: first,
  })
  return new ActionError({
    what: `${about.what}: ${what}${effort === '' ? '' : `, ${effort}`}`,
    fix: isNetwork ? `${fix} If the network is fine, run ${later}` : fix,
  })
}
