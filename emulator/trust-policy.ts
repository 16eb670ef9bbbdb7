import { matches } from './policy.ts'
import { listOf, object, oneOf, oneOrMore, recordOf, text, type Shaped } from './shape.ts'

const conditions = recordOf(oneOrMore(text))

/** Alibaba Cloud's pages have the first one in roles for an OIDC provider too, roles in use the second one. */
const ACTIONS = ['sts:AssumeRole', 'sts:AssumeRoleWithOIDC'] as const

const statement = object(
  {
    Effect: oneOf('Allow', 'Deny'),
    Action: oneOrMore(oneOf(...ACTIONS)),
    Principal: object({}, { RAM: oneOrMore(text), Federated: oneOrMore(text) }),
  },
  { Condition: object({}, { StringEquals: conditions, StringLike: conditions }) },
)

/** A role's trust policy: who may assume it. */
export const trustPolicyShape = object({ Version: oneOf('1'), Statement: listOf(statement) }, {})

export type TrustPolicy = Shaped<typeof trustPolicyShape>

/** Who wants to assume a role. */
export type Applicant = {
  readonly principal: 'RAM' | 'Federated'
  /** The ARNs under which it may stand in the policy. */
  readonly arns: readonly string[]
  /** Values of condition keys, e.g. `oidc:sub`. */
  readonly context: Readonly<Record<string, readonly string[]>>
}

/** Whether a role trusts the applicant. A Deny wins. */
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

/** All keys must hold; of a key's wanted values, and of the applicant's values, one each is enough. */
function holds(
  wanted: Readonly<Record<string, readonly string[]>> | undefined,
  { context }: Applicant,
  fits: (wanted: string, value: string) => boolean,
): boolean {
  return Object.entries(wanted ?? {}).every(([key, patterns]) =>
    (context[key] ?? []).some((value) => patterns.some((pattern) => fits(pattern, value))),
  )
}
