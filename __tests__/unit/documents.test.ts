import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync, statSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { describe, expect, it } from '@jest/globals'
import { anchorOf } from '../../scripts/generated-docs.ts'
import { blocksIn, DOCUMENTS, readDocument } from '../support/documents.ts'

const root = dirname(dirname(import.meta.dirname))

/** Returns the anchors that GitHub gives to the headings of a document. */
function anchorsIn(markdown: string): Set<string> {
  const seen = new Map<string, number>()
  const prose = markdown.replace(/^```.*?^```$/gms, '')
  return new Set(
    [...prose.matchAll(/^#{1,6} (.*)$/gm)].map(([, heading = '']) => {
      const anchor = anchorOf(heading)
      const before = seen.get(anchor) ?? 0
      seen.set(anchor, before + 1)
      return before === 0 ? anchor : `${anchor}-${before}`
    }),
  )
}

/** Returns what is wrong with a link of a document, or an empty string. */
function faultOf(document: string, link: string): string {
  const [path = '', anchor] = link.split('#')
  const target = path === '' ? document : normalize(join(dirname(document), path))
  const file = join(root, target)
  if (!existsSync(file)) return `${link}: there is no ${target}`
  if (anchor === undefined || statSync(file).isDirectory()) return ''
  return anchorsIn(readFileSync(file, 'utf8')).has(anchor) ? '' : `${link}: ${target} has no such heading`
}

describe.each(DOCUMENTS)('%s', (document) => {
  it('has valid links', () => {
    const links = [...readDocument(document).matchAll(/\]\(([^)\s]+)\)/g)]
      .map(([, link = '']) => link)
      .filter((link) => !/^https?:/.test(link))
    expect(links.map((link) => faultOf(document, link)).filter(Boolean)).toEqual([])
  })
})

it('a broken link is found', () => {
  expect(faultOf('docs/security.md', '../README.md#security')).toBe('')
  expect(faultOf('docs/security.md', 'none.md')).toMatch(/there is no docs\/none\.md/)
  expect(faultOf('docs/security.md', '../README.md#none')).toMatch(/no such heading/)
})

describe('README.md', () => {
  const readme = readDocument('README.md')

  it('has at most 230 lines and 14 kB', () => {
    expect(readme.trimEnd().split('\n').length).toBeLessThanOrEqual(230)
    expect(Buffer.byteLength(readme)).toBeLessThanOrEqual(14_000)
  })

  it('has table rows that fit on a screen', () => {
    const rows = readme.split('\n').filter((line) => line.startsWith('|'))
    expect(rows.filter((row) => row.length > 160)).toEqual([])
  })
})

// The commands are for a Unix shell. CI runs this on Linux and macOS.
;(process.platform === 'win32' ? describe.skip : describe)('a command of the documents', () => {
  const commands = DOCUMENTS.flatMap((document) =>
    blocksIn(readDocument(document), 'sh').map((text) => [document, text] as const),
  )
  it.each(commands)('is valid in bash: in %s', (_, text) => {
    expect(spawnSync('bash', ['-n'], { input: text, encoding: 'utf8' })).toMatchObject({
      status: 0,
      stderr: '',
    })
  })
})
