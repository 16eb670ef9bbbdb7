import type { Outcome } from './clients.ts'

/** Counts checks, and prints a line for each. */
export class Tally {
  passed = 0
  failed = 0

  /** The call must be refused with this code. */
  refused(name: string, outcome: Outcome, code: string): void {
    this.check(name, outcome, outcome.code === code)
  }

  /** The call must succeed, with a body that is right. */
  succeeded(
    name: string,
    outcome: Outcome,
    isRight: (body: Readonly<Record<string, unknown>>) => boolean,
  ): void {
    this.check(name, outcome, outcome.code === null && isRight(outcome.body ?? {}))
  }

  /** @param outcome what is shown when the check fails */
  check(name: string, outcome: Outcome, isRight: boolean): void {
    if (isRight) this.passed += 1
    else this.failed += 1
    console.log(isRight ? `ok    ${name}` : `FAIL  ${name}; got ${JSON.stringify(outcome)}`)
  }
}
