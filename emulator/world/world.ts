import type { KmsKey } from '../kms/keys.ts'
import type { Ca, Device } from './certificates.ts'
import type { Config, Policy, TrustPolicy } from './config.ts'

/** The issuer in GitHub's tokens. */
export const GITHUB_ISSUER = 'https://token.actions.githubusercontent.com'

/** The subject in GitHub's tokens if nothing else is set. */
export const DEFAULT_SUBJECT = 'repo:acme/devices:ref:refs/heads/main'

export type Account = { readonly id: string; readonly callsPerSecond: number | null }

/** Who makes a call. */
export type Caller = {
  readonly accountId: string
  readonly type: 'SubUser' | 'AssumedRoleUser'
  /** As RAM shows it: the name of a user, or `role:session`. */
  readonly name: string
  readonly arn: string
  /** Each must allow what the caller does. */
  readonly policies: readonly Policy[]
}

export type AccessKey = {
  readonly id: string
  readonly secret: string
  readonly status: 'active' | 'inactive'
  readonly caller: Caller
  /** `undefined` for a permanent key. */
  readonly temporary: { readonly securityToken: string; readonly expiration: Date } | undefined
}

export type Instance = {
  readonly id: string
  readonly accountId: string
  readonly regionId: string
  readonly edition: 'enterprise-platinum' | 'professional' | 'enterprise' | 'basic'
  /** The maximum number of CAs; `null` for no limit. */
  readonly maxCas: number | null
  /** The number of CAs at the start that are made without a certificate of their own. */
  readonly generatedCas: number
  /** Other CAs at the start. Content that is empty is replaced by that of a sample. */
  readonly cas: readonly Ca[]
  /** The certificates of devices at the start, likewise. */
  readonly devices: readonly Device[]
}

export type OidcProvider = {
  readonly arn: string
  readonly issuer: string
  /** The audiences that it accepts. */
  readonly clientIds: readonly string[]
}

export type Role = {
  readonly id: string
  readonly arn: string
  readonly accountId: string
  readonly maxSessionDuration: number
  /** What its sessions can do. */
  readonly policy: Policy
  readonly trustPolicy: TrustPolicy
}

/** Everything that exists before the first call. Roles and providers are found by ARN, all else by ID. */
export type World = {
  /** The region of the default instance. */
  readonly regionId: string
  readonly clockOffsetMs: number
  readonly statuses: NonNullable<Config['statuses']>
  /** How certificates are shown: with the line ends that were sent, or with `\\n` for each. */
  readonly lineEnds: NonNullable<Config['lineEnds']>
  /** The types of `Status`, `ValidBegin` and `ValidEnd`. */
  readonly caFields: NonNullable<Config['caFields']>
  readonly snSpelling: NonNullable<Config['snSpelling']>
  readonly snUniqueIn: NonNullable<Config['snUniqueIn']>
  readonly registerCodes: NonNullable<Config['registerCodes']>
  readonly codesOfDeletedCas: NonNullable<Config['codesOfDeletedCas']>
  readonly listOrder: NonNullable<Config['listOrder']>
  /** How long a registered CA is missing in the list. */
  readonly listedAfterMs: number
  /** How KMS writes an ECDSA signature: as DER, or its two numbers of 32 bytes each. */
  readonly ecdsaFormat: NonNullable<Config['ecdsaFormat']>
  readonly accounts: ReadonlyMap<string, Account>
  readonly accessKeys: ReadonlyMap<string, AccessKey>
  readonly instances: ReadonlyMap<string, Instance>
  readonly oidcProviders: ReadonlyMap<string, OidcProvider>
  readonly roles: ReadonlyMap<string, Role>
  readonly kmsKeys: ReadonlyMap<string, KmsKey>
  /** The claims of the tokens that GitHub's endpoint issues. */
  readonly idToken: {
    readonly issuer: string
    readonly subject: string
    readonly claims: Readonly<Record<string, string>>
    readonly lifetimeSeconds: number
  }
  readonly idTokenRequestToken: string
  /** The ones in the startup line. */
  readonly defaults: {
    readonly account: Account
    readonly accessKey: AccessKey
    readonly instance: Instance
    readonly oidcProvider: OidcProvider
    readonly role: Role
    readonly kmsKey: KmsKey
    readonly kmsRsaKey: KmsKey
  }
}
