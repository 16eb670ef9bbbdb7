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
    cure: 'GitHub sets it for every step. Set it yourself only to try this outside of a workflow.',
  })
}
