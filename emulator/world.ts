import type { Caller } from './authentication.ts'
import type { Config, editions } from './config.ts'
import { makeEntries, type Entries } from './entries.ts'
import type { Statuses } from './errors.ts'
import type { IdTokenSettings } from './id-tokens.ts'
import type { Policy } from './policy.ts'
import { digits, letters } from './random.ts'
import { DEFAULT_SUBJECT, defaultTrust, GITHUB_ISSUER, type OidcProvider, type Role } from './roles.ts'
import { ShapeError } from './shape.ts'

export type Account = { readonly id: string; readonly callsPerSecond: number | null }

export type AccessKey = {
  readonly id: string
  readonly secret: string
  readonly status: 'active' | 'inactive'
  readonly caller: Caller
  /** Set for the keys of a session. */
  readonly temporary: { readonly securityToken: string; readonly expiration: Date } | undefined
}

export type Instance = {
  readonly id: string
  readonly accountId: string
  readonly regionId: string
  readonly edition: (typeof editions)[number]
  /** How many CAs it takes; `null` for any number. */
  readonly maxCas: number | null
  /** How many CAs it has from the start. */
  readonly generatedCas: number
}

/** All that exists before the first call. Roles and providers are found by their ARN, all else by its id. */
export type World = {
  /** Of the default instance. */
  readonly regionId: string
  readonly clockOffsetMs: number
  readonly statuses: Statuses
  /** How certificates are shown: with the line ends that they were sent with, or with `\\n` for each. */
  readonly lineEnds: 'as-sent' | 'escaped'
  readonly accounts: ReadonlyMap<string, Account>
  readonly accessKeys: ReadonlyMap<string, AccessKey>
  readonly instances: ReadonlyMap<string, Instance>
  readonly oidcProviders: ReadonlyMap<string, OidcProvider>
  readonly roles: ReadonlyMap<string, Role>
  readonly idToken: IdTokenSettings
  readonly idTokenRequestToken: string
  /** The ones that the start-up line shows. */
  readonly defaults: {
    readonly account: Account
    readonly accessKey: AccessKey
    readonly instance: Instance
    readonly oidcProvider: OidcProvider
    readonly role: Role
  }
}

/**
 * The default world, new secrets each time, and what the config adds to it and changes of it.
 *
 * @throws ShapeError when the config contradicts itself
 */
export function makeWorld(config: Config): World {
  const regionId = config.regionId ?? 'cn-hangzhou'
  const idToken = {
    issuer: GITHUB_ISSUER,
    subject: DEFAULT_SUBJECT,
    claims: {},
    lifetimeSeconds: 300,
    ...config.idToken,
  }
  const accounts = makeEntries(
    { name: 'accounts', entries: config.accounts, defaultId: `1${digits(15)}` },
    (entry, id): Account => ({
      id,
      callsPerSecond: entry.callsPerSecond === undefined ? 500 : entry.callsPerSecond,
    }),
  )
  const instances = makeEntries(
    { name: 'instances', entries: config.instances, defaultId: `post-cn-${letters(11)}` },
    (entry, id, path): Instance => ({
      id,
      accountId: ownerOf(entry, path, accounts),
      regionId: entry.regionId ?? regionId,
      edition: entry.edition ?? 'enterprise-platinum',
      maxCas: entry.maxCas ?? null,
      generatedCas: entry.generatedCas ?? 0,
    }),
  )
  const accessKeys = makeEntries(
    { name: 'accessKeys', entries: config.accessKeys, defaultId: `LTAI5t${letters(18)}` },
    (entry, id, path): AccessKey => ({
      id,
      secret: entry.secret ?? letters(30),
      status: entry.status ?? 'active',
      caller: user(ownerOf(entry, path, accounts), entry.policy),
      temporary: temporary(entry, path),
    }),
  )
  const oidcProviders = makeEntries(
    { name: 'oidcProviders', entries: config.oidcProviders, defaultId: 'GitHubActions' },
    (entry, id, path): OidcProvider => ({
      arn: `acs:ram::${ownerOf(entry, path, accounts)}:oidc-provider/${id}`,
      issuer: entry.issuer ?? GITHUB_ISSUER,
      clientIds: entry.clientIds ?? ['sts.aliyuncs.com'],
    }),
  )
  const roles = makeEntries(
    { name: 'roles', entries: config.roles, defaultId: 'mqtt-register-code' },
    (entry, id, path): Role => {
      const accountId = ownerOf(entry, path, accounts)
      return {
        id,
        arn: `acs:ram::${accountId}:role/${id}`,
        accountId,
        maxSessionDuration: entry.maxSessionDuration ?? 3600,
        policy: entry.policy ?? allow(['mq:*'], `acs:mq:*:${accountId}:*`),
        trustPolicy: entry.trustPolicy ?? defaultTrust(oidcProviders.default, accountId, idToken.subject),
      }
    },
  )
  return {
    regionId,
    clockOffsetMs: (config.clockOffsetSeconds ?? 0) * 1000,
    statuses: config.statuses ?? 'documented',
    lineEnds: config.lineEnds ?? 'as-sent',
    accounts: accounts.all,
    accessKeys: accessKeys.all,
    instances: instances.all,
    oidcProviders: byArn(oidcProviders),
    roles: byArn(roles),
    idToken,
    idTokenRequestToken: letters(40),
    defaults: {
      account: accounts.default,
      accessKey: accessKeys.default,
      instance: instances.default,
      oidcProvider: oidcProviders.default,
      role: roles.default,
    },
  }
}

function ownerOf({ accountId }: { accountId?: string }, path: string, accounts: Entries<Account>): string {
  const id = accountId ?? accounts.default.id
  if (!accounts.all.has(id)) throw new ShapeError(`${path}.accountId is not the id of one of accounts: ${id}`)
  return id
}

function user(accountId: string, policy: Policy | undefined): Caller {
  return {
    accountId,
    type: 'SubUser',
    name: 'emulator',
    arn: `acs:ram::${accountId}:user/emulator`,
    policies: policy === undefined ? defaultPolicies(accountId) : [policy],
  }
}

function defaultPolicies(accountId: string): Policy[] {
  const { Statement } = allow(['sts:AssumeRole'], '*')
  return [
    { Version: '1', Statement: [...Statement, ...allow(['mq:*'], `acs:mq:*:${accountId}:*`).Statement] },
  ]
}

function allow(actions: string[], resource: string): Policy {
  return { Version: '1', Statement: [{ Effect: 'Allow', Action: actions, Resource: [resource] }] }
}

function temporary(
  entry: { securityToken?: string; expiration?: Date },
  path: string,
): AccessKey['temporary'] {
  const { securityToken, expiration } = entry
  if (securityToken === undefined && expiration === undefined) return undefined
  if (securityToken === undefined) throw new ShapeError(`${path} has an expiration and no securityToken`)
  return { securityToken, expiration: expiration ?? new Date(8.64e15) }
}

function byArn<T extends { arn: string }>({ all }: Entries<T>): ReadonlyMap<string, T> {
  return new Map([...all.values()].map((one) => [one.arn, one]))
}
