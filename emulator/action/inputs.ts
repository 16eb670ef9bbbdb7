import { readFileSync } from 'node:fs'
import { ActionError } from '../../src/errors.ts'
import { invalid, optional, wholeNumber } from '../../src/inputs/input.ts'
import { mask } from '../../src/runner/masking.ts'
import { type Config, parseConfig } from '../config.ts'
import { ShapeError } from '../shape.ts'
import { type Names, withNames } from './emulated-config.ts'
import { readJobClaims } from './job-claims.ts'

/** Longer than the jobs of a runner of one's own may be: five days. */
const MAX_MINUTES = 7200

export type EmulatorInputs = {
  readonly config: Config
  /** 0 for any. */
  readonly port: number
  readonly maxMinutes: number
}

/** @throws ActionError */
export function readEmulatorInputs(env: NodeJS.ProcessEnv): EmulatorInputs {
  // First, as it masks the secrets in it.
  const config = readConfigInput()
  return {
    config: withNames(config, readNames(config), readJobClaims(env)),
    port: readPort(),
    maxMinutes: wholeNumber('max-minutes', { fallback: 360, max: MAX_MINUTES, unit: 'minutes' }),
  }
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
      what: `The input config cannot be used: ${error.message}`,
      fix: 'emulator/README.md of this repository has every key, and what it takes.',
      cause: error,
    })
  }
}

function readConfigFile(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (cause) {
    throw new ActionError({
      what: 'The input config is neither JSON text, which begins with {, nor the path of a file that can be read',
      fix: 'A path is relative to the working directory of the job. Is the repository checked out before this step?',
      cause,
    })
  }
}

function readNames(config: Config): Names {
  const role = readArn('role-to-assume', 'role')
  const provider = readArn('oidc-provider-arn', 'oidc-provider')
  if (role !== undefined && provider !== undefined && role.accountId !== provider.accountId) {
    throw new ActionError({
      what: `The inputs role-to-assume and oidc-provider-arn are of two accounts, ${role.accountId} and ${provider.accountId}`,
      fix: 'A role can only trust a provider of its own account: copy both from RAM once more.',
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
  throw invalid(input, value, `an ARN: acs:ram::1234567890123456:${kind}/NAME`)
}

function readPort(): number {
  const text = optional('port')
  if (text === '') return 0
  const port = Number(text)
  if (/^\d{1,5}$/.test(text) && port >= 1 && port <= 65_535) return port
  throw invalid('port', text, 'a port from 1 to 65535, or nothing for any free one')
}
