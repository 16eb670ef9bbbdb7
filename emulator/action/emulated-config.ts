import type { Config } from '../config.ts'
import { isDefault } from '../entries.ts'
import type { JobClaims } from './job-claims.ts'

/** What a workflow calls things by. */
export type Names = {
  readonly regionId: string
  readonly instanceId: string | undefined
  /** Of the account that all of it belongs to. */
  readonly accountId: string | undefined
  readonly role: string | undefined
  readonly oidcProvider: string | undefined
}

/**
 * A config in which the default things have the names of a workflow, and GitHub's tokens speak of this job. What the
 * config itself says of them holds, but for the names.
 */
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

/** The entries of a list, with the default one called so; an entry that has the name already becomes the default one. */
function named<E extends { id?: string; default?: boolean }>(
  entries: readonly E[] = [],
  id: string | undefined,
): (E | { id: string; default: boolean })[] {
  if (id === undefined) return [...entries]
  const chosen = entries.find((entry) => entry.id === id) ?? entries.find(isDefault)
  const others = entries.filter((entry) => entry !== chosen)
  return [...others, { ...chosen, id, default: true }]
}
