import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect, it } from '@jest/globals'
import { withGeneratedSections } from '../../scripts/generated-docs.ts'

const root = dirname(dirname(import.meta.dirname))

it('the README has the inputs, outputs and errors that the code has (npm run docs mends it)', () => {
  const readme = readFileSync(join(root, 'README.md'), 'utf8')
  expect(readme).toBe(withGeneratedSections(readme))
  expect(readme.match(/<!-- begin [\w/-]+ -->/g)?.length).toBeGreaterThanOrEqual(3)
})
