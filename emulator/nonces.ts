import { Recent } from './recent.ts'

/** How far a request's clock may be off, either way. */
export const CLOCK_WINDOW_MS = 15 * 60 * 1000

/**
 * Signature nonces that were used.
 *
 * A time stamp may lie a window ahead and is good until a window after it, so a nonce is kept for two. Past the cap
 * the oldest are forgotten, and a replay of one of those would be accepted: better, in a test tool, than
 * refusing honest calls under load.
 */
export class Nonces {
  readonly #used: Recent<string, true>

  constructor(now: () => number) {
    this.#used = new Recent({ atLeast: 10_000, forMs: 2 * CLOCK_WINDOW_MS, now })
  }

  /** @returns false when this key has used this nonce before */
  use(accessKeyId: string, nonce: string): boolean {
    const key = `${accessKeyId}\n${nonce}`
    if (this.#used.get(key) !== undefined) return false
    this.#used.set(key, true)
    return true
  }
}
