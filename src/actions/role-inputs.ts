import type { Role } from '../alibaba-cloud/sts.ts'
import { invalid, optional, wholeNumber } from './inputs.ts'

/** The shortest session that STS gives, which is enough for the calls of a step. */
const SESSION_SECONDS = 900
/** The longest that a role can be set to. */
const MAX_SESSION_SECONDS = 43_200

/**
 * Reads the inputs about the role to assume.
 *
 * @returns `undefined` when there is none
 * @throws ActionError which input is wrong, and what it takes
 */
export function readRole(env: NodeJS.ProcessEnv): Role | undefined {
  const arn = optional('role-to-assume')
  const sessionName = readSessionName(env)
  const sessionSeconds = wholeNumber('role-session-expiration', {
    fallback: SESSION_SECONDS,
    min: SESSION_SECONDS,
    max: MAX_SESSION_SECONDS,
    unit: 'seconds',
  })
  if (arn === '') return undefined
  if (/^acs:ram::\d+:role\/\S+$/.test(arn)) return { arn, sessionName, sessionSeconds }
  throw invalid('role-to-assume', arn, 'the ARN of a role: acs:ram::1234567890123456:role/NAME')
}

function readSessionName(env: NodeJS.ProcessEnv): string {
  const name = optional('role-session-name')
  if (name === '') return defaultSessionName(env)
  if (/^[\w.@-]{2,64}$/.test(name)) return name
  throw invalid('role-session-name', name, '2 to 64 letters, digits and characters of .@-_')
}

/**
 * Repository and run, in the characters and the length that RAM allows; the run, which tells one session from the
 * other, whole. Read from the environment: `@actions/github` takes 130 ms to load.
 */
function defaultSessionName(env: NodeJS.ProcessEnv): string {
  const allowed = (text: string): string => text.replace(/[^\w.@-]/g, '-')
  const repository = allowed(env['GITHUB_REPOSITORY'] ?? '') || 'github-actions'
  const run = allowed(env['GITHUB_RUN_ID'] ?? '').slice(-20) || 'run'
  return `${repository.slice(0, 64 - run.length - 1)}-${run}`
}
