import { listOf, object, oneOf, oneOrMore, text, type Shaped } from './shape.ts'

const statement = object(
  { Effect: oneOf('Allow', 'Deny'), Action: oneOrMore(text), Resource: oneOrMore(text) },
  {},
)

/** A RAM policy document, as far as it is understood here: conditions are not. */
export const policyShape = object({ Version: oneOf('1'), Statement: listOf(statement) }, {})

export type Policy = Shaped<typeof policyShape>

type Decision = 'Allow' | 'ExplicitDeny' | 'ImplicitDeny'

/** What policies say together, each of which must allow: a role's and that of its session. */
export function decideAll(policies: readonly Policy[], action: string, resource: string): Decision {
  const decisions = policies.map((policy) => decide(policy, action, resource))
  return decisions.find((decision) => decision !== 'Allow') ?? 'Allow'
}

/**
 * What a policy says of an action on a resource. A Deny wins; what nothing allows is denied. Case matters.
 *
 * @see https://www.alibabacloud.com/help/en/ram/policy-overview
 */
export function decide(
  policy: Policy,
  action: string,
  resource: string,
): 'Allow' | 'ExplicitDeny' | 'ImplicitDeny' {
  const effects = policy.Statement.filter(
    ({ Action, Resource }) => matchesAny(Action, action) && matchesAny(Resource, resource),
  ).map(({ Effect }) => Effect)
  if (effects.includes('Deny')) return 'ExplicitDeny'
  return effects.includes('Allow') ? 'Allow' : 'ImplicitDeny'
}

/** `*` stands for any characters, `?` for one. */
export function matches(pattern: string, text: string): boolean {
  const expression = pattern
    .replace(/[\\^$.|+()[\]{}]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.')
  return new RegExp(`^${expression}$`, 's').test(text)
}

function matchesAny(patterns: readonly string[], text: string): boolean {
  return patterns.some((pattern) => matches(pattern, text))
}
