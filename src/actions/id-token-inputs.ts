import type { Transport } from '../attempts/retry.ts'
import { ActionError } from '../errors.ts'
import { isPullRequestFromFork } from '../runner/fork.ts'
import { getIdToken } from '../runner/id-token.ts'
import { mask } from '../runner/masking.ts'
import { optional } from './inputs.ts'

/**
 * Reads what the runner gives a job that may ask for GitHub's OIDC token.
 *
 * @returns asks for the token; throws an ActionError when the job may not
 */
export function readIdTokenService(env: NodeJS.ProcessEnv): (transport: Transport) => Promise<string> {
  const audience = optional('audience') || 'sts.aliyuncs.com'
  const url = env['ACTIONS_ID_TOKEN_REQUEST_URL'] ?? ''
  const requestToken = mask(env['ACTIONS_ID_TOKEN_REQUEST_TOKEN'] ?? '')
  return async (transport) => {
    if (URL.canParse(url) && requestToken !== '')
      return getIdToken({ url, requestToken }, audience, transport)
    throw await mayNotAsk()
  }
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
