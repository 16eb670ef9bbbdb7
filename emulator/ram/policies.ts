import { ServiceError } from '../service/errors.ts'
import type { Policy, TrustPolicy } from '../world/config.ts'
import type { Caller } from '../world/world.ts'

/**
 * Checks that RAM allows a caller each of the actions.
 *
 * @throws ServiceError `NoPermission` for the first action that is not granted, with the detail that RAM gives
 */
export function authorize(
  caller: Caller,
  actions: readonly string[],
  resource: string,
  requestId: string,
): void {
  for (const action of actions) {
    const decision = decide(caller.policies, action, resource)
    if (decision === 'Allow') continue
    throw new ServiceError('NoPermission', {
      message: `You are not authorized to do this operation. Action: ${action} Resource: ${resource} RequestId: ${requestId}`,
      accessDeniedDetail: {
        AuthAction: action,
        AuthPrincipalDisplayName: caller.name,
        AuthPrincipalOwnerId: caller.accountId,
        AuthPrincipalType: caller.type,
        EncodedDiagnosticMessage: Buffer.from(`${decision} ${action} ${resource}`).toString('base64'),
        NoPermissionType: decision,
        PolicyType: 'AccountLevelIdentityBasedPolicy',
      },
    })
  }
}

type Decision = 'Allow' | 'ExplicitDeny' | 'ImplicitDeny'

/** Returns what policies decide together. Each must allow: the policy of a role and that of its session. */
export function decide(policies: readonly Policy[], action: string, resource: string): Decision {
  const decisions = policies.map((policy) => decideOne(policy, action, resource))
  return decisions.find((decision) => decision !== 'Allow') ?? 'Allow'
}

/**
 * Returns what one policy decides. A Deny wins; what nothing allows is denied. Letter case matters.
 *
 * @see https://www.alibabacloud.com/help/en/ram/policy-overview
 */
function decideOne(policy: Policy, action: string, resource: string): Decision {
  const effects = policy.Statement.filter(
    ({ Action, Resource }) =>
      Action.some((pattern) => matches(pattern, action)) &&
      Resource.some((pattern) => matches(pattern, resource)),
  ).map(({ Effect }) => Effect)
  if (effects.includes('Deny')) return 'ExplicitDeny'
  return effects.includes('Allow') ? 'Allow' : 'ImplicitDeny'
}

/** The caller that wants to assume a role. */
export type Applicant = {
  readonly principal: 'RAM' | 'Federated'
  /** The ARNs that a trust policy can name it by. */
  readonly arns: readonly string[]
  /** Values of condition keys, for example `oidc:sub`. */
  readonly context: Readonly<Record<string, readonly string[]>>
}

/** Tells whether a role trusts the applicant. A Deny wins. */
export function trusts(policy: TrustPolicy, applicant: Applicant): boolean {
  const effects = policy.Statement.filter(
    ({ Action, Principal, Condition = {} }) =>
      (applicant.principal === 'Federated' || Action.includes('sts:AssumeRole')) &&
      (Principal[applicant.principal] ?? []).some((arn) => applicant.arns.includes(arn)) &&
      holds(Condition.StringEquals, applicant, (wanted, value) => wanted === value) &&
      holds(Condition.StringLike, applicant, matches),
  ).map(({ Effect }) => Effect)
  return effects.includes('Allow') && !effects.includes('Deny')
}

/** All keys must match. For each key, one match of a wanted value and a value of the applicant is enough. */
function holds(
  wanted: Readonly<Record<string, readonly string[]>> | undefined,
  { context }: Applicant,
  isMatch: (wanted: string, value: string) => boolean,
): boolean {
  return Object.entries(wanted ?? {}).every(([key, patterns]) =>
    (context[key] ?? []).some((value) => patterns.some((pattern) => isMatch(pattern, value))),
  )
}

/** `*` matches any characters, `?` one. */
function matches(pattern: string, text: string): boolean {
  const expression = pattern
    .replace(/[\\^$.|+()[\]{}]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.')
  return new RegExp(`^${expression}$`, 's').test(text)
}
