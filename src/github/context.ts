import { ActionError } from '../errors.ts'

/** The workflow run that this step is part of. */
export type RunContext = {
  /** `owner/name`. */
  readonly repository: string
  /** The same for all jobs and all attempts of a run. */
  readonly runId: string
}

/**
 * Read from the environment and not with `@actions/github`, which takes 130 ms to load.
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
    fix: 'GitHub sets it for every step. Set it yourself only to try this outside of a workflow.',
  })
}

/**
 * Whether this run belongs to a pull request from a fork, in which GitHub gives out neither secrets nor OIDC tokens.
 * `@actions/github` takes 130 ms to load, so it is loaded for the words of an error alone.
 */
export async function isPullRequestFromFork(): Promise<boolean> {
  let context
  try {
    ;({ context } = await import('@actions/github'))
  } catch {
    // It reads the file of the event when it is loaded. Without one that can be read, nothing is known of a fork.
    return false
  }
  const pullRequest = context.payload.pull_request as PullRequest | undefined
  // Reviews and comments on it too; pull_request_target runs with the secrets of the repository.
  const isWithoutSecrets = /^pull_request(_review|_review_comment)?$/.test(context.eventName)
  if (!isWithoutSecrets || pullRequest === undefined) return false
  // The repository of a fork that was deleted since is null.
  return pullRequest.head?.repo?.full_name !== pullRequest.base?.repo?.full_name
}

/** The part of the event that tells where a pull request comes from. */
type PullRequest = {
  readonly head?: { readonly repo?: { readonly full_name?: string } | null }
  readonly base?: { readonly repo?: { readonly full_name?: string } | null }
}
