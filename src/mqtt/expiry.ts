import type { Registered } from './registered.ts'

const DAY_MS = 86_400_000

/** How near the end of a certificate is. */
export type Expiry = {
  readonly kind: 'valid' | 'not-yet-valid' | 'expiring' | 'expired' | 'unreadable'
  /** Whole days until it ends, rounded down; `undefined` if a date cannot be read. */
  readonly daysLeft: number | undefined
}

/**
 * Returns how near the end of a certificate is.
 *
 * @param soon.withinDays one that is valid now, and ends within that many times 24 hours, is expiring
 */
export function expiryOf(
  { validBegin, validEnd }: Pick<Registered, 'validBegin' | 'validEnd'>,
  { nowMs, withinDays }: { readonly nowMs: number; readonly withinDays: number },
): Expiry {
  if (validBegin === undefined || validEnd === undefined) return { kind: 'unreadable', daysLeft: undefined }
  const leftMs = validEnd - nowMs
  const daysLeft = Math.floor(leftMs / DAY_MS)
  if (leftMs < 0) return { kind: 'expired', daysLeft }
  if (validBegin > nowMs) return { kind: 'not-yet-valid', daysLeft }
  return { kind: leftMs <= withinDays * DAY_MS ? 'expiring' : 'valid', daysLeft }
}

/** Returns the same for people, for example `ends in 12 days`. */
export function formatExpiry({ kind, daysLeft = 0 }: Expiry): string {
  if (kind === 'unreadable') return 'its dates cannot be read'
  // Rounded down, an end half a day ago is one day before now.
  const days = kind === 'expired' ? -daysLeft - 1 : daysLeft
  const count = days === 0 ? 'less than a day' : `${days} ${days === 1 ? 'day' : 'days'}`
  const words = kind === 'expired' ? `expired ${count} ago` : `ends in ${count}`
  return kind === 'not-yet-valid' ? `not valid yet, ${words}` : words
}

/** Unix milliseconds in ISO 8601, UTC. */
export function formatTime(ms: number | undefined): string {
  return ms === undefined ? 'unreadable' : new Date(ms).toISOString()
}
