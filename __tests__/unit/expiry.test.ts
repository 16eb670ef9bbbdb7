import { describe, expect, it } from '@jest/globals'
import { expiryOf, formatExpiry, formatTime } from '../../src/mqtt/expiry.ts'

const DAY = 86_400_000
const NOW = Date.UTC(2026, 10, 26, 12)
const limits = { nowMs: NOW, withinDays: 30 }

describe('a certificate that ends', () => {
  it.each([
    ['a year ago', -365 * DAY, 'expired', -365, 'expired 364 days ago'],
    ['a day and a half ago', -1.5 * DAY, 'expired', -2, 'expired 1 day ago'],
    ['a moment ago', -1, 'expired', -1, 'expired less than a day ago'],
    ['now', 0, 'expiring', 0, 'ends in less than a day'],
    ['in a day less a moment', DAY - 1, 'expiring', 0, 'ends in less than a day'],
    ['in a day', DAY, 'expiring', 1, 'ends in 1 day'],
    ['in 29.9 days', 29.9 * DAY, 'expiring', 29, 'ends in 29 days'],
    ['in 30 days', 30 * DAY, 'expiring', 30, 'ends in 30 days'],
    ['a moment later', 30 * DAY + 1, 'valid', 30, 'ends in 30 days'],
    ['in a hundred years', 36_500 * DAY, 'valid', 36_500, 'ends in 36500 days'],
  ])('%s', (_, fromNow, kind, daysLeft, words) => {
    const expiry = expiryOf({ validBegin: NOW - 1, validEnd: NOW + fromNow }, limits)
    expect(expiry).toEqual({ kind, daysLeft })
    expect(formatExpiry(expiry)).toBe(words)
  })
})

it('a certificate that is not valid yet is not expiring', () => {
  const expiry = expiryOf({ validBegin: NOW + 1, validEnd: NOW + 2 * DAY }, limits)
  expect(expiry).toEqual({ kind: 'not-yet-valid', daysLeft: 2 })
  expect(formatExpiry(expiry)).toBe('not valid yet, ends in 2 days')
})

it.each([
  [undefined, NOW],
  [NOW, undefined],
  [undefined, undefined],
])('a date that cannot be read is said (%s, %s)', (validBegin, validEnd) => {
  const expiry = expiryOf({ validBegin, validEnd }, limits)
  expect(expiry).toEqual({ kind: 'unreadable', daysLeft: undefined })
  expect(formatExpiry(expiry)).toBe('its dates cannot be read')
  expect(formatTime(validEnd)).toBe(validEnd === undefined ? 'unreadable' : '2026-11-26T12:00:00.000Z')
})
