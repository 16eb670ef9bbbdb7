/** Counts the calls of each account to each operation, in seconds of the clock. */
export class RateLimit {
  readonly #calls = new Map<string, { second: number; count: number }>()

  /**
   * Counts one call.
   *
   * @param callsPerSecond `null`: no limit
   * @returns false when it is one too many
   */
  admits(accountId: string, operation: string, callsPerSecond: number | null): boolean {
    if (callsPerSecond === null) return true
    const second = Math.floor(Date.now() / 1000)
    const key = `${accountId} ${operation}`
    const last = this.#calls.get(key)
    const count = last?.second === second ? last.count + 1 : 1
    this.#calls.set(key, { second, count })
    return count <= callsPerSecond
  }
}
