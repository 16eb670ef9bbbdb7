import type { Cost } from './by-turns.ts'

/** What is measured, and what it may be at most: a ratio to what somebody would write by hand, or bytes. */
const BARS = {
  keys: { what: 'run with keys, to a script by hand', bar: 1.4, aim: 1.2 },
  keyless: { what: 'keyless run, to a script of the same calls', bar: 1.5, aim: 1.3 },
  memory: { what: 'peak memory with keys, to that script', bar: 1.15, aim: 1.1 },
  sign: { what: 'sign, EC P-256, to openssl in a shell', bar: 1.75, aim: 1.0 },
  loaded: { what: 'JavaScript loaded with keys, bytes', bar: 320_000, aim: 220_000 },
  archive: { what: 'archive of the repository, bytes', bar: 1_000_000, aim: 700_000 },
} as const
type Name = keyof typeof BARS

/** Machines are noisy, and few rounds more so. Bytes are not. */
const RATIO_TOLERANCE = 1.25

/** One figure that was measured. */
export type Figure = {
  readonly name: Name
  /** A ratio, or bytes. */
  readonly value: number
  readonly action?: number
  readonly byHand?: number
}

/** The ratio of what the action costs to what the script by hand costs. */
export function compared(
  name: Name,
  [action, byHand]: readonly [action: Cost, byHand: Cost],
  part: keyof Cost,
): Figure {
  return {
    name,
    value: Math.round((action[part] / byHand[part]) * 100) / 100,
    action: Math.round(action[part]),
    byHand: Math.round(byHand[part]),
  }
}

/** The rows of a table, by what was measured. */
export function tableOf(figures: readonly Figure[]): Record<string, Record<string, number | string>> {
  return Object.fromEntries(
    figures.map(({ name, value, action, byHand }) => {
      const { what, bar, aim } = BARS[name]
      return [what, { measured: value, bar, aim, action: action ?? '', 'by hand': byHand ?? '' }]
    }),
  )
}

/** The figures that are above their bars, in words; a ratio by more than a quarter. */
export function aboveTheirBars(figures: readonly Figure[]): string[] {
  return figures.flatMap(({ name, value, action }) => {
    const { what, bar } = BARS[name]
    const limit = action === undefined ? bar : bar * RATIO_TOLERANCE
    return value > limit ? [`${what}: ${value}, and the bar is ${bar}`] : []
  })
}
