import { createPublicKey, generateKeyPairSync, randomUUID, type KeyObject } from 'node:crypto'

/** The kinds of keys. */
export const KEY_SPECS = [
  'EC_P256',
  'EC_P256K',
  'EC_SM2',
  'RSA_2048',
  'RSA_3072',
  'RSA_4096',
  'Aliyun_AES_256',
] as const
export type KeySpec = (typeof KEY_SPECS)[number]

export const KEY_USAGES = ['SIGN/VERIFY', 'ENCRYPT/DECRYPT'] as const
export const KEY_STATES = ['Enabled', 'Disabled', 'PendingDeletion', 'PendingImport'] as const
export type KeyState = (typeof KEY_STATES)[number]

/** A key in KMS, before any call. */
export type KmsKey = {
  readonly id: string
  readonly accountId: string
  readonly regionId: string
  /** `alias/NAME`; each is of one key in its account and region. */
  readonly aliases: readonly string[]
  readonly spec: KeySpec
  readonly usage: (typeof KEY_USAGES)[number]
  readonly state: KeyState
  readonly versions: readonly KeyVersion[]
  /** The RAM actions that its own policy denies. */
  readonly denies: readonly string[]
  /** Whether a runner outside of the VPC of its KMS instance reaches it. */
  readonly isPublic: boolean
}

/** The name of a key in RAM policies. */
export function arnOf({ id, accountId, regionId }: KmsKey): string {
  return `acs:kms:${regionId}:${accountId}:key/${id}`
}

/** A version of a key. Its key pair is made at its first use, because RSA keys are slow to make. */
export class KeyVersion {
  readonly id: string = randomUUID()
  readonly createdMs: number
  readonly #spec: KeySpec
  #privateKey: KeyObject | undefined

  constructor(spec: KeySpec, createdMs: number) {
    this.#spec = spec
    this.createdMs = createdMs
  }

  get privateKey(): KeyObject {
    this.#privateKey ??= makePrivateKey(this.#spec)
    return this.#privateKey
  }

  /** PEM, SubjectPublicKeyInfo. */
  get publicKey(): string {
    return createPublicKey(this.privateKey).export({ type: 'spki', format: 'pem' }).toString()
  }
}

/** OpenSSL's names. */
export const CURVES = { EC_P256: 'prime256v1', EC_P256K: 'secp256k1', EC_SM2: 'SM2' } as const

function makePrivateKey(spec: KeySpec): KeyObject {
  if (spec === 'Aliyun_AES_256') throw new Error('a symmetric key has no key pair')
  return spec === 'EC_P256' || spec === 'EC_P256K' || spec === 'EC_SM2'
    ? generateKeyPairSync('ec', { namedCurve: CURVES[spec] }).privateKey
    : generateKeyPairSync('rsa', { modulusLength: Number(spec.slice('RSA_'.length)) }).privateKey
}

/** The keys as calls changed them. */
export class KmsState {
  /** By ID. */
  readonly #keys: Map<string, KmsKey>

  constructor(keys: ReadonlyMap<string, KmsKey>) {
    this.#keys = new Map(keys)
  }

  /** Returns the keys of an account in a region, oldest first. */
  of({ accountId, regionId }: Pick<KmsKey, 'accountId' | 'regionId'>): KmsKey[] {
    return [...this.#keys.values()].filter((key) => key.accountId === accountId && key.regionId === regionId)
  }

  add(key: KmsKey): void {
    this.#keys.set(key.id, key)
  }

  change(key: KmsKey, changes: Partial<KmsKey>): void {
    this.add({ ...key, ...changes })
  }
}
