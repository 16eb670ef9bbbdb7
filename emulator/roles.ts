import type { Policy } from './policy.ts'
import type { TrustPolicy } from './trust-policy.ts'

/** The issuer in GitHub's tokens. */
export const GITHUB_ISSUER = 'https://token.actions.githubusercontent.com'

/** What the tokens are for, when nothing else is said. */
export const DEFAULT_SUBJECT = 'repo:acme/devices:ref:refs/heads/main'

export type OidcProvider = {
  readonly arn: string
  readonly issuer: string
  /** The audiences that it knows. */
  readonly clientIds: readonly string[]
}

export type Role = {
  readonly id: string
  readonly arn: string
  readonly accountId: string
  readonly maxSessionDuration: number
  /** What its sessions may do. */
  readonly policy: Policy
  readonly trustPolicy: TrustPolicy
}

/**
 * Trusts the workflows of one repository through a provider, and everybody in an account.
 *
 * @param subject of the tokens that GitHub's endpoint issues, which names the repository
 */
export function defaultTrust(provider: OidcProvider, accountId: string, subject: string): TrustPolicy {
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
