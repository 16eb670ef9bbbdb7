/**
 * `npm run audit`: whether a vulnerability is known of a package that ends up in a bundle. A registry that does not
 * answer is no finding, and no success either: it is said, and the check ends as skipped.
 */
import { spawnSync } from 'node:child_process'
import { auditResult } from './audit-result.ts'

const npm = process.env['npm_execpath']
if (npm === undefined) throw new Error('Start this with npm run audit')
const { stdout } = spawnSync(process.execPath, [npm, 'audit', '--omit', 'dev', '--json'], {
  encoding: 'utf8',
})
const result = auditResult(stdout)
if (result.kind === 'unanswered') {
  const text = `The registry did not answer the question for vulnerabilities: ${result.why}`
  console.log(process.env['GITHUB_ACTIONS'] ? `::warning::${text}` : text)
} else {
  for (const finding of result.findings) console.log(finding)
  console.log(`${result.findings.length} packages with a known vulnerability`)
  process.exitCode = result.findings.length === 0 ? 0 : 1
}
