/**
 * `npm run audit`: whether a vulnerability is known of a package that ends up in a bundle. Ends with 1 when one is,
 * and with 2 when the registry does not answer: not to know is no success.
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
  console.error(`The registry did not answer the question for vulnerabilities: ${result.why}`)
  process.exitCode = 2
} else {
  for (const finding of result.findings) console.log(finding)
  console.log(`${result.findings.length} packages with a known vulnerability`)
  process.exitCode = result.findings.length === 0 ? 0 : 1
}
