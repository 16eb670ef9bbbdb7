import { globSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, it } from '@jest/globals'
import { parse } from 'yaml'

/** The Marketplace requires descriptions of fewer than 125 characters. */
const LONGEST_DESCRIPTION = 124

const root = dirname(dirname(import.meta.dirname))
const actions = globSync(['action.yml', '*/action.yml'], { cwd: root }).map((path) => ({
  path,
  ...(parse(readFileSync(join(root, path), 'utf8')) as {
    name: string
    description: string
    branding?: { icon?: string; color?: string }
  }),
}))

describe.each(actions)('$path', ({ name, description, branding }) => {
  it('has a unique name', () => {
    expect(actions.filter((other) => other.name === name)).toHaveLength(1)
  })

  it('has a description in one short line', () => {
    expect(description).not.toContain('\n')
    expect(description.length).toBeLessThanOrEqual(LONGEST_DESCRIPTION)
  })

  // npm run lint:workflows checks that they exist.
  it('has an icon and a colour', () => {
    expect(branding).toEqual({ icon: expect.any(String), color: expect.any(String) })
  })
})
