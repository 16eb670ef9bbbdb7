import { ActionError } from '../errors.ts'
import type { Counts } from '../github/expiry-issue-text.ts'
import { shortName } from './first-of.ts'
import { formatState, type Finding, type Findings } from './inventory-findings.ts'

/** Of the ten warnings that a step can have, one is for the device certificates. */
export const MAX_CA_WARNINGS = 9

/** When the action fails because of what it finds. */
export type FailOn = 'none' | 'expired' | 'expiring'

/** How many active certificates need attention, and how many may be active. */
export function urgentCounts(lists: readonly Findings[]): Counts {
  return {
    expired: sum(lists, ({ states }) => states.expired),
    expiring: sum(lists, ({ states }) => states.expiring),
    unreadable: sum(lists, ({ states }) => states.unreadable),
    unknown: sum(lists, ({ states }) => states['unknown-status']),
  }
}

export function sum(lists: readonly Findings[], count: (list: Findings) => number): number {
  return lists.reduce((total, list) => total + count(list), 0)
}

export function formatCount({ count, inactive, states: { 'unknown-status': unknown } }: Findings): string {
  const parts = [inactive > 0 && `${inactive} inactive`, unknown > 0 && `${unknown} with an unknown status`]
  const words = parts.filter((text) => text !== false).join(', ')
  return `${count}${words === '' ? '' : `, of which ${words}`}`
}

export function warningsOfCas({ urgent, states }: Findings): string[] {
  const warnings = urgent.map((finding) => `CA ${warningOf(finding)}`)
  if (warnings.length <= MAX_CA_WARNINGS) return warnings
  const named = warnings.slice(0, MAX_CA_WARNINGS - 1)
  return [
    ...named,
    `More CAs ${states['unknown-status'] === 0 ? 'expire' : 'need attention'}: see the summary`,
  ]
}

export function warningOfDevices(devices: Findings | undefined, withinDays: number): string[] {
  const soonest = devices?.urgent[0]
  if (devices === undefined || soonest === undefined) return []
  const words = formatUrgent([devices], withinDays)
  return [`Device certificates: ${words}. The first is ${warningOf(soonest)}`]
}

function warningOf(finding: Finding): string {
  return `${finding.serialNumber} (${shortName(finding.name)}): ${formatState(finding)}`
}

/** For example `1 expired, 3 end within 30 days`. */
function formatUrgent(lists: readonly Findings[], withinDays: number): string {
  const { expired, expiring, unreadable, unknown } = urgentCounts(lists)
  const words = [
    expired > 0 && `${expired} expired`,
    expiring > 0 && `${expiring} ${expiring === 1 ? 'ends' : 'end'} within ${withinDays} days`,
    unreadable > 0 && `${unreadable} with dates that cannot be read`,
    unknown > 0 && `${unknown} with an unknown status`,
  ]
  return words.filter((text) => text !== false).join(', ')
}

/** @returns the error if certificates are there on which the action must fail */
export function problemOf(
  lists: readonly Findings[],
  { failOn, withinDays }: { readonly failOn: FailOn; readonly withinDays: number },
): ActionError | undefined {
  const { expired, expiring, unreadable, unknown } = urgentCounts(lists)
  const odd = unreadable + unknown
  const count = { none: 0, expired: expired + odd, expiring: expired + odd + expiring }[failOn]
  if (count === 0) return undefined
  const which = unknown === 0 ? 'the active certificates' : 'the certificates that are not inactive'
  return new ActionError({
    what: `Of ${which}, ${formatUrgent(lists, withinDays)}, and fail-on is ${failOn}`,
    fix: 'The summary and the report name them. Issue new device certificates; replace a CA with the action register and its input replaces. Deactivate what no device uses.',
  })
}

/** Both must be read: what expires, and why it is not in the issue. */
export function combined(problem: ActionError | undefined, failure: ActionError | undefined): unknown {
  if (problem === undefined || failure === undefined) return problem ?? failure
  return failure.with({
    what: `${problem.message}. Also, ${failure.message}`,
    fix: `${problem.fix} ${failure.fix}`,
  })
}
