import { randomUUID } from 'node:crypto'
import { appendFileSync, truncateSync } from 'node:fs'
import { join } from 'node:path'
import { ActionError } from '../errors.ts'
import { CHECK_DISK, reasonOf, removeFile, temporaryFolder } from './outputs.ts'

/** A report in JSON Lines: one object for each thing that an action worked on. It is written as they come. */
export class Report {
  readonly file: string
  #isComplete = true
  #bytes = 0

  /** @param name the start of the name of the file, in the runner's temporary folder */
  constructor(name: string) {
    this.file = join(temporaryFolder(), `${name}-${randomUUID()}.jsonl`)
    this.#append('')
  }

  /** Whether all that was added could be written. */
  get isComplete(): boolean {
    return this.#isComplete
  }

  /** How long it is, in bytes. */
  get length(): number {
    return this.#bytes
  }

  /** @throws ActionError if they cannot be written */
  add(...lines: readonly Readonly<Record<string, unknown>>[]): void {
    this.#append(lines.map((line) => `${JSON.stringify(line)}\n`).join(''))
  }

  /**
   * Forgets the lines that were added after it had a length.
   *
   * @throws ActionError if that cannot be written
   */
  cut(length: number): void {
    this.#write(() => {
      truncateSync(this.file, length)
    })
    this.#bytes = length
  }

  /** Removes the file: a part of a report must not look like the whole. */
  remove(): void {
    removeFile(this.file)
  }

  #append(text: string): void {
    this.#write(() => {
      appendFileSync(this.file, text, { mode: 0o600 })
    })
    this.#bytes += Buffer.byteLength(text)
  }

  #write(write: () => void): void {
    try {
      write()
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
