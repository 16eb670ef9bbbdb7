import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from '@jest/globals'
import { reportRequests } from '../../emulator/action/stop-emulator.ts'
import type { LoggedRequest } from '../../emulator/request-log.ts'
import { withEnvironment } from '../support/in-process.ts'

function request(operation: string, answer: Partial<LoggedRequest> = {}): LoggedRequest {
  return {
    operation,
    status: 200,
    code: null,
    time: '2026-01-02T03:04:05.678Z',
    requestId: '',
    fault: null,
    parameters: {},
    userAgent: '',
    ...answer,
  }
}

async function report(requests: LoggedRequest[]): Promise<{ log: string[]; summary: string }> {
  const folder = mkdtempSync(join(tmpdir(), 'report-'))
  const file = join(folder, 'summary')
  writeFileSync(file, '')
  const { stdout } = await withEnvironment({ GITHUB_STEP_SUMMARY: file }, () => {
    reportRequests(requests)
  })
  const summary = readFileSync(file, 'utf8')
  rmSync(folder, { recursive: true })
  return { log: stdout.trimEnd().split('\n'), summary }
}

it('a request is shown as one line with time, operation and result', async () => {
  const { log } = await report([
    request('GetRegisterCode'),
    request('', { status: 404, code: 'InvalidAction.NotFound' }),
    request('GetRegisterCode', { status: null, fault: 'hang' }),
  ])
  expect(log).toEqual([
    'Requests       3:',
    '03:04:05.678   GetRegisterCode          200',
    '03:04:05.678   (no operation)           404 InvalidAction.NotFound',
    '03:04:05.678   GetRegisterCode          no answer, fault hang',
  ])
})

it('only the count is shown when there are no requests', async () => {
  expect(await report([])).toEqual({ log: ['Requests       0'], summary: '' })
})

it('the last 200 requests are shown, and all are counted', async () => {
  const many = Array.from({ length: 250 }, () => request('GetRegisterCode'))
  const { log, summary } = await report([...many, request('Last', { status: 403, code: 'NoPermission' })])
  expect(log).toHaveLength(201)
  expect(log[0]).toBe('Requests       251, the last 200:')
  expect(log.at(-1)).toMatch(/ Last +403 NoPermission$/)
  expect(summary).toContain('GetRegisterCode</th><td><code>250</code>')
  expect(summary).toContain('Last</th><td><code>1, 1 failed: NoPermission</code>')
})

it('made-up operation names are limited in the log and in the summary', async () => {
  const requests = Array.from({ length: 100 }, (_, number) => request(`${number}${'x'.repeat(500)}`))
  const { log, summary } = await report(requests)
  expect(Math.max(...log.map((line) => line.length))).toBeLessThan(80)
  expect(summary.match(/<tr>/g)).toHaveLength(21)
  expect(summary).toContain('and 80 other operations')
})
