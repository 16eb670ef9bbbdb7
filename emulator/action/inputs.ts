import { readFileSync } from 'node:fs'
import { ActionError } from '../../src/errors.ts'
import { invalid, optional, wholeNumber } from '../../src/inputs/input.ts'
import { mask } from '../../src/runner/masking.ts'
import { parseConfig, type Config } from '../world/config.ts'
import { isDefault, type Entry } from '../world/make-world.ts'
import { ShapeError } from '../world/shape.ts'
import { readJobClaims, type JobClaims } from './job-claims.ts'

/** Five days, the most that a job on a self-hosted runner can last. */
const MAX_MINUTES = 7200

export type EmulatorInputs = {
  readonly config: Config
  /** 0 for any free port. */
  readonly port: number
  readonly mqttPort: number
  readonly maxMinutes: number
}

/** @throws ActionError */
export function readEmulatorInputs(env: NodeJS.ProcessEnv): EmulatorInputs {
  // First, because it masks the secrets in the config.
  const config = readConfigInput()
  return {
    config: withNames(config, readNames(config), readJobClaims(env)),
    port: readPort('port'),
    mqttPort: readPort('mqtt-port'),
    maxMinutes: wholeNumber('max-minutes', { fallback: 360, max: MAX_MINUTES, unit: 'minutes' }),
  }
}

/** The names that a workflow uses. */
export type Names = {
  readonly regionId: string
  readonly instanceId: string | undefined
  /** Of the account that owns all of them. */
  readonly accountId: string | undefined
  readonly role: string | undefined
  readonly oidcProvider: string | undefined
}

/** Gives the default entries of a config the names of a workflow, and GitHub's tokens the claims of this job. */
export function withNames(config: Config, names: Names, { subject, claims }: JobClaims): Config {
  return {
    ...config,
    regionId: names.regionId,
    accounts: named(config.accounts, names.accountId),
    instances: named(config.instances, names.instanceId),
    roles: named(config.roles, names.role),
    oidcProviders: named(config.oidcProviders, names.oidcProvider),
    idToken: {
      ...(subject !== undefined && { subject }),
      ...config.idToken,
      claims: { ...claims, ...config.idToken?.claims },
    },
  }
}

/** Names the default entry of a list. An entry that already has the name becomes the default one. */
function named<E extends Entry>(
  entries: readonly E[] = [],
  id: string | undefined,
): (E | { id: string; default: boolean })[] {
  if (id === undefined) return [...entries]
  const chosen = entries.find((entry) => entry.id === id) ?? entries.find(isDefault)
  const others = entries.filter((entry) => entry !== chosen)
  return [...others, { ...chosen, id, default: true }]
}

function readConfigInput(): Config {
  const value = optional('config')
  if (value === '') return {}
  const config = parse(value.startsWith('{') ? value : readConfigFile(value))
  for (const { secret = '', securityToken = '' } of config.accessKeys ?? []) {
    mask(secret)
    mask(securityToken)
  }
  return config
}

function parse(json: string): Config {
  try {
    return parseConfig(json)
  } catch (error) {
    if (!(error instanceof ShapeError)) throw error
    throw new ActionError({
      what: `Invalid config: ${error.message}`,
      fix: 'docs/emulator.md of this repository describes each key.',
      cause: error,
    })
  }
}

function readConfigFile(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (cause) {
    throw new ActionError({
      what: 'Invalid config: it is neither JSON text, which begins with {, nor the path of a file that can be read',
      fix: 'Use a path relative to the working directory of the job, and check out the repository before this step.',
      cause,
    })
  }
}

function readNames(config: Config): Names {
  const role = readArn('role-to-assume', 'role')
  const provider = readArn('oidc-provider-arn', 'oidc-provider')
  if (role !== undefined && provider !== undefined && role.accountId !== provider.accountId) {
    throw new ActionError({
      what: `role-to-assume and oidc-provider-arn belong to different accounts, ${role.accountId} and ${provider.accountId}`,
      fix: 'Copy both ARNs from RAM again. A role can only trust a provider of its own account.',
    })
  }
  return {
    regionId: optional('region-id') || (config.regionId ?? 'cn-hangzhou'),
    instanceId: optional('instance-id') || undefined,
    accountId: (role ?? provider)?.accountId,
    role: role?.name,
    oidcProvider: provider?.name,
  }
}

function readArn(
  input: string,
  kind: 'role' | 'oidc-provider',
): { readonly accountId: string; readonly name: string } | undefined {
  const value = optional(input)
  if (value === '') return undefined
  const [, accountId, name] = new RegExp(`^acs:ram::([^:]+):${kind}/(.+)$`).exec(value) ?? []
  if (accountId !== undefined && name !== undefined) return { accountId, name }
  throw invalid(input, value, `an ARN such as acs:ram::1234567890123456:${kind}/NAME`)
}

function readPort(input: string): number {
  const text = optional(input)
  if (text === '') return 0
  const port = Number(text)
  if (/^\d{1,5}$/.test(text) && port >= 1 && port <= 65_535) return port
  throw invalid(input, text, 'a port from 1 to 65535, or leave it empty for any free port')
}
