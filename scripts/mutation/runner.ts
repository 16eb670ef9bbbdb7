import { readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import type { Test } from 'jest-runner'

// Its types are those of its CommonJS form, in which the class is a member.
const { default: TestRunner } = createRequire(import.meta.url)('jest-runner') as typeof import('jest-runner')
type RunTests = InstanceType<typeof TestRunner>['runTests']

/** What a test file showed in the first run, in which all tests run: how long it took, and what its tests are called. */
type Known = { readonly tookMs: number; readonly names: readonly string[] }

/**
 * Runs as few test files for a mutant as can be. Stryker names the tests that reach it, and Jest would load every file
 * to look for them there, and would go on after the first failure, when the mutant is known to be killed.
 */
export default class MutantRunner extends TestRunner {
  override async runTests(...[tests, watcher, options]: Parameters<RunTests>): Promise<void> {
    const seen: Record<string, Known> = {}
    const failed: string[] = []
    this.on('test-file-success', ([{ path }, { perfStats, testResults, numFailingTests, testExecError }]) => {
      seen[path] = { tookMs: perfStats.runtime, names: testResults.map(({ fullName }) => fullName) }
      if (numFailingTests > 0 || testExecError !== undefined) failed.push(path)
    })
    this.on('test-file-failure', ([{ path }]) => {
      failed.push(path)
    })
    if (process.env['__STRYKER_ACTIVE_MUTANT__'] === undefined) {
      await super.runTests(tests, watcher, options)
      writeFileSync(knownFile(tests), JSON.stringify(seen))
      return
    }
    for (const test of this.#worthRunning(tests)) {
      await super.runTests([test], watcher, options)
      if (failed.length > 0) return
    }
  }

  /** The files that hold one of the tests asked for, the quickest first. */
  #worthRunning(tests: readonly Test[]): Test[] {
    const known = JSON.parse(readFileSync(knownFile(tests), 'utf8')) as Readonly<Record<string, Known>>
    const pattern = new RegExp(this._globalConfig.testNamePattern ?? '')
    return tests
      .filter(({ path }) => known[path]?.names.some((name) => pattern.test(name)) ?? true)
      .sort((a, b) => (known[a.path]?.tookMs ?? 0) - (known[b.path]?.tookMs ?? 0))
  }
}

/** In the copy of the repository in which all of Stryker's processes work. */
function knownFile(tests: readonly Test[]): string {
  return join(tests[0]?.context.config.rootDir ?? '', 'test-files.json')
}
