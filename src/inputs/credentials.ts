import type { AccessKey, Endpoint } from '../alibaba-cloud/client.ts'
import type { AssumedRole, CredentialPlan } from '../alibaba-cloud/credentials.ts'
import type { Role } from '../alibaba-cloud/sts.ts'
import { ActionError } from '../errors.ts'
import { readIdTokenRequest, type RequestIdToken } from '../github/id-token.ts'
import { log } from '../runner/log.ts'
import { mask } from '../runner/masking.ts'
import { INPUTS, VARIABLES, type KeyParts } from './credential-names.ts'
import { invalid, missingSecret, optional, secret, UNSET_IS_EMPTY, wholeNumber } from './input.ts'

/** All secrets about credentials: read and masked, not validated. */
export type Secrets = {
  readonly inputs: FoundKey
  readonly environment: readonly FoundKey[]
  readonly requestIdToken: RequestIdToken
}

/** The values from one source, each empty when unset. */
type FoundKey = {
  readonly names: KeyParts
  readonly values: KeyParts
  /** For the log. */
  readonly source: string
}

/** The session of a role, in seconds: the minimum is the default, because a step is short; the maximum is 43,200. */
const SESSION_SECONDS = { fallback: 900, min: 900, max: 43_200, unit: 'seconds' }

/** Reads and masks every secret about credentials in the inputs and the environment, used or not. Never throws. */
export function readSecrets(env: NodeJS.ProcessEnv): Secrets {
  const variable = (name: string): string => (env[name] ?? '').trim()
  return {
    inputs: {
      names: INPUTS,
      values: { id: optional(INPUTS.id), secret: secret(INPUTS.secret), token: secret(INPUTS.token) },
      source: 'from the inputs',
    },
    environment: VARIABLES.map((names) => ({
      names,
      values: {
        id: variable(names.id),
        secret: mask(variable(names.secret)),
        token: mask(variable(names.token)),
      },
      source: `from the environment (${names.id})`,
    })),
    requestIdToken: readIdTokenRequest(env, {
      audience: optional('audience') || 'sts.aliyuncs.com',
      mask,
      log,
    }),
  }
}

/**
 * Chooses where the access key comes from: the key inputs, GitHub's OIDC token, the environment, or the SDK's default
 * chain, in this order. Credentials from different sources are never combined. The chain is for self-hosted runners:
 * on a hosted one it finds nothing, and ends with a request to an address that does not exist there.
 *
 * @param stsEndpoint called when a role is assumed; throws when the endpoint is unknown
 * @throws ActionError which input is invalid or missing
 */
export async function readCredentialPlan(
  env: NodeJS.ProcessEnv,
  { inputs, environment, requestIdToken }: Secrets,
  stsEndpoint: () => Endpoint,
): Promise<CredentialPlan> {
  const givenRole = readRole(env)
  const providerArn = optionalArn('oidc-provider-arn', 'oidc-provider')
  if (providerArn !== undefined && givenRole === undefined) {
    throw new ActionError({
      what: 'oidc-provider-arn is set without role-to-assume',
      fix: `Set role-to-assume to the role that the OIDC token is exchanged for. ${UNSET_IS_EMPTY}`,
    })
  }
  const role: AssumedRole | undefined = givenRole && { ...givenRole, stsEndpoint: stsEndpoint() }
  const inputKey = await firstKey([inputs])
  if (inputKey !== undefined && providerArn !== undefined) {
    throw new ActionError({
      what: 'Both access-key-id and oidc-provider-arn are set',
      fix: 'Remove the access key inputs to use OIDC, or remove oidc-provider-arn to assume the role with the access key.',
    })
  }
  if (inputKey !== undefined) return { kind: 'keys', ...inputKey, role }
  if (role !== undefined && providerArn !== undefined) {
    return { kind: 'oidc', providerArn, role, getIdToken: requestIdToken }
  }
  const environmentKey = await firstKey(environment)
  if (environmentKey !== undefined) return { kind: 'keys', ...environmentKey, role }
  if (env['RUNNER_ENVIRONMENT'] === 'self-hosted') return { kind: 'default-chain', role }
  throw await missingSecret(
    'No credentials found',
    role === undefined
      ? `Set role-to-assume and oidc-provider-arn (recommended), or access-key-id and access-key-secret, or the environment variables ALIBABA_CLOUD_ACCESS_KEY_ID and ALIBABA_CLOUD_ACCESS_KEY_SECRET. ${UNSET_IS_EMPTY} The default credential chain of Alibaba Cloud's SDK is used only on self-hosted runners.`
      : `To assume the role without an access key, set oidc-provider-arn too. ${UNSET_IS_EMPTY}`,
  )
}

/** The access key of the first place that contains any value; throws when it is incomplete or malformed. */
async function firstKey(
  places: readonly FoundKey[],
): Promise<{ readonly accessKey: AccessKey; readonly source: string } | undefined> {
  const found = places.find(({ values }) => Object.values(values).some((value) => value !== ''))
  if (found === undefined) return undefined
  const { names, values, source } = found
  const set = (['id', 'secret', 'token'] as const).filter((part) => values[part] !== '')
  const missing = (['id', 'secret'] as const).filter((part) => values[part] === '')
  if (missing.length > 0) {
    const join = (parts: readonly (keyof KeyParts)[]) => parts.map((part) => names[part]).join(' and ')
    throw await missingSecret(
      `Incomplete access key: ${join(set)} without ${join(missing)}`,
      `An access key is an ID and a secret, and a security token if it is temporary. Set all of them in one place, or none there. ${UNSET_IS_EMPTY}`,
    )
  }
  requireHeaderText(names.id, values.id)
  requireHeaderText(names.token, values.token)
  const { id: accessKeyId, secret: accessKeySecret, token } = values
  return { accessKey: { accessKeyId, accessKeySecret, securityToken: token || undefined }, source }
}

/** @throws ActionError when a value cannot be sent in a request header; the value is not shown */
function requireHeaderText(name: string, value: string): void {
  if (/^[\x21-\x7e]*$/.test(value)) return
  throw new ActionError({
    what: `Invalid ${name}: it contains white space, control characters or non-ASCII characters`,
    fix: 'Copy it again, complete and on one line.',
  })
}

/** Reads the inputs about the role to assume; throws when one is invalid, also when no role is set. */
function readRole(env: NodeJS.ProcessEnv): Role | undefined {
  const sessionName = optional('role-session-name') || defaultSessionName(env)
  if (!/^[\w.@-]{2,64}$/.test(sessionName)) {
    throw invalid('role-session-name', sessionName, '2 to 64 letters, digits and characters of .@-_')
  }
  const sessionSeconds = wholeNumber('role-session-expiration', SESSION_SECONDS)
  const arn = optionalArn('role-to-assume', 'role')
  return arn === undefined ? undefined : { arn, sessionName, sessionSeconds }
}

/**
 * Joins repository and run ID in the characters and the length that RAM allows. The run ID, which identifies the
 * session, stays whole.
 */
function defaultSessionName(env: NodeJS.ProcessEnv): string {
  const allowed = (text: string): string => text.replace(/[^\w.@-]/g, '-')
  const repository = allowed(env['GITHUB_REPOSITORY'] ?? '') || 'github-actions'
  const run = allowed(env['GITHUB_RUN_ID'] ?? '').slice(-20) || 'run'
  return `${repository.slice(0, 64 - run.length - 1)}-${run}`
}

/** Returns an input that is an ARN of RAM; `undefined` when it is unset. */
function optionalArn(name: string, kind: 'role' | 'oidc-provider'): string | undefined {
  const arn = optional(name)
  if (arn === '') return undefined
  if (new RegExp(`^acs:ram::\\d+:${kind}/\\S+$`).test(arn)) return arn
  throw invalid(name, arn, `an ARN: acs:ram::1234567890123456:${kind}/NAME`)
}
