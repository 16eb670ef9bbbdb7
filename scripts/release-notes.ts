/**
 * `node scripts/release-notes.ts vX.Y.Z` prints the text of a release: its section of the changelog. Fails if that is
 * missing or `package.json` has another version. Needs no packages, because the release installs none.
 */
import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

/**
 * Returns the section of a version, without its heading.
 *
 * @throws Error if there is no section with a date, or it is empty
 */
export function releaseNotes(changelog: string, version: string): string {
  const sections = changelog.split(/^## /m).slice(1)
  const heading = new RegExp(`^\\[${version.replaceAll('.', '\\.')}\\] - \\d{4}-\\d{2}-\\d{2}\n`)
  const section = sections.find((candidate) => heading.test(candidate))
  const text = section?.slice(section.indexOf('\n')).trim() ?? ''
  if (text === '') throw new Error(`CHANGELOG.md has no text in a section "## [${version}] - YYYY-MM-DD"`)
  return text
}

if (import.meta.main) {
  const read = (file: string): string => readFileSync(join(dirname(import.meta.dirname), file), 'utf8')
  const { version } = JSON.parse(read('package.json')) as { version: string }
  const tag = process.argv[2] ?? ''
  if (tag !== `v${version}`) throw new Error(`The tag is "${tag}", but package.json has version ${version}`)
  console.log(releaseNotes(read('CHANGELOG.md'), version))
}
