import type { Caller } from './authentication.ts'
import type { Config, editions } from './config.ts'
import type { Statuses } from './errors.ts'
import type { Policy } from './policy.ts'
import { digits, letters } from './random.ts'
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
}

/** All that exists before the first call. */
export type World = {
  /** Of the default instance. */
  readonly regionId: string
  /** Of all instances. */
  readonly regionIds: readonly string[]
  readonly clockOffsetMs: number
  readonly statuses: Statuses
  readonly accounts: ReadonlyMap<string, Account>
  readonly accessKeys: ReadonlyMap<string, AccessKey>
  readonly instances: ReadonlyMap<string, Instance>
  /** The ones that the start-up line shows. */
  readonly defaults: { readonly account: Account; readonly accessKey: AccessKey; readonly instance: Instance }
}

/**
 * The default world, new secrets each time, and what the config adds to it and changes of it.
 *
 * @throws ShapeError when the config contradicts itself
 */
export function makeWorld(config: Config): World {
  const regionId = config.regionId ?? 'cn-hangzhou'
  const accounts = withDefault(config.accounts, 'accounts', `1${digits(15)}`, (entry, id): Account => ({
    id,
    callsPerSecond: entry.callsPerSecond === undefined ? 500 : entry.callsPerSecond,
  }))
  const accountOf = (accountId: string | undefined, path: string): string => {
    const id = accountId ?? accounts.default.id
    if (!accounts.all.has(id))
      throw new ShapeError(`${path} belongs to an account that is not in accounts: ${id}`)
    return id
  }
  const instances = withDefault(
    config.instances,
    'instances',
    `post-cn-${letters(11)}`,
    (entry, id, path): Instance => ({
      id,
      accountId: accountOf(entry.accountId, path),
      regionId: entry.regionId ?? regionId,
      edition: entry.edition ?? 'enterprise-platinum',
    }),
  )
  const accessKeys = withDefault(
    config.accessKeys,
    'accessKeys',
    `LTAI5t${letters(18)}`,
    (entry, id, path): AccessKey => {
      const accountId = accountOf(entry.accountId, path)
      return {
        id,
        secret: entry.secret ?? letters(30),
        status: entry.status ?? 'active',
        caller: {
          accountId,
          type: 'SubUser',
          name: 'emulator',
          policy: entry.policy ?? everyInstanceOf(accountId),
        },
        temporary: temporary(entry, path),
      }
    },
  )
  return {
    regionId,
    regionIds: [...new Set([regionId, ...[...instances.all.values()].map((one) => one.regionId)])],
    clockOffsetMs: (config.clockOffsetSeconds ?? 0) * 1000,
    statuses: config.statuses ?? 'documented',
    accounts: accounts.all,
    accessKeys: accessKeys.all,
    instances: instances.all,
    defaults: { account: accounts.default, accessKey: accessKeys.default, instance: instances.default },
  }
}

/** Entries by their id. The one without an id is the default one, which is there even when no entry speaks of it. */
function withDefault<E extends { id?: string }, T>(
  entries: readonly E[] | undefined,
  list: string,
  defaultId: string,
  make: (entry: Partial<E>, id: string, path: string) => T,
): { all: Map<string, T>; default: T } {
  const placed = (entries ?? []).map((entry, index) => ({ entry, path: `${list}[${index}]` }))
  const [unnamed, another] = placed.filter(({ entry }) => entry.id === undefined)
  if (another !== undefined)
    throw new ShapeError(`${another.path} has no id, and only one entry may have none`)
  const defaultOne = make(unnamed?.entry ?? {}, defaultId, unnamed?.path ?? list)
  const all = new Map([[defaultId, defaultOne]])
  for (const { entry, path } of placed) {
    if (entry.id === undefined) continue
    if (all.has(entry.id)) throw new ShapeError(`${path} has the id of another entry: ${entry.id}`)
    all.set(entry.id, make(entry, entry.id, path))
  }
  return { all, default: defaultOne }
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

function everyInstanceOf(accountId: string): Policy {
  return {
    Version: '1',
    Statement: [{ Effect: 'Allow', Action: ['mq:*'], Resource: [`acs:mq:*:${accountId}:*`] }],
  }
}
