import { TestEnvironment } from 'jest-environment-node'

/** Of what Jest tells of a test, what is looked at here. */
type TestEvent = { readonly name: string; readonly test?: { mode?: 'skip' | 'only' | 'todo' | undefined } }

/** Skips the tests of a file that follow one that failed: the mutant is known to be killed by then. */
export default class MutantEnvironment extends TestEnvironment {
  #hasFailed = false

  handleTestEvent({ name, test }: TestEvent): void {
    if (name === 'test_fn_failure' || name === 'hook_failure') this.#hasFailed = true
    if (name === 'test_start' && test !== undefined && this.#hasFailed) test.mode = 'skip'
  }
}
