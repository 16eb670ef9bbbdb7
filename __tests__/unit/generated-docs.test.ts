import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect, it } from '@jest/globals'
import { GENERATED, withGeneratedSections, withSharedDescriptions } from '../../scripts/generated-docs.ts'

const root = dirname(dirname(import.meta.dirname))

it.each(Object.entries(GENERATED))('%s is up to date (npm run docs updates it)', (path, update) => {
  const text = readFileSync(join(root, path), 'utf8')
  expect(text).toBe(update(text))
  if (path.endsWith('.md')) expect(text).toMatch(/<!-- begin [\w/-]+ -->/)
})

it('rejects an unknown section', () => {
  expect(() => withGeneratedSections('<!-- begin nothing -->\n<!-- end nothing -->')).toThrow(
    'no generated section',
  )
})

it('copies descriptions of inputs only, and only those of the root action', () => {
  const description = (name: string) => `  ${name}:\n    description: Old.\n`
  const actionYml = `inputs:\n${description('timeout')}${description('ca-name')}\noutputs:\n${description('timeout')}`
  const updated = withSharedDescriptions(actionYml, '.')
  expect(updated.match(/Old\./g)).toHaveLength(2)
  expect(updated).toMatch(/^inputs:\n {2}timeout:\n {4}description: (?!Old)/)
})
