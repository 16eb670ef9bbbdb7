import type { ExpiringCertificate } from '../github/expiry-issue-text.ts'
import type { Listed } from '../mqtt/registered.ts'
import { expiryOf, formatExpiry, formatTime, type Expiry } from '../mqtt/expiry.ts'
import { MAX_ROWS } from '../runner/log.ts'
import { cleanForeign, unlessSecret, WITHHELD } from '../runner/masking.ts'

/** A certificate on the instance. All texts are safe to print. */
export type Finding = {
  readonly kind: 'CA' | 'device'
  readonly name: string
  /** Of a CA, if its certificate can be read. */
  readonly subject: string | undefined
  readonly serialNumber: string
  /** The CA that issued a device certificate. */
  readonly caSerialNumber: string | undefined
  readonly isActive: Listed['isActive']
  readonly validBegin: number | undefined
  readonly validEnd: number | undefined
  readonly expiry: Expiry
}

/** Returns what an inventory says of a certificate. */
export function findingOf(
  { sn, name, isActive, validBegin, validEnd }: Listed,
  more: Pick<Finding, 'kind' | 'subject' | 'caSerialNumber'>,
  limits: { readonly nowMs: number; readonly withinDays: number },
): Finding {
  const expiry = expiryOf({ validBegin, validEnd }, limits)
  return {
    ...{ ...more, name: cleanForeign(name), serialNumber: showSerialNumber(sn) },
    ...{ isActive, validBegin, validEnd, expiry },
  }
}

/** Returns a serial number of the service, unless it is a secret in hex. */
export function showSerialNumber(sn: string): string {
  return unlessSecret(sn) || WITHHELD
}

/** Its line of the report. */
export function reportLine(finding: Finding): Readonly<Record<string, unknown>> {
  const { isActive, validBegin, validEnd, expiry, ...same } = finding
  return {
    ...same,
    status: statusOf(isActive),
    validBegin: validBegin === undefined ? null : formatTime(validBegin),
    validEnd: validEnd === undefined ? null : formatTime(validEnd),
    expiry: expiry.kind,
    daysLeft: expiry.daysLeft ?? null,
  }
}

/** The head of the table in the summary. */
export const COLUMNS = ['Kind', 'Name', 'Serial number', 'Ends', 'Days left', 'Status']

/** Its row of that table. */
export function rowOf(finding: Finding): string[] {
  const { kind, name, subject, serialNumber, isActive, validEnd, expiry } = finding
  return [
    kind,
    subject === undefined ? name : `${name} (${subject})`,
    serialNumber,
    formatTime(validEnd),
    expiry.daysLeft === undefined ? 'unknown' : String(expiry.daysLeft),
    isActive === undefined ? formatState(finding) : `${statusOf(isActive)}, ${formatExpiry(expiry)}`,
  ]
}

function statusOf(isActive: Finding['isActive']): 'active' | 'inactive' | 'unknown' {
  if (isActive === undefined) return 'unknown'
  return isActive ? 'active' : 'inactive'
}

/** Returns why a certificate needs attention, for people. */
export function formatState({ isActive, expiry }: Finding): string {
  const words = formatExpiry(expiry)
  return isActive === undefined ? `its status is unknown, ${words}` : words
}

/** Its row of the GitHub issue. */
export function issueRow(finding: Finding): ExpiringCertificate {
  const { kind, name, serialNumber, caSerialNumber = serialNumber, validEnd } = finding
  return {
    ...{ kind, name, serialNumber, caSerialNumber },
    validEnd: formatTime(validEnd),
    status: formatState(finding),
  }
}

/** What is to be said of a certificate that is not inactive. */
type State = Expiry['kind'] | 'unknown-status'

/** What a list contains: how many of each, and the certificates that end soonest. */
export class Findings {
  count = 0
  inactive = 0
  /** Without inactive ones. */
  readonly states: Record<State, number> = {
    valid: 0,
    'not-yet-valid': 0,
    expiring: 0,
    expired: 0,
    unreadable: 0,
    'unknown-status': 0,
  }
  readonly #shown = new Soonest(MAX_ROWS)
  readonly #urgent: Soonest

  /** @param maxUrgent how many of those that need attention to keep */
  constructor(maxUrgent: number) {
    this.#urgent = new Soonest(maxUrgent)
  }

  add(finding: Finding): void {
    this.count++
    this.#shown.add(finding)
    const { isActive, expiry } = finding
    if (isActive === false) {
      this.inactive++
      return
    }
    const state = isActive === undefined ? 'unknown-status' : expiry.kind
    this.states[state]++
    if (URGENT.includes(state)) this.#urgent.add(finding)
  }

  /** The ones to show: active ones rather than inactive ones, and then those that end soonest. */
  get shown(): readonly Finding[] {
    return this.#shown.sorted
  }

  /**
   * The active ones that have expired, expire soon, or have dates that cannot be read, and those of unknown status, the
   * soonest first.
   */
  get urgent(): readonly Finding[] {
    return this.#urgent.sorted
  }
}

const URGENT: readonly State[] = ['expiring', 'expired', 'unreadable', 'unknown-status']

/** Keeps a limited number of certificates. */
class Soonest {
  readonly #limit: number
  #kept: Finding[] = []

  constructor(limit: number) {
    this.#limit = limit
  }

  add(finding: Finding): void {
    this.#kept.push(finding)
    // Not at each one, because sorting takes time.
    if (this.#kept.length >= 2 * this.#limit) this.#kept = this.sorted
  }

  get sorted(): Finding[] {
    return this.#kept.sort(byUrgency).slice(0, this.#limit)
  }
}

/** Compares inactive ones after the others, CAs before devices, which stop with their CA, and then by the end. */
export function byUrgency(one: Finding, other: Finding): number {
  return (
    Number(one.isActive === false) - Number(other.isActive === false) ||
    Number(other.kind === 'CA') - Number(one.kind === 'CA') ||
    byEnd(one, other)
  )
}

/** Compares by the end, the soonest first. What cannot be read comes before all. */
export function byEnd(one: Finding, other: Finding): number {
  // Two of these have no difference.
  return (one.validEnd ?? -Infinity) - (other.validEnd ?? -Infinity) || 0
}
