import { randomUUID } from 'node:crypto'
import { appendFileSync } from 'node:fs'
import { join } from 'node:path'
import { ActionError } from '../errors.ts'
import { CHECK_DISK, reasonOf, temporaryFolder } from './outputs.ts'

/** A report in JSON Lines: one object for each thing that an action worked on. It is written as they come. */
export class Report {
  readonly file: string
  #isComplete = true

  /** @param name the start of the name of the file, in the runner's temporary folder */
  constructor(name: string) {
    this.file = join(temporaryFolder(), `${name}-${randomUUID()}.jsonl`)
    this.#append('')
  }

  /** Whether all that was added could be written. */
  get isComplete(): boolean {
    return this.#isComplete
  }

  /** @throws ActionError if it cannot be written */
  add(line: Readonly<Record<string, unknown>>): void {
    this.#append(`${JSON.stringify(line)}\n`)
  }

  #append(text: string): void {
    try {
      appendFileSync(this.file, text, { mode: 0o600 })
    } catch (cause) {
      this.#isComplete = false
      throw new ActionError({
        what: `The report could not be written to ${this.file} (${reasonOf(cause)})`,
        fix: CHECK_DISK,
        cause,
      })
    }
  }
}
