import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from '@jest/globals'
import { ActionError } from '../../src/errors.ts'
import { requireOutputFile, setOutputs } from '../../src/runner/outputs.ts'
import { withEnvironment } from '../support/in-process.ts'

function textOf(thrown: unknown): string {
  if (thrown instanceof ActionError) return thrown.describe((text) => text)
  throw new Error('no ActionError', { cause: thrown })
}

describe('outputs', () => {
  it('are written only to the file of the runner', async () => {
    const { outputFile, stdout } = await withEnvironment({}, () => {
      requireOutputFile()
      setOutputs({ one: '1', two: 'of two\nlines' })
    })
    expect(outputFile).toMatch(/^one<<(\S+)\n1\n\1\ntwo<<(\S+)\nof two\nlines\n\2\n$/)
    expect(stdout).toBe('')
  })

  it('are refused without that file, because they would be printed', async () => {
    for (const run of [
      requireOutputFile,
      () => {
        setOutputs({ one: '1' })
      },
      () => {
        delete process.env['GITHUB_OUTPUT']
        requireOutputFile()
      },
    ]) {
      const { thrown, stdout } = await withEnvironment({ GITHUB_OUTPUT: '' }, run)
      expect(textOf(thrown)).toMatch(/GITHUB_OUTPUT is not set.*npm run demo\.$/)
      expect(stdout).toBe('')
    }
  })

  it('are refused when the file does not exist', async () => {
    const { thrown } = await withEnvironment({ GITHUB_OUTPUT: '/nowhere/output' }, requireOutputFile)
    expect(textOf(thrown)).toMatch(
      /^The file that GITHUB_OUTPUT names is not writable: \/nowhere\/output \(ENOENT\)\. The runner creates it/,
    )
  })

  it('are refused when the file is a folder', async () => {
    const { thrown } = await withEnvironment({ GITHUB_OUTPUT: tmpdir() }, requireOutputFile)
    expect(textOf(thrown)).toContain(`GITHUB_OUTPUT names is not writable: ${tmpdir()} (not a regular file)`)
  })

  it('are reported as not written when the file is gone', async () => {
    const { thrown } = await withEnvironment({ GITHUB_OUTPUT: '/nowhere/output' }, () => {
      setOutputs({ one: '1' })
    })
    expect(textOf(thrown)).toMatch(
      /The outputs one could not be written to the file that GITHUB_OUTPUT names: \/nowhere\/output \(ENOENT\)\. Check on the runner/,
    )
  })

  it('are written all or not at all', async () => {
    const file = join(mkdtempSync(join(tmpdir(), 'outputs-')), 'output')
    writeFileSync(file, 'earlier=1\n')
    // A value that cannot be turned into text fails after the first output has been written.
    const broken = {
      toJSON: () => {
        throw new Error('disk full')
      },
    } as unknown as string
    const { thrown } = await withEnvironment({ GITHUB_OUTPUT: file }, () => {
      setOutputs({ one: '1', two: broken })
    })
    expect(textOf(thrown)).toMatch(/The outputs one, two could not be written to/)
    expect(readFileSync(file, 'utf8')).toBe('earlier=1\n')
  })
})
