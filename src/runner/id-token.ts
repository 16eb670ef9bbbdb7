import { text } from 'node:stream/consumers'
import { HttpClient } from '@actions/http-client'
import { BearerCredentialHandler } from '@actions/http-client/lib/auth'
import { attempt } from '../attempts/attempt.ts'
import { AttemptError, isRecord, mayPass, textIn, type Failure } from '../attempts/failures.ts'
import { onTheWayTo } from '../attempts/proxy.ts'
import { GaveUp, retry, type Transport } from '../attempts/retry.ts'
import { wordsOf } from '../attempts/words.ts'
import { ActionError } from '../errors.ts'
import { mask } from './masking.ts'

/** Where the runner gives out OIDC tokens, and what it wants to see for one. */
export type IdTokenService = {
  readonly url: string
  /** A secret. */
  readonly requestToken: string
}

/**
 * Gets GitHub's OIDC token for an audience, masked. Made with the toolkit's HTTP client, as `core.getIDToken` is, which
 * would retry in its own way and time, and has no bound for an answer that hangs.
 *
 * @throws ActionError
 * @see https://docs.github.com/en/actions/concepts/security/openid-connect
 */
export async function getIdToken(
  { url, requestToken }: IdTokenService,
  audience: string,
  transport: Transport,
): Promise<string> {
  const { host } = new URL(url)
  try {
    const { result } = await retry(
      "GitHub's OIDC token",
      transport,
      (timeoutMs) =>
        attempt({ timeoutMs, proxy: onTheWayTo(host, transport.proxy) }, async () => {
          const client = new HttpClient(
            'apsaramq-mqtt-register-code',
            [new BearerCredentialHandler(requestToken)],
            {
              allowRedirects: false,
              allowRetries: false,
              socketTimeout: timeoutMs,
            },
          )
          const { message } = await client.get(`${url}&audience=${encodeURIComponent(audience)}`)
          return readIdToken(message.statusCode ?? 0, await text(message))
        }),
      isRetryable,
    )
    return mask(result)
  } catch (error) {
    if (!(error instanceof GaveUp)) throw error
    throw explain(error, host, transport)
  }
}

/** What cannot be read is a failed attempt too, and worded as such. */
function readIdToken(status: number, body: string): string {
  const answer: unknown = JSON.parse(body)
  if (!isRecord(answer)) throw new TypeError('The body is no JSON object.')
  if (status > 299) {
    throw new AttemptError({
      kind: 'refused',
      code: `HTTP ${status}`,
      said: textIn(answer, 'message') ?? '',
      status,
    })
  }
  const token = textIn(answer, 'value')
  // Three parts of base64url, joined by dots: anything else is no token, and could not be masked as one.
  if (token !== undefined && /^[\w-]+\.[\w-]+\.[\w-]+$/.test(token)) return token
  throw new AttemptError({ kind: 'broken-answer', what: 'answered without a token' })
}

function isRetryable(failure: Failure): boolean {
  if (failure.kind !== 'refused') return mayPass(failure)
  return failure.status >= 500 || failure.status === 429 || failure.status === 408
}

function explain({ failure, effort }: GaveUp, host: string, { proxy }: Transport): ActionError {
  const suffix = effort === '' ? '' : `, ${effort}`
  if (failure.kind === 'refused') {
    return new ActionError({
      what: `GitHub (${host}) gave no OIDC token${suffix}`,
      code: failure.code,
      said: failure.said || undefined,
      cure: isRetryable(failure)
        ? COME_BACK
        : 'Check that the job has permissions: id-token: write, and run it again: what a job may ask with ends with the job.',
    })
  }
  const { what, cure } = wordsOf(failure, { host, proxy, wrongAddress: COME_BACK })
  return new ActionError({ what: `GitHub gave no OIDC token: ${what}${suffix}`, cure })
}

const COME_BACK =
  'Run the job again later, and look at www.githubstatus.com: the token comes from GitHub, not from Alibaba Cloud.'
