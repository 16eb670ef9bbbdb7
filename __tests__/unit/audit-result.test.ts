import { expect, it } from '@jest/globals'
import { auditResult } from '../../scripts/audit-result.ts'

it('a registry that knows no vulnerability finds nothing', () => {
  expect(auditResult('{"auditReportVersion":2,"vulnerabilities":{}}')).toEqual({
    kind: 'answered',
    findings: [],
  })
})

it('a vulnerability is a finding', () => {
  const json = JSON.stringify({ vulnerabilities: { kitx: { severity: 'high', range: '<2.2.1' } } })
  expect(auditResult(json)).toEqual({ kind: 'answered', findings: ['kitx <2.2.1: high'] })
})

it.each([
  [
    'an error of the registry',
    '{"message":"405 Method Not Allowed","statusCode":405}',
    '405 Method Not Allowed',
  ],
  ['no JSON', 'npm error', 'no report'],
  ['nothing', '', 'no report'],
  ['null', 'null', 'no report'],
])('%s is neither', (_, json, why) => {
  expect(auditResult(json)).toEqual({ kind: 'unanswered', why })
})
