import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { writeSummary, writeTable } from '../../src/runner/log.ts'
import { mask } from '../../src/runner/masking.ts'
import { withEnvironment } from '../support/in-process.ts'

let folder = ''
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'summary-'))
})
afterEach(() => {
  rmSync(folder, { recursive: true })
})

it('a summary is appended to that of earlier steps', async () => {
  const file = join(folder, 'summary')
  writeFileSync(file, 'Earlier.\n')
  const { stdout } = await withEnvironment({ GITHUB_STEP_SUMMARY: file }, () => {
    writeSummary('A title', { One: '1', Two: '2' })
  })
  const one = '<tr><th align="left">One</th><td><code>1</code></td></tr>'
  const two = '<tr><th align="left">Two</th><td><code>2</code></td></tr>'
  expect(readFileSync(file, 'utf8')).toBe(`Earlier.\n### A title\n\n<table>\n${one}\n${two}\n</table>\n\n`)
  expect(stdout).toBe('')
})

it.each([
  [
    'markup',
    `<b onclick="x()" id='y'>&amp;</b>`,
    /<b |"x|'y/,
    '>&lt;b onclick=&quot;x()&quot; id=&#39;y&#39;&gt;&amp;amp;&lt;/b&gt;<',
  ],
  ['a blank line, after which Markdown would start', 'a\n\n# b', /\n# b/, 'a # b'],
  ['short secret', 'it is tuna-7', /tuna/, 'it is ***'],
  [
    'secret',
    'it is 13274673-8f90-4630',
    /13274673|it is/,
    '<code>(message withheld: it contains a secret)</code>',
  ],
  ['text beyond the limit', 'x'.repeat(5000), /x{1001}/, '…'],
])('a summary contains no %s', async (_, value, never, instead) => {
  const file = join(folder, 'summary')
  await withEnvironment({ GITHUB_STEP_SUMMARY: file }, () => {
    mask('13274673-8f90-4630')
    mask('tuna-7')
    writeSummary('t', { x: value })
  })
  const text = readFileSync(file, 'utf8')
  expect(text).not.toMatch(never)
  expect(text).toContain(instead)
})

it.each([{}, { GITHUB_STEP_SUMMARY: '/nowhere/summary' }])(
  'a missing summary file does not fail the step: %j',
  async (env) => {
    const { stdout, thrown } = await withEnvironment(env, () => {
      writeSummary('t', {})
    })
    expect(thrown).toBeUndefined()
    expect(stdout).toMatch(/^Summary +not written/)
  },
)

describe('a table of many rows', () => {
  const write = async (rows: readonly (readonly string[])[]): Promise<string> => {
    const file = join(folder, 'summary')
    await withEnvironment({ GITHUB_STEP_SUMMARY: file }, () => {
      mask('tuna-7')
      writeTable('A title', { facts: { Count: '2' }, columns: ['A', '<B>'], rows, more: 'in the report' })
    })
    return readFileSync(file, 'utf8')
  }

  it('stands below the facts', async () => {
    const facts = '<table>\n<tr><th align="left">Count</th><td><code>2</code></td></tr>\n</table>\n\n'
    const header = '<tr><th align="left">A</th><th align="left">&lt;B&gt;</th></tr>\n'
    const row = '<tr><td><code>a</code></td><td><code>&lt;b&gt; ***</code></td></tr>\n'
    const table = `<table>\n${header}${row}</table>\n\n`
    expect(await write([['a', '<b>\n\ntuna-7']])).toBe(`### A title\n\n${facts}${table}`)
  })

  it('says how many rows are left', async () => {
    const text = await write(Array.from({ length: 310 }, (_, index) => [`row ${index}`, '']))
    expect(text.match(/row \d+/g)).toHaveLength(300)
    expect(text).toMatch(/<\/table>\n\nand 10 more, in the report\n\n$/)
  })

  it('stays below half of 500 kB', async () => {
    const text = await write(Array.from({ length: 300 }, () => ['<'.repeat(900), 'x']))
    expect(Buffer.byteLength(text)).toBeLessThan(250_000)
    const shown = text.match(/<td><code>x</g)?.length ?? 0
    expect(shown).toBeGreaterThan(50)
    expect(text).toContain(`and ${300 - shown} more, in the report`)
  })
})
