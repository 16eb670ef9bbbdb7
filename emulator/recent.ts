/**
 * Remembers what was put in lately, in bounded memory: at least the last `atLeast` entries, at most twice as many,
 * and no longer than twice `forMs`.
 *
 * Two generations: when the younger is full, or old, it becomes the older one and the older one is dropped. A single
 * `Map` that drops its first key instead slows down, as V8 steps over the holes at its front.
 */
export class Recent<K, V> {
  readonly #atLeast: number
  readonly #forMs: number
  readonly #now: () => number
  #younger = new Map<K, V>()
  #older = new Map<K, V>()
  #youngerSince: number

  constructor(limits: { atLeast: number; forMs?: number; now?: () => number }) {
    this.#atLeast = limits.atLeast
    this.#forMs = limits.forMs ?? Infinity
    this.#now = limits.now ?? Date.now
    this.#youngerSince = this.#now()
  }

  get(key: K): V | undefined {
    this.#age()
    return this.#younger.get(key) ?? this.#older.get(key)
  }

  set(key: K, value: V): void {
    this.#age()
    this.#younger.set(key, value)
    if (this.#younger.size >= this.#atLeast) this.#turn()
  }

  #age(): void {
    const age = this.#now() - this.#youngerSince
    if (age < this.#forMs) return
    this.#turn()
    if (age >= 2 * this.#forMs) this.#turn()
  }

  #turn(): void {
    this.#older = this.#younger
    this.#younger = new Map()
    this.#youngerSince = this.#now()
  }
}
