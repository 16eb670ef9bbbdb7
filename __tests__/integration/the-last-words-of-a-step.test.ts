import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from '@jest/globals'
import { emulated } from '../support/emulated.ts'

const service = emulated()
const folder = mkdtempSync(join(tmpdir(), 'thrown-'))
afterAll(() => {
  rmSync(folder, { recursive: true })
})

/** Runs the root action with a Node function that throws the given value. */
async function throwing(thrown: string, env: Record<string, string> = {}) {
  const preload = join(folder, 'preload.cjs')
  writeFileSync(
    preload,
    `const now = performance.now
     performance.now = () => { performance.now = now; throw (${thrown}) }`,
  )
  return await service.getRegisterCode({}, { NODE_OPTIONS: `--require "${preload}"`, ...env })
}

describe('a step in which an unusual value is thrown', () => {
  it.each([
    ['without a prototype', 'Object.create(null)'],
    ['whose toString throws', '{ toString() { throw new Error("raw words") } }'],
    ['that is a symbol', 'Symbol("raw words")'],
    ['that throws on every access', 'new Proxy({}, { get() { throw 1 }, getPrototypeOf() { throw 2 } })'],
    ['whose message throws', 'Object.defineProperty(new Error(), "message", { get() { throw 3 } })'],
  ])('fails with one annotation and exit code 1 for a value %s', async (_, thrown) => {
    for (const env of [{}, { RUNNER_DEBUG: '1' }]) {
      const run = await throwing(thrown, env)
      expect(run.exitCode).toBe(1)
      expect(run.annotations).toEqual([expect.stringMatching(/^Unexpected error:/)])
      expect(run.stderr).toBe('')
    }
  })

  it('fails cleanly with step debugging when an error is its own cause', async () => {
    const cycle =
      '(() => { const error = new Error("one", { cause: new Error("two") }); error.cause.cause = error; return error })()'
    const run = await throwing(cycle, { RUNNER_DEBUG: '1' })
    expect(run.exitCode).toBe(1)
    expect(run.annotations).toHaveLength(1)
    expect(run.stdout).toContain('::debug::Error: two')
  })

  it('fails cleanly with step debugging when a stack is not a string', async () => {
    const run = await throwing('Object.assign(new Error("one"), { stack: 7 })', { RUNNER_DEBUG: '1' })
    expect(run).toMatchObject({ exitCode: 1, annotations: [expect.stringContaining('Error: one')] })
  })
})
