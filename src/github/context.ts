import { ActionError } from '../errors.ts'

/** The workflow run that this step is part of. */
export type RunContext = {
  /** `owner/name`. */
  readonly repository: string
  /** The same for all jobs and all attempts of a run. */
  readonly runId: string
}

/**
 * Reads what a seal is bound to. Not with the context of `@actions/github`, in which an unset run ID is `NaN`.
 *
 * @throws ActionError when the runner did not set it
 */
export function readRunContext(env: NodeJS.ProcessEnv): RunContext {
  return { repository: runnerVariable(env, 'GITHUB_REPOSITORY'), runId: runnerVariable(env, 'GITHUB_RUN_ID') }
}

function runnerVariable(env: NodeJS.ProcessEnv, name: string): string {
  const value = env[name] ?? ''
  if (value !== '') return value
  throw new ActionError({
    what: `${name} is not set, so a seal cannot be bound to this workflow run`,
    fix: 'GitHub sets it for every step. Set it yourself only to try this outside a workflow.',
  })
}

/** Returns the address of this attempt of the workflow run; `undefined` outside of one. */
export function runUrl(env: NodeJS.ProcessEnv): string | undefined {
  const { GITHUB_SERVER_URL: server, GITHUB_REPOSITORY: repository, GITHUB_RUN_ID: run } = env
  if (!server || !repository || !run) return undefined
  return `${server}/${repository}/actions/runs/${run}/attempts/${env['GITHUB_RUN_ATTEMPT'] ?? '1'}`
}

/** Returns what to do when this run gets no secrets because it belongs to a fork; `undefined` in any other run. */
export async function forkFix(): Promise<string | undefined> {
  if (!(await isPullRequestFromFork())) return undefined
  return (
    'GitHub passes neither secrets nor OIDC tokens to a pull request from a fork. Skip this job there with ' +
    'if: github.event.pull_request.head.repo.full_name == github.repository, and run it after the merge.'
  )
}

/**
 * Returns whether this run belongs to a pull request from a fork.
 */
async function isPullRequestFromFork(): Promise<boolean> {
  let context
  try {
    // Loaded only here, because it reads the file of the event when it is loaded, and most runs need no event.
    ;({ context } = await import('@actions/github'))
  } catch {
    // The event file could not be read, so a fork cannot be recognized.
    return false
  }
  const pullRequest = context.payload.pull_request as PullRequest | undefined
  // Also for its reviews and comments. Not pull_request_target, which runs with the secrets of the repository.
  const isWithoutSecrets = /^pull_request(_review|_review_comment)?$/.test(context.eventName)
  if (!isWithoutSecrets || pullRequest === undefined) return false
  // The repository is null when the fork has been deleted.
  return pullRequest.head?.repo?.full_name !== pullRequest.base?.repo?.full_name
}

/** The part of the event that says where a pull request comes from. */
type PullRequest = {
  readonly head?: { readonly repo?: { readonly full_name?: string } | null }
  readonly base?: { readonly repo?: { readonly full_name?: string } | null }
}
