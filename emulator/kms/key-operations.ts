import { randomUUID } from 'node:crypto'
import { ServiceError } from '../service/errors.ts'
import { arnOf, KEY_SPECS, KEY_USAGES, KeyVersion, type KeyState, type KmsKey } from './keys.ts'
import { inKms, invalid, onKey, requireAllowed, requireEnabled, type KmsRequest } from './on-key.ts'

const MAX_VERSIONS = 50
const MAX_PAGE_SIZE = 100

/** @see https://www.alibabacloud.com/help/en/kms/key-management-service/developer-reference/api-kms-2016-01-20-createkey */
export const createKey = inKms('kms:CreateKey', ({ service, caller, regionId, parameter }) => {
  const spec = oneOf('KeySpec', KEY_SPECS, parameter('KeySpec') ?? 'Aliyun_AES_256')
  const isSymmetric = spec === 'Aliyun_AES_256'
  const usage = oneOf(
    'KeyUsage',
    KEY_USAGES,
    parameter('KeyUsage') ?? (isSymmetric ? 'ENCRYPT/DECRYPT' : 'SIGN/VERIFY'),
  )
  if (isSymmetric && usage === 'SIGN/VERIFY') invalid('KeyUsage')
  const key: KmsKey = {
    id: randomUUID(),
    accountId: caller.accountId,
    regionId,
    aliases: [],
    ...{ spec, usage, state: 'Enabled', denies: [], isPublic: true },
    versions: [new KeyVersion(spec, service.now())],
  }
  service.state.kms.add(key)
  return { KeyMetadata: metadata(key) }
})

export const describeKey = onKey('kms:DescribeKey', ({ key }) => ({ KeyMetadata: metadata(key) }))

export const listKeys = inKms('kms:ListKeys', (request) => {
  const { service, caller, regionId } = request
  const own = service.state.kms.of({ accountId: caller.accountId, regionId })
  const { page, ...paging } = pageOf(own, request)
  return { ...paging, Keys: { Key: page.map((key) => ({ KeyId: key.id, KeyArn: arnOf(key) })) } }
})

export const listKeyVersions = onKey('kms:ListKeyVersions', ({ key, ...request }) => {
  const { page, ...paging } = pageOf(key.versions, request)
  return { ...paging, KeyVersions: { KeyVersion: page.map((version) => versionFields(key, version)) } }
})

export const createKeyVersion = onKey('kms:CreateKeyVersion', ({ key, service }) => {
  if (key.spec === 'Aliyun_AES_256') throw new ServiceError('Rejected.UnsupportedOperation')
  requireEnabled(key)
  if (key.versions.length >= MAX_VERSIONS) throw new ServiceError('Rejected.LimitExceeded')
  const version = new KeyVersion(key.spec, service.now())
  service.state.kms.change(key, { versions: [...key.versions, version] })
  return { KeyVersion: versionFields(key, version) }
})

export const createAlias = onKey('kms:CreateAlias', (request) => {
  const { key, service, required } = request
  const alias = required('AliasName')
  requireAllowed(request, 'kms:CreateAlias', alias)
  if (!/^alias\/(?!acs)[\w/-]{1,249}$/.test(alias)) invalid('AliasName')
  if (service.state.kms.of(key).some(({ aliases }) => aliases.includes(alias)))
    throw new ServiceError('AliasAlreadyExists')
  return change(request, ['PendingDeletion'], { aliases: [...key.aliases, alias] })
})

export const disableKey = onKey('kms:DisableKey', (request) =>
  change(request, ['PendingDeletion', 'PendingImport'], { state: 'Disabled' }),
)

export const enableKey = onKey('kms:EnableKey', (request) =>
  change(request, ['PendingDeletion', 'PendingImport'], { state: 'Enabled' }),
)

export const scheduleKeyDeletion = onKey('kms:ScheduleKeyDeletion', (request) => {
  const days = Number(request.required('PendingWindowInDays'))
  if (!Number.isInteger(days) || days < 7 || days > 366) invalid('PendingWindowInDays')
  return change(request, ['PendingDeletion'], { state: 'PendingDeletion' })
})

/**
 * Changes a key.
 *
 * @param fixed the states in which the key cannot be changed so
 * @see https://www.alibabacloud.com/help/en/kms/developer-reference/impact-of-cmk-status-on-api-operations
 */
function change(
  { key, service }: KmsRequest & { readonly key: KmsKey },
  fixed: readonly KeyState[],
  changes: Partial<KmsKey>,
): Record<string, never> {
  if (fixed.includes(key.state)) throw new ServiceError('Rejected.StateModifiedFailed')
  service.state.kms.change(key, changes)
  return {}
}

function metadata(key: KmsKey): Record<string, unknown> {
  const [first] = key.versions
  return {
    KeyId: key.id,
    Arn: arnOf(key),
    KeySpec: key.spec,
    KeyUsage: key.usage,
    KeyState: key.state,
    ProtectionLevel: 'SOFTWARE',
    Origin: 'Aliyun_KMS',
    Creator: key.accountId,
    CreationDate: timeOf(first?.createdMs ?? 0),
    PrimaryKeyVersion: first?.id,
    Description: '',
    MaterialExpireTime: '',
    DeleteDate: '',
  }
}

function versionFields({ id: KeyId }: KmsKey, version: KeyVersion): Record<string, string> {
  return { KeyId, KeyVersionId: version.id, CreationDate: timeOf(version.createdMs) }
}

function timeOf(ms: number): string {
  return new Date(ms).toISOString().replace(/\.\d+/, '')
}

function pageOf<T>(all: readonly T[], { parameter }: Pick<KmsRequest, 'parameter'>) {
  const number = (name: string, fallback: number, max: number): number => {
    const value = Number(parameter(name) ?? fallback)
    return Number.isInteger(value) && value >= 1 && value <= max ? value : invalid(name)
  }
  const PageNumber = number('PageNumber', 1, 1_000_000)
  const PageSize = number('PageSize', 10, MAX_PAGE_SIZE)
  const page = all.slice((PageNumber - 1) * PageSize, PageNumber * PageSize)
  return { PageNumber, PageSize, TotalCount: all.length, page }
}

function oneOf<T extends string>(name: string, words: readonly T[], text: string): T {
  return words.find((word) => word === text) ?? invalid(name)
}
