/**
 * What a changelog says of a version: its section, without the heading.
 *
 * @throws Error when there is no section with a date for this version, or nothing in it
 */
export function releaseNotes(changelog: string, version: string): string {
  const sections = changelog.split(/^## /m).slice(1)
  const section = sections.find((candidate) =>
    new RegExp(`^\\[${version.replaceAll('.', '\\.')}\\] - \\d{4}-\\d{2}-\\d{2}\n`).test(candidate),
  )
  const text = section?.slice(section.indexOf('\n')).trim() ?? ''
  if (text === '') throw new Error(`CHANGELOG.md has no section "## [${version}] - YYYY-MM-DD" with a text`)
  return text
}
