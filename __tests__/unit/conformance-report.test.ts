import { randomBytes, randomUUID } from 'node:crypto'
import { describe, expect, it } from '@jest/globals'
import { documentedErrors } from '../../emulator/service/errors.ts'
import { PARTS } from '../../conformance/entries.ts'
import { makeReport, maskedInstance, withoutSecrets } from '../../conformance/report.ts'
import type { Result } from '../../conformance/run.ts'
import { randomSn, unknownCode } from '../../conformance/probe.ts'
import { makeCa, privateKeyPem } from '../../testing/certificates.ts'
import fc from '../support/generated.ts'
import { awkwardSecret, leaksIn, messageWith, piecesIn } from '../support/leaks.ts'
import { withEnvironment } from '../support/in-process.ts'
import { mask } from '../../src/runner/masking.ts'

const entries = PARTS.flatMap(({ title: part, entries }) => entries.map((entry) => ({ part, entry })))
const measured = {
  version: '1.0.0',
  date: new Date(0),
  regionId: 'cn-hangzhou',
  endpoint: 'the default one',
  accessKey: 'permanent',
  instanceId: 'post-cn-7mz2d123456',
  secondInstanceId: undefined,
  secrets: ['LTAI5tExampleExample', 'post-cn-7mz2d123456'],
} as const

/** Makes a report in which every entry is different, for the given reason. */
function reportOf(detail: string) {
  const results = entries.map(({ part, entry }): Result => ({
    part,
    entry,
    outcome: 'different',
    detail,
    isFailed: false,
  }))
  return makeReport(results, measured)
}

describe('a report', () => {
  it.each<[string, () => string | Promise<string>]>([
    ['an account number', () => '1234567890123456'],
    ['an ARN', () => 'acs:ram::1234567890123456:user/jane'],
    ['an access key ID', () => 'LTAI5tQ3Bd8VexampleKey9'],
    ['a temporary access key ID', () => 'STS.NUyYexample'],
    ['a register code', unknownCode],
    ['a UUID', randomUUID],
    ['a serial number', randomSn],
    ['a serial number with colons', () => randomSn().replace(/..(?=.)/g, '$&:')],
    ['a secret', () => randomBytes(40).toString('base64')],
    ['an instance', () => 'post-cn-abc123def45'],
    ['an e-mail address', () => 'jane.doe@example.com'],
    ['a certificate', async () => (await makeCa()).pem],
    ['a private key', async () => privateKeyPem((await makeCa()).key)],
  ])('contains no part of %s in a message', async (_, make) => {
    const value = await make()
    const { markdown, json } = reportOf(`the service said Odd (HTTP 400): it is ${value}, and more`)
    for (const report of [markdown, json]) {
      for (const line of value.split('\n')) if (line !== '') expect(report).not.toContain(line)
    }
    expect(markdown).toContain('the service said Odd (HTTP 400): it is')
  })

  it('keeps the request ID of an unexpected response, unless it is a part of a code', async () => {
    const [id, code] = [randomUUID().toUpperCase(), unknownCode()]
    const said = (request: string): string =>
      withoutSecrets(`the service said Odd (HTTP 400, request ${request})`, [])
    expect(said(id)).toContain(id)
    await withEnvironment({}, () => mask(code))
    expect(said(code.slice(0, 36))).not.toContain(code.slice(0, 36))
  })

  it('shows the first characters of the instances', () => {
    expect(reportOf('').json).toContain('"instance": "post-cn-***********"')
    expect(maskedInstance('x')).toBe('x***')
  })

  it('keeps error codes and operations', () => {
    const said =
      'the service said InstancePermissionCheckFailed (HTTP 400): RegisterCaCertificate, UnsupportedHTTPMethod'
    expect(withoutSecrets(said, [])).toBe(said)
  })

  it('contains no Markdown of others', () => {
    const { markdown } = reportOf('`@somebody` [link](https://a.example) | <b>\n# title')
    expect(markdown).toContain("  - `'@somebody' [link](https://a.example) | <b> # title`\n")
  })

  it('contains no secret, in any spelling, whatever the service says', async () => {
    const secrets = fc.array(
      awkwardSecret.filter(({ length }) => length >= 12),
      { minLength: 1, maxLength: 3 },
    )
    const cases = secrets.chain((all) => fc.record({ all: fc.constant(all), message: messageWith(all) }))
    // The last test, because the secrets of all runs stay remembered.
    await fc.assert(
      fc.asyncProperty(cases, async ({ all, message }) => {
        const { result } = await withEnvironment({}, () => {
          all.forEach(mask)
          return reportOf(`the service said Odd (HTTP 400): ${message}`)
        })
        const { markdown = '', json = '' } = result ?? {}
        const details = markdown
          .split('\n')
          .filter((line) => line.startsWith('  - '))
          .join('\n')
        expect(leaksIn({ stdout: details, stderr: '' }, all)).toEqual([])
        expect(
          piecesIn({ stdout: details, stderr: (JSON.parse(json) as Detailed).entries[0].detail }, all),
        ).toEqual([])
      }),
      { numRuns: 15 },
    )
  })
})

type Detailed = { entries: [{ detail: string }] }

describe('the entries', () => {
  it('have an ID of their own, and a statement that ends with a full stop', () => {
    const ids = entries.map(({ entry }) => entry.id)
    expect(new Set(ids).size).toBe(ids.length)
    for (const { entry } of entries) expect(entry.statement).toMatch(/[.)]$/)
  })

  it('name every error that is documented', () => {
    const all = entries.map(({ entry }) => entry.statement).join('\n')
    expect(Object.keys(documentedErrors).filter((code) => !all.includes(`\`${code}\``))).toEqual([])
  })
})
