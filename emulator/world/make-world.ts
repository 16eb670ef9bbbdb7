import type { Config, Policy, TrustPolicy } from './config.ts'
import { KeyVersion, type KmsKey } from '../kms/keys.ts'
import { knownCertificates } from './known-certificates.ts'
import { digits, letters } from './random.ts'
import { ShapeError } from './shape.ts'
import {
  DEFAULT_SUBJECT,
  GITHUB_ISSUER,
  type AccessKey,
  type Account,
  type Instance,
  type OidcProvider,
  type Role,
  type World,
} from './world.ts'

/**
 * Makes the default world, with new secrets, and applies a config to it.
 *
 * @throws ShapeError if the config contradicts itself
 */
export function makeWorld(config: Config): World {
  const { regionId = 'cn-hangzhou', snSpelling = 'der' } = config
  const {
    issuer = GITHUB_ISSUER,
    subject = DEFAULT_SUBJECT,
    claims = {},
    lifetimeSeconds = 300,
  } = config.idToken ?? {}
  const accounts = makeEntries('accounts', config.accounts, `1${digits(15)}`, (entry, id): Account => {
    const { callsPerSecond = 500 } = entry
    return { id, callsPerSecond }
  })
  const ownerOf = (
    { accountId = accounts.default.id }: { accountId?: string | undefined },
    path: string,
  ): string => {
    if (accounts.all.has(accountId)) return accountId
    throw new ShapeError(`${path}.accountId is not the ID of one of accounts: ${accountId}`)
  }
  const instances = makeEntries(
    'instances',
    config.instances,
    `post-cn-${letters(11)}`,
    (entry, id, path): Instance => ({
      id,
      accountId: ownerOf(entry, path),
      regionId: entry.regionId ?? regionId,
      edition: entry.edition ?? 'enterprise-platinum',
      maxCas: entry.maxCas ?? null,
      generatedCas: entry.generatedCas ?? 0,
      ...knownCertificates(entry, snSpelling, path),
    }),
  )
  const accessKeys = makeEntries(
    'accessKeys',
    config.accessKeys,
    `LTAI5t${letters(18)}`,
    (entry, id, path): AccessKey => {
      const accountId = ownerOf(entry, path)
      const policy = entry.policy ?? policyOf(allow('sts:AssumeRole', '*'), ...allowServices(accountId))
      const arn = `acs:ram::${accountId}:user/emulator`
      return {
        id,
        secret: entry.secret ?? letters(30),
        status: entry.status ?? 'active',
        caller: { accountId, type: 'SubUser', name: 'emulator', arn, policies: [policy] },
        temporary: temporary(entry, path),
      }
    },
  )
  const oidcProviders = makeEntries(
    'oidcProviders',
    config.oidcProviders,
    'GitHubActions',
    (entry, id, path): OidcProvider => ({
      arn: `acs:ram::${ownerOf(entry, path)}:oidc-provider/${id}`,
      issuer: entry.issuer ?? GITHUB_ISSUER,
      clientIds: entry.clientIds ?? ['sts.aliyuncs.com'],
    }),
  )
  const roles = makeEntries('roles', config.roles, 'mqtt-register-code', (entry, id, path): Role => {
    const accountId = ownerOf(entry, path)
    return {
      id,
      arn: `acs:ram::${accountId}:role/${id}`,
      accountId,
      maxSessionDuration: entry.maxSessionDuration ?? 3600,
      policy: entry.policy ?? policyOf(...allowServices(accountId)),
      trustPolicy: entry.trustPolicy ?? defaultTrust(oidcProviders.default, accountId, subject),
    }
  })
  const kmsKey = (entry: KmsKeyEntry, id: string, path: string): KmsKey => {
    const { keySpec: spec = 'EC_P256', alias } = entry
    const usage = spec === 'Aliyun_AES_256' ? 'ENCRYPT/DECRYPT' : 'SIGN/VERIFY'
    return {
      id,
      accountId: ownerOf(entry, path),
      regionId: entry.regionId ?? regionId,
      aliases: alias === undefined ? [] : [`alias/${alias.replace(/^alias\//, '')}`],
      spec,
      usage: entry.keyUsage ?? usage,
      state: entry.keyState ?? 'Enabled',
      versions: Array.from({ length: entry.versions ?? 1 }, () => new KeyVersion(spec, Date.now())),
      denies: entry.denies ?? [],
      isPublic: entry.isPublic ?? true,
    }
  }
  const kmsKeys = makeEntries('kmsKeys', config.kmsKeys, `key-${letters(20)}`, kmsKey)
  const kmsRsaKey = kmsKey({ keySpec: 'RSA_2048' }, `key-${letters(20)}`, 'kmsKeys')
  return {
    regionId,
    clockOffsetMs: (config.clockOffsetSeconds ?? 0) * 1000,
    statuses: config.statuses ?? 'documented',
    lineEnds: config.lineEnds ?? 'as-sent',
    caFields: config.caFields ?? 'strings',
    snSpelling,
    snUniqueIn: config.snUniqueIn ?? 'all-instances',
    registerCodes: config.registerCodes ?? 'new',
    codesOfDeletedCas: config.codesOfDeletedCas ?? 'used',
    listOrder: config.listOrder ?? 'oldest-first',
    listedAfterMs: config.listedAfterMs ?? 0,
    ecdsaFormat: config.ecdsaFormat ?? 'der',
    accounts: accounts.all,
    accessKeys: accessKeys.all,
    instances: instances.all,
    oidcProviders: byArn(oidcProviders),
    roles: byArn(roles),
    kmsKeys: new Map([...kmsKeys.all, [kmsRsaKey.id, kmsRsaKey]]),
    idToken: { issuer, subject, claims, lifetimeSeconds },
    idTokenRequestToken: letters(40),
    defaults: {
      account: accounts.default,
      accessKey: accessKeys.default,
      instance: instances.default,
      oidcProvider: oidcProviders.default,
      role: roles.default,
      kmsKey: kmsKeys.default,
      kmsRsaKey,
    },
  }
}

type KmsKeyEntry = Partial<NonNullable<Config['kmsKeys']>[number]>

/** An entry of a config's list. */
export type Entry = { id?: string | undefined; default?: boolean | undefined }

/** Tells whether an entry is about the default one of its list. */
export function isDefault({ id, default: isMarked }: Entry): boolean {
  return id === undefined || isMarked === true
}

/** All things of one kind by ID, and the default one. */
type Entries<T> = { readonly all: ReadonlyMap<string, T>; readonly default: T }

/**
 * Makes the things that a list of a config describes. The default one exists even if no entry is about it.
 *
 * @param name the key of the list in the config, for errors
 * @param defaultId the ID of the default thing if its entry has none
 * @throws ShapeError if two entries have one ID, or are both about the default thing
 */
function makeEntries<E extends Entry, T>(
  name: string,
  list: readonly E[] | undefined,
  defaultId: string,
  make: (entry: Partial<E>, id: string, path: string) => T,
): Entries<T> {
  const placed = (list ?? []).map((entry, index) => ({ entry, path: `${name}[${index}]` }))
  const [chosen, second] = placed.filter(({ entry }) => isDefault(entry))
  if (second !== undefined) {
    throw new ShapeError(
      `${second.path} is a second default entry: only one entry can lack an id or be default`,
    )
  }
  const chosenId = chosen?.entry.id ?? defaultId
  const chosenOne = make(chosen?.entry ?? {}, chosenId, chosen?.path ?? name)
  const all = new Map([[chosenId, chosenOne]])
  for (const { entry, path } of placed) {
    if (entry.id === undefined || isDefault(entry)) continue
    if (all.has(entry.id)) throw new ShapeError(`${path} has the id of another entry: ${entry.id}`)
    all.set(entry.id, make(entry, entry.id, path))
  }
  return { all, default: chosenOne }
}

function byArn<T extends { arn: string }>({ all }: Entries<T>): ReadonlyMap<string, T> {
  return new Map([...all.values()].map((one) => [one.arn, one]))
}

type Statement = Policy['Statement'][number]

function policyOf(...statements: Statement[]): Policy {
  return { Version: '1', Statement: statements }
}

function allow(action: string, resource: string): Statement {
  return { Effect: 'Allow', Action: [action], Resource: [resource] }
}

function allowServices(accountId: string): Statement[] {
  return [allow('mq:*', `acs:mq:*:${accountId}:*`), allow('kms:*', `acs:kms:*:${accountId}:*`)]
}

function temporary(
  { securityToken, expiration }: { securityToken?: string | undefined; expiration?: Date | undefined },
  path: string,
): AccessKey['temporary'] {
  if (securityToken !== undefined) return { securityToken, expiration: expiration ?? new Date(8.64e15) }
  if (expiration !== undefined) throw new ShapeError(`${path} has an expiration and no securityToken`)
  return undefined
}

/**
 * Trusts the workflows of one repository through a provider, and everybody in an account.
 *
 * @param subject of the tokens that GitHub's endpoint issues; names the repository
 */
function defaultTrust(provider: OidcProvider, accountId: string, subject: string): TrustPolicy {
  const [repository] = /^repo:[^:]+:/.exec(subject) ?? []
  return {
    Version: '1',
    Statement: [
      {
        Effect: 'Allow',
        Action: ['sts:AssumeRole'],
        Principal: { Federated: [provider.arn] },
        Condition: {
          StringEquals: { 'oidc:iss': [provider.issuer], 'oidc:aud': [...provider.clientIds] },
          StringLike: { 'oidc:sub': [repository === undefined ? subject : `${repository}*`] },
        },
      },
      { Effect: 'Allow', Action: ['sts:AssumeRole'], Principal: { RAM: [`acs:ram::${accountId}:root`] } },
    ],
  }
}
