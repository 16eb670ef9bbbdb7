import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect, it } from '@jest/globals'
import { DOCUMENTS, withGeneratedSections } from '../../scripts/generated-docs.ts'

const root = dirname(dirname(import.meta.dirname))

it.each(DOCUMENTS)('%s says what the code and the tests say (npm run docs mends it)', (document) => {
  const text = readFileSync(join(root, document), 'utf8')
  expect(text).toBe(withGeneratedSections(text))
  expect(text).toMatch(/<!-- begin [\w/-]+ -->/)
})

it('a section that nobody makes is no section', () => {
  expect(() => withGeneratedSections('<!-- begin nothing -->\n<!-- end nothing -->')).toThrow(
    'no generated section',
  )
})
