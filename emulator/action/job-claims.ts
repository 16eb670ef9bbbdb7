/** The claims of GitHub's token that a step can also read from a variable of the runner. */
const VARIABLES = {
  repository: 'GITHUB_REPOSITORY',
  repository_id: 'GITHUB_REPOSITORY_ID',
  repository_owner: 'GITHUB_REPOSITORY_OWNER',
  repository_owner_id: 'GITHUB_REPOSITORY_OWNER_ID',
  ref: 'GITHUB_REF',
  ref_type: 'GITHUB_REF_TYPE',
  ref_protected: 'GITHUB_REF_PROTECTED',
  sha: 'GITHUB_SHA',
  head_ref: 'GITHUB_HEAD_REF',
  base_ref: 'GITHUB_BASE_REF',
  run_id: 'GITHUB_RUN_ID',
  run_number: 'GITHUB_RUN_NUMBER',
  run_attempt: 'GITHUB_RUN_ATTEMPT',
  actor: 'GITHUB_ACTOR',
  actor_id: 'GITHUB_ACTOR_ID',
  event_name: 'GITHUB_EVENT_NAME',
  workflow: 'GITHUB_WORKFLOW',
  workflow_ref: 'GITHUB_WORKFLOW_REF',
  workflow_sha: 'GITHUB_WORKFLOW_SHA',
  job_workflow_ref: 'GITHUB_WORKFLOW_REF',
  job_workflow_sha: 'GITHUB_WORKFLOW_SHA',
  runner_environment: 'RUNNER_ENVIRONMENT',
} as const

/** The subject and claims of a job's token, as far as a step can know them. */
export type JobClaims = { readonly subject?: string; readonly claims: Readonly<Record<string, string>> }

/**
 * Reads the claims from the environment of the job. The subject is that of a job without a deployment environment,
 * because no variable holds the name of one.
 *
 * @see https://docs.github.com/en/actions/reference/security/oidc
 */
export function readJobClaims(env: NodeJS.ProcessEnv): JobClaims {
  const claims = Object.fromEntries(
    Object.entries(VARIABLES).flatMap(([claim, variable]) => {
      const value = env[variable]
      return value === undefined ? [] : [[claim, value]]
    }),
  )
  const { GITHUB_REPOSITORY: repository, GITHUB_REF: ref } = env
  if (!repository || !ref) return { claims }
  const context = ref.startsWith('refs/pull/') ? 'pull_request' : `ref:${ref}`
  return { subject: `repo:${repository}:${context}`, claims }
}
