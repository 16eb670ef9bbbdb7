import { routeTo } from '../attempts/proxy.ts'
import type { Transport } from '../attempts/retry.ts'
import { ActionError } from '../errors.ts'
import { isPullRequestFromFork } from '../runner/fork.ts'
import { getIdToken } from '../runner/id-token.ts'
import { log } from '../runner/log.ts'
import { mask } from '../runner/masking.ts'
import { optional, requireHeaderText } from './inputs.ts'

/**
 * Reads what the runner gives a job that may ask for GitHub's OIDC token.
 *
 * @returns asks for the token; throws an ActionError when the job may not, or would have to ask without TLS
 */
export function readIdTokenService(env: NodeJS.ProcessEnv): (transport: Transport) => Promise<string> {
  const audience = optional('audience') || 'sts.aliyuncs.com'
  const text = env[URL_VARIABLE] ?? ''
  const url = text.length <= MAX_URL_LENGTH && URL.canParse(text) ? new URL(text) : undefined
  const requestToken = mask((env['ACTIONS_ID_TOKEN_REQUEST_TOKEN'] ?? '').trim())
  return async (transport) => {
    if (text === '' || requestToken === '') throw await mayNotAsk()
    if (url?.protocol !== 'https:') throw notHttps()
    requireHeaderText('ACTIONS_ID_TOKEN_REQUEST_TOKEN', requestToken)
    log('OIDC token', routeTo(url.host, transport.proxy))
    return getIdToken({ url, requestToken }, audience, transport)
  }
}

const URL_VARIABLE = 'ACTIONS_ID_TOKEN_REQUEST_URL'
const MAX_URL_LENGTH = 8192

/** The request token would travel in the clear, or nowhere. The URL is not shown: it may be anything. */
function notHttps(): ActionError {
  return new ActionError({
    what: `${URL_VARIABLE} does not begin with https://, or is no URL`,
    cure: 'The runner sets it, for a job with the permission id-token: write. Let nothing in the job or on the runner change it.',
  })
}

/** The words for a run to which GitHub gives no secrets either; empty for any other. */
export async function forkCure(): Promise<string> {
  if (!(await isPullRequestFromFork())) return ''
  return (
    'This is a pull request from a fork, to which GitHub gives neither secrets nor OIDC tokens. Skip the job there, with ' +
    'if: github.event.pull_request.head.repo.full_name == github.repository, and run it when the change is merged.'
  )
}

async function mayNotAsk(): Promise<ActionError> {
  return new ActionError({
    what: "This job may not ask for GitHub's OIDC token",
    cure:
      (await forkCure()) ||
      'Give it the permission: "permissions:" with "id-token: write", on the job or on the workflow. Named permissions ' +
        'replace all others, so add "contents: read" if the job checks out a private repository.',
  })
}
