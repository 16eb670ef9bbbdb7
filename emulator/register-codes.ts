import { randomUUID } from 'node:crypto'
import { digits } from './random.ts'
import { Recent } from './recent.ts'

/** The register codes that one instance gave out. */
export class RegisterCodes {
  readonly #given = new Recent<string, true>({ atLeast: 10_000 })
  /** The one that was given out last. */
  latest: string | undefined

  /** A new code: a UUID followed directly by digits. */
  give(): string {
    const code = `${randomUUID()}${digits(10)}`
    this.#given.set(code, true)
    this.latest = code
    return code
  }
}
