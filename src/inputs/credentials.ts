import type { AccessKey } from '../alibaba-cloud/client.ts'
import type { AssumedRole, CredentialPlan } from '../alibaba-cloud/credentials.ts'
import type { Role } from '../alibaba-cloud/sts.ts'
import { routeTo } from '../attempts/proxy.ts'
import type { Transport } from '../attempts/retry.ts'
import { ActionError } from '../errors.ts'
import { isPullRequestFromFork } from '../github/context.ts'
import { getIdToken } from '../github/id-token.ts'
import { log } from '../runner/log.ts'
import { mask } from '../runner/masking.ts'
import { invalid, optional, requireHeaderText, secret, wholeNumber } from './input.ts'

const GIVE_A_KEY =
  "Give one of these. A secret or variable that is not set arrives empty. The default chain of Alibaba Cloud's SDK is asked on self-hosted runners alone."
const GIVE_THE_PROVIDER =
  'There is role-to-assume: to assume it without a key, give oidc-provider-arn too. A variable that is not set arrives empty.'

/** What was read, and masked, before anything could go wrong. */
export type Secrets = {
  readonly keys: ReturnType<typeof readAccessKeys>
  readonly getIdToken: ReturnType<typeof readIdTokenService>
}

/** Masks every secret about credentials, in the inputs and in the environment, used or not. */
export function readSecrets(env: NodeJS.ProcessEnv): Secrets {
  return { keys: readAccessKeys(env), getIdToken: readIdTokenService(env) }
}

/**
 * Reads where the access key is to come from: the key inputs, GitHub's OIDC token, the environment, and on a
 * self-hosted runner the SDK's default chain, in this order. On a hosted runner the chain would find nothing, and end
 * at an address that is not there.
 *
 * @param stsEndpoint asked for when there is a role to assume; throws when it is not known
 * @throws ActionError which input is wrong, or what was looked at when there is no key
 */
export async function readCredentialPlan(
  env: NodeJS.ProcessEnv,
  { keys, getIdToken }: Secrets,
  stsEndpoint: () => string,
): Promise<CredentialPlan> {
  const role = readRole(env)
  const providerArn = readProviderArn()
  if (providerArn !== undefined && role === undefined) {
    throw new ActionError({
      what: 'oidc-provider-arn given without role-to-assume',
      fix: 'Give role-to-assume too: the role that the token is exchanged for.',
    })
  }
  const assumed: AssumedRole | undefined = role && { ...role, stsEndpoint: stsEndpoint() }
  const fromInputs = await wholeOrForked(keys.inputs)
  if (fromInputs !== undefined && providerArn !== undefined) {
    throw new ActionError({
      what: 'Both access-key-id and oidc-provider-arn are given',
      fix: 'Leave the access key inputs out to use OIDC, or oidc-provider-arn to assume the role with the access key.',
    })
  }
  if (fromInputs !== undefined) return { kind: 'keys', ...fromInputs, role: assumed }
  if (assumed !== undefined && providerArn !== undefined)
    return { kind: 'oidc', providerArn, role: assumed, getIdToken }
  const fromEnvironment = await wholeOrForked(keys.environment)
  if (fromEnvironment !== undefined) return { kind: 'keys', ...fromEnvironment, role: assumed }
  if (env['RUNNER_ENVIRONMENT'] === 'self-hosted') return { kind: 'default-chain', role: assumed }
  throw await noAccessKey(role)
}

/** Half a key in a pull request from a fork is one whose secret GitHub left out. */
async function wholeOrForked(key: () => FoundAccessKey | undefined): Promise<FoundAccessKey | undefined> {
  try {
    return key()
  } catch (error) {
    const fix = await forkFix()
    if (!(error instanceof ActionError) || fix === '') throw error
    throw new ActionError({ what: error.message, fix, cause: error })
  }
}

function readProviderArn(): string | undefined {
  const arn = optional('oidc-provider-arn')
  if (arn === '') return undefined
  if (/^acs:ram::\d+:oidc-provider\/\S+$/.test(arn)) return arn
  throw invalid(
    'oidc-provider-arn',
    arn,
    'the ARN of an OIDC provider: acs:ram::1234567890123456:oidc-provider/NAME',
  )
}

async function noAccessKey(role: Role | undefined): Promise<ActionError> {
  const looked = [
    'the inputs access-key-id and access-key-secret',
    'the inputs role-to-assume and oidc-provider-arn',
    ...ENVIRONMENT.map((names) => `${names.id} and ${names.secret} in the environment`),
  ]
  return new ActionError({
    what: `There is no access key: looked at ${looked.join(', ')}`,
    fix: (await forkFix()) || (role === undefined ? GIVE_A_KEY : GIVE_THE_PROVIDER),
  })
}

/** An access key, and where it was found, in words for the log. */
export type FoundAccessKey = { readonly accessKey: AccessKey; readonly source: string }

/** Names of the three values that make an access key, as inputs or as environment variables. */
type Spelling = { readonly id: string; readonly secret: string; readonly token: string }

/** The values that stand in one place. */
type Place = { readonly names: Spelling; readonly values: Spelling; readonly source: string }

const INPUTS: Spelling = { id: 'access-key-id', secret: 'access-key-secret', token: 'security-token' }

/** The spellings in which Alibaba Cloud's own action and tools set an access key, the current one first. */
export const ENVIRONMENT: readonly Spelling[] = [
  {
    id: 'ALIBABA_CLOUD_ACCESS_KEY_ID',
    secret: 'ALIBABA_CLOUD_ACCESS_KEY_SECRET',
    token: 'ALIBABA_CLOUD_SECURITY_TOKEN',
  },
  {
    id: 'ALIBABACLOUD_ACCESS_KEY_ID',
    secret: 'ALIBABACLOUD_ACCESS_KEY_SECRET',
    token: 'ALIBABACLOUD_SECURITY_TOKEN',
  },
  { id: 'ALICLOUD_ACCESS_KEY', secret: 'ALICLOUD_SECRET_KEY', token: 'ALICLOUD_SECURITY_TOKEN' },
]

/**
 * Reads the access keys of the inputs and of the environment. All secrets are masked here, those of the places that
 * are not used too; whether a key is whole is judged when it is taken.
 *
 * @returns inputs, environment: takes the key of that place, or of its first spelling that has a value; each
 * throws an ActionError when that key is not whole. Values of different places are never put together.
 */
export function readAccessKeys(env: NodeJS.ProcessEnv): {
  readonly inputs: () => FoundAccessKey | undefined
  readonly environment: () => FoundAccessKey | undefined
} {
  const inputs: Place = {
    names: INPUTS,
    values: { id: optional(INPUTS.id), secret: secret(INPUTS.secret), token: secret(INPUTS.token) },
    source: 'from the inputs',
  }
  const environment = ENVIRONMENT.map((names): Place => ({
    names,
    values: {
      id: (env[names.id] ?? '').trim(),
      secret: mask((env[names.secret] ?? '').trim()),
      token: mask((env[names.token] ?? '').trim()),
    },
    source: `from the environment (${names.id})`,
  }))
  return { inputs: () => firstKey([inputs]), environment: () => firstKey(environment) }
}

function firstKey(places: readonly Place[]): FoundAccessKey | undefined {
  const place = places.find(({ values }) => values.id !== '' || values.secret !== '' || values.token !== '')
  if (place === undefined) return undefined
  const { names, values, source } = place
  requireWhole(names, values)
  requireHeaderText(names.id, values.id)
  requireHeaderText(names.token, values.token)
  const { id: accessKeyId, secret: accessKeySecret, token } = values
  return { accessKey: { accessKeyId, accessKeySecret, securityToken: token || undefined }, source }
}

function requireWhole(names: Spelling, values: Spelling): void {
  const missing = [values.id === '' ? names.id : '', values.secret === '' ? names.secret : ''].filter(Boolean)
  if (missing.length === 0) return
  const given = [values.id && names.id, values.secret && names.secret, values.token && names.token].filter(
    Boolean,
  )
  throw new ActionError({
    what: `${given.join(' and ')} given without ${missing.join(' and ')}`,
    fix:
      'An access key is a pair, with a security token when it is a temporary one: give all of it in one place, or ' +
      'nothing there. A secret that the workflow may not read arrives empty.',
  })
}

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
    fix: 'The runner sets it, for a job with the permission id-token: write. Let nothing in the job or on the runner change it.',
  })
}

/** The words for a run to which GitHub gives no secrets either; empty for any other. */
export async function forkFix(): Promise<string> {
  if (!(await isPullRequestFromFork())) return ''
  return (
    'This is a pull request from a fork, to which GitHub gives neither secrets nor OIDC tokens. Skip the job there, with ' +
    'if: github.event.pull_request.head.repo.full_name == github.repository, and run it when the change is merged.'
  )
}

async function mayNotAsk(): Promise<ActionError> {
  return new ActionError({
    what: "This job may not ask for GitHub's OIDC token",
    fix:
      (await forkFix()) ||
      'Give it the permission: "permissions:" with "id-token: write", on the job or on the workflow. Named permissions ' +
        'replace all others, so add "contents: read" if the job checks out a private repository.',
  })
}
