import { randomUUID } from 'node:crypto'
import { digits } from './random.ts'
import { Recent } from './recent.ts'

/** The register codes that one instance gave out: the last 10,000 at least. Each is good for one registration. */
export class RegisterCodes {
  readonly #codes = new Recent<string, 'unused' | 'used'>({ atLeast: 10_000 })
  /** The one that was given out last. */
  latest: string | undefined

  /** A new code: a UUID followed directly by digits. */
  give(): string {
    const code = `${randomUUID()}${digits(10)}`
    this.#codes.set(code, 'unused')
    this.latest = code
    return code
  }

  /** `undefined` when this instance did not give it out. */
  useOf(code: string): 'unused' | 'used' | undefined {
    return this.#codes.get(code)
  }

  markUsed(code: string): void {
    this.#codes.set(code, 'used')
  }
}
