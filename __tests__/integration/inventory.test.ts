import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import { makeCa, privateKeyPem } from '../../testing/certificates.ts'
import { snOf, trust } from '../../testing/registered-cas.ts'
import { runStep, type StepRun } from '../../testing/run-step.ts'
import { startGitHubIssues } from '../../testing/github-issues.ts'
import { emulated, keyless, workingInputs } from '../support/emulated.ts'
import { piecesIn } from '../support/leaks.ts'
import { runStepInProcess } from '../support/step-in-process.ts'

const DAY = 86_400_000
const now = Date.now()
const HOSTILE = '</code></td><script>alert(1)</script>|`@octocat`\n::error::broken #1 <!-- -->'

const soon = await makeCa({ subject: 'CN=Soon CA, O=Example', notAfter: new Date(now + 12 * DAY) })
const later = await makeCa({ subject: 'CN=Later CA', notAfter: new Date(now + 400 * DAY) })
const off = await makeCa({ subject: 'CN=Off CA', notAfter: new Date(now + 3 * DAY) })
const caSn = snOf(later)

type Row = { name?: string; begin?: number | string; end: number | string; status?: 'active' | 'inactive' }
const devices = (rows: readonly Row[]) =>
  rows.map(({ name = 'device', begin = -10, end, status = 'active' }, index) => ({
    caSn,
    deviceSn: (0x1000 + index).toString(16),
    deviceName: name,
    validBegin: typeof begin === 'string' ? begin : String(now + begin * DAY),
    validEnd: typeof end === 'string' ? end : String(now + end * DAY),
    status,
  }))

const service = emulated({
  instances: [
    {
      caCertificates: [
        { certificate: later.pem, caName: 'later' },
        { certificate: off.pem, caName: 'off', status: 'inactive' },
        { certificate: soon.pem, caName: HOSTILE },
      ],
      deviceCertificates: devices([
        { name: 'valid', end: 100.5 },
        { name: 'expiring', end: 29.5 },
        { name: 'expired', end: -0.5 },
        { name: 'inactive and expired', end: -4.5, status: 'inactive' },
        { name: 'inactive and expiring', end: 5, status: 'inactive' },
        { name: 'not yet valid', begin: 1, end: 20 },
        { name: HOSTILE, end: 1.5 },
      ]),
    },
    { id: 'post-cn-empty' },
    { id: 'post-cn-odd', deviceCertificates: devices([{ name: 'odd', end: 'soon' }, { end: 5 }]) },
    {
      id: 'post-cn-many-cas',
      caCertificates: await Promise.all(
        Array.from({ length: 12 }, async (_, index) => ({
          certificate: (
            await makeCa({
              subject: `CN=CA ${index}`,
              notAfter: new Date(now + (index === 11 ? 200 : index + 1) * DAY),
            })
          ).pem,
          caName: `ca-${index}`,
        })),
      ),
      deviceCertificates: devices(Array.from({ length: 2_345 }, (_, index) => ({ end: index / 10 }))),
    },
  ],
})

const temporary = mkdtempSync(join(tmpdir(), 'inventory-'))
beforeAll(() => {
  trust(service.emulator)
})
afterAll(() => {
  rmSync(temporary, { recursive: true })
})

const run = (inputs: Readonly<Record<string, string>> = {}, step: typeof runStep = runStepInProcess) =>
  step(
    'inventory',
    { ...workingInputs(service.emulator), ...inputs },
    { env: { NODE_EXTRA_CA_CERTS: service.emulator.info.caFile, RUNNER_TEMP: temporary } },
  )
const reportOf = ({ outputs }: StepRun) =>
  readFileSync(outputs['report-file'] ?? '', 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>)
const warningsOf = ({ stdout }: StepRun) =>
  stdout
    .split('\n')
    .filter((line) => line.startsWith('::warning::'))
    .map((line) => line.slice('::warning::'.length))
const rowsOf = ({ summary }: StepRun) =>
  [...summary.matchAll(/<tr>(?:<td><code>.*<\/code><\/td>)+<\/tr>/g)].map(([row]) =>
    row.split(/<[^>]+>+/).filter((cell) => cell !== ''),
  )

it('lists CAs and devices, from dist', async () => {
  const step = await run({ 'include-devices': 'true' }, runStep)
  expect(step).toMatchObject({
    exitCode: 0,
    outputs: {
      'ca-count': '3',
      'device-count': '7',
      'expired-count': '1',
      'expiring-count': '3',
      'inactive-count': '3',
    },
  })
  expect(step.log).toMatch(/^CAs {12}3, of which 1 inactive$/m)
  expect(step.log).toMatch(/^Devices {8}7, of which 2 inactive$/m)
  expect(rowsOf(step).map(([kind, , , , daysLeft, status]) => [kind, daysLeft, status])).toEqual([
    ['device', '-5', 'inactive, expired 4 days ago'],
    ['device', '-1', 'active, expired less than a day ago'],
    ['device', '1', 'active, ends in 1 day'],
    ['CA', '2', 'inactive, ends in 2 days'],
    ['device', '4', 'inactive, ends in 4 days'],
    ['CA', '11', 'active, ends in 11 days'],
    ['device', '19', 'active, not valid yet, ends in 19 days'],
    ['device', '29', 'active, ends in 29 days'],
    ['device', '100', 'active, ends in 100 days'],
    ['CA', '399', 'active, ends in 399 days'],
  ])
  expect(warningsOf(step)).toEqual([
    expect.stringMatching(new RegExp(`^CA ${snOf(soon)} \\(.*\\): ends in 11 days$`)),
    'Device certificates: 1 expired, 2 end within 30 days. The first is 1002 (expired): expired less than a day ago',
  ])
})

it('lists the CAs alone by default', async () => {
  const step = await run()
  expect(step.exitCode).toBe(0)
  expect(step.outputs).not.toHaveProperty('device-count')
  expect(step.outputs).toMatchObject({ 'ca-count': '3', 'expiring-count': '1', 'inactive-count': '1' })
  const calls = await service.emulator.requests()
  expect(calls.map(({ operation }) => operation)).toEqual(['ListCaCertificate'])
})

it('finds nothing on an empty instance', async () => {
  const step = await run({ 'instance-id': 'post-cn-empty', 'include-devices': 'true', 'fail-on': 'expiring' })
  expect(step).toMatchObject({
    exitCode: 0,
    outputs: { 'ca-count': '0', 'device-count': '0', 'expired-count': '0', 'expiring-count': '0' },
  })
  expect(readFileSync(step.outputs['report-file'] ?? '', 'utf8')).toBe('')
  expect(warningsOf(step)).toEqual([])
})

it('counts other days as expiring', async () => {
  const counts = async (days: string) =>
    (await run({ 'include-devices': 'true', 'expires-within-days': days })).outputs['expiring-count']
  expect([await counts('0'), await counts('1'), await counts('2'), await counts('500')]).toEqual([
    '0',
    '0',
    '1',
    '5',
  ])
})

it('reports each certificate as its schema says', async () => {
  const schema = JSON.parse(readFileSync('docs/inventory.schema.json', 'utf8')) as {
    properties: Record<string, unknown>
    required: readonly string[]
  }
  const lines = reportOf(await run({ 'include-devices': 'true' }))
  expect(lines).toHaveLength(10)
  for (const line of lines) {
    expect(Object.keys(schema.properties)).toEqual(expect.arrayContaining(Object.keys(line)))
    expect(Object.keys(line)).toEqual(expect.arrayContaining([...schema.required]))
  }
  expect(lines[2]).toMatchObject({
    kind: 'CA',
    subject: 'CN=Soon CA, O=Example',
    expiry: 'expiring',
    daysLeft: 11,
  })
  expect(lines[3]).toEqual({
    kind: 'device',
    name: 'valid',
    serialNumber: '1000',
    caSerialNumber: caSn,
    status: 'active',
    validBegin: new Date(now - 10 * DAY).toISOString(),
    validEnd: new Date(now + 100.5 * DAY).toISOString(),
    expiry: 'valid',
    daysLeft: 100,
  })
})

describe('a name from the service', () => {
  it('breaks out of neither the table nor the log', async () => {
    const step = await run({ 'include-devices': 'true' })
    expect(step.summary).not.toContain('<script')
    expect(step.summary).not.toMatch(/::error/)
    expect(step.annotations).toEqual([])
    expect(step.summary.match(/<tr>/g)).toHaveLength(5 + 1 + 10)
  })
})

describe('fail-on', () => {
  it.each([
    ['none', {}, undefined],
    ['expired', {}, undefined],
    [
      'expired',
      { 'include-devices': 'true' },
      /^Of the active certificates, 1 expired, 3 end within 30 days, and fail-on is expired\. The summary/,
    ],
    ['expiring', {}, /^Of the active certificates, 1 ends within 30 days, and fail-on is expiring\./],
    ['none', { 'instance-id': 'post-cn-odd', 'include-devices': 'true' }, undefined],
    [
      'expired',
      { 'instance-id': 'post-cn-odd', 'include-devices': 'true' },
      /1 with dates that cannot be read/,
    ],
    [
      'expiring',
      { 'instance-id': 'post-cn-odd', 'include-devices': 'true' },
      /1 with dates that cannot be read/,
    ],
  ])('%s, %j', async (failOn, inputs, error) => {
    const step = await run({ 'fail-on': failOn, ...inputs })
    expect(step.exitCode).toBe(error === undefined ? 0 : 1)
    if (error !== undefined) expect(step.annotations).toEqual([expect.stringMatching(error)])
    // Also if it fails.
    expect(step.outputs).toHaveProperty('expiring-count')
    expect(reportOf(step).length).toBeGreaterThan(0)
  })
})

it('shows a date that cannot be read', async () => {
  const step = await run({ 'instance-id': 'post-cn-odd', 'include-devices': 'true' })
  expect(rowsOf(step)[0]).toEqual([
    'device',
    'odd',
    '1000',
    'unreadable',
    'unknown',
    'active, its dates cannot be read',
  ])
  expect(warningsOf(step)).toEqual([
    'Device certificates: 1 ends within 30 days, 1 with dates that cannot be read. The first is 1000 (odd): its dates cannot be read',
  ])
  expect(reportOf(step)[0]).toMatchObject({ validEnd: null, daysLeft: null, expiry: 'unreadable' })
})

/** Replaces the lists by these entries, with a last one that is as it should be. */
const listing = async (cas: readonly object[], listed: readonly object[] = []) => {
  const valid = { CaSn: '0a', Status: '1', ValidBegin: '0', ValidEnd: String(now + 400.5 * DAY) }
  const page = (data: object) => ({ status: 200, body: JSON.stringify({ RequestId: 'R-1', Data: data }) })
  const entries = (list: readonly object[], own: object) =>
    [...list, {}].map((entry) => ({ ...valid, ...own, ...entry }))
  const pages = {
    ListCaCertificate: { CaCertificateVOS: entries(cas, { Sn: '0a', CaName: 'a', CaContent: 'x' }) },
    ListDeviceCertificate: { DeviceCertificateVOS: entries(listed, { DeviceSn: '0b', DeviceName: 'b' }) },
  }
  await service.emulator.setFaults(
    Object.entries(pages).map(([operation, data]) => ({ operation, fault: page(data), times: 'always' })),
  )
}

it('shows a CA without its certificate', async () => {
  await listing([{ Sn: '0c', CaContent: '', ValidEnd: String(now + 2.5 * DAY) }])
  const step = await run()
  expect(step).toMatchObject({ exitCode: 0, outputs: { 'ca-count': '2', 'expiring-count': '1' } })
  expect(reportOf(step)[0]).toMatchObject({ subject: 'its certificate cannot be read', expiry: 'expiring' })
})

it('says in a warning what expires, whatever the length of the name', async () => {
  const named = { ValidEnd: String(now + 5.5 * DAY), CaName: 'n'.repeat(2000), DeviceName: 'n'.repeat(2000) }
  await listing([{ Sn: '0c', ...named }], [{ DeviceSn: '0d', ...named }])
  expect(warningsOf(await run({ 'include-devices': 'true' }))).toEqual([
    expect.stringMatching(/^CA 0c \(…n{59}…\): ends in 5 days$/),
    expect.stringMatching(/ The first is 0d \(…n{59}…\): ends in 5 days$/),
  ])
})

it.each<[string, (hexOfSecret: string) => object[], (hexOfSecret: string) => object[]]>([
  ['of a CA', (sn) => [{ Sn: sn }], () => []],
  ['of a device', () => [], (sn) => [{ DeviceSn: sn.slice(0, 40).toUpperCase() }]],
  ['of the CA of a device', () => [], (sn) => [{ CaSn: `00${sn}` }]],
])('withholds a secret that the service reports as the serial number %s', async (_, cas, listed) => {
  const secret = workingInputs(service.emulator)['access-key-secret'] ?? ''
  const digits = Buffer.from(secret).toString('hex')
  await listing(cas(digits), listed(digits))
  const step = await run({ 'include-devices': 'true' })
  const lines = reportOf(step)
  expect(lines).toHaveLength(3)
  expect(lines.map((line) => JSON.stringify(line)).join('')).toContain(
    '"(message withheld: it contains a secret)"',
  )
  expect(JSON.stringify(lines).toLowerCase()).not.toContain(digits.slice(0, 24))
  expect(piecesIn(step, [secret])).toEqual([])
})

describe('a status that is not known', () => {
  const odd = { Status: '2', ValidEnd: String(now + 5.5 * DAY) }
  beforeEach(async () => {
    await listing(
      [{ Sn: '0c', CaName: 'odd CA', ...odd }],
      [
        { DeviceSn: '0d', Status: '0' },
        { DeviceSn: '0e', DeviceName: 'odd', ...odd },
      ],
    )
  })

  it('is shown, with a warning, and counts as no other status', async () => {
    const step = await run({ 'include-devices': 'true' })
    expect(step).toMatchObject({
      exitCode: 0,
      outputs: {
        'ca-count': '2',
        'device-count': '3',
        'expiring-count': '0',
        'expired-count': '0',
        'inactive-count': '1',
      },
    })
    expect(step.log).toMatch(/^Devices {8}3, of which 1 inactive, 1 with an unknown status$/m)
    expect(warningsOf(step)).toEqual([
      'CA 0c (odd CA): its status is unknown, ends in 5 days',
      'Device certificates: 1 with an unknown status. The first is 0e (odd): its status is unknown, ends in 5 days',
    ])
    expect(rowsOf(step)[0]?.slice(4)).toEqual(['5', 'its status is unknown, ends in 5 days'])
    expect(reportOf(step).map(({ status }) => status)).toEqual([
      'unknown',
      'active',
      'inactive',
      'unknown',
      'active',
    ])
  })

  it.each(['expired', 'expiring'])('is a failure for fail-on %s', async (failOn) => {
    const step = await run({ 'fail-on': failOn })
    expect(step.exitCode).toBe(1)
    expect(step.annotations).toEqual([
      expect.stringMatching(
        /^Of the certificates that are not inactive, 1 with an unknown status, and fail-on is exp/,
      ),
    ])
  })
})

describe('a certificate that cannot be identified', () => {
  it.each<[string, object[], object[], string]>([
    ['a CA', [{}, { Sn: '' }], [], 'entry 2 of page 1 of ListCaCertificate has no valid Sn'],
    [
      'a device',
      [],
      [{ DeviceSn: 'x y' }],
      'entry 1 of page 1 of ListDeviceCertificate has no valid DeviceSn',
    ],
    ['its CA', [], [{ CaSn: 7 }], 'entry 1 of page 1 of ListDeviceCertificate has no valid CaSn'],
  ])('ends the inventory with its place: %s', async (_, cas, listed, place) => {
    await listing(cas, listed)
    const step = await run({ 'include-devices': 'true', 'max-attempts': '1' })
    expect(step).toMatchObject({ exitCode: 1, outputs: {}, summary: '' })
    expect(step.annotations).toEqual([expect.stringContaining(place)])
    expect(step.annotations).toEqual([expect.stringContaining('request R-1')])
  })
})

it('shows a few hundred of many, the active ones that end soonest, and warns ten times at most', async () => {
  const step = await run({ 'instance-id': 'post-cn-many-cas', 'include-devices': 'true' })
  expect(step.outputs).toMatchObject({ 'ca-count': '12', 'device-count': '2345' })
  const rows = rowsOf(step)
  expect(rows).toHaveLength(300)
  expect(rows[298]?.[4]).toBe('28')
  // Its devices stop with it, so it is shown in place of a device that ends sooner.
  expect(rows[299]?.slice(0, 2)).toEqual(['CA', 'ca-11 (CN=CA 11)'])
  expect(step.summary).toMatch(/^and 2057 more, in the report: \/.*\.jsonl$/m)
  const warnings = warningsOf(step)
  expect(warnings).toHaveLength(10)
  expect(warnings[8]).toBe('More CAs expire: see the summary')
  expect(reportOf(step)).toHaveLength(2_357)
})

describe('a list that cannot be read to its end', () => {
  const inputs = { 'instance-id': 'post-cn-many-cas', 'include-devices': 'true', 'max-attempts': '2' }

  it('is an error without outputs and report', async () => {
    await service.emulator.setFaults([{ operation: 'ListDeviceCertificate', fault: 'reset', times: 100 }])
    const before = readdirSync(temporary)
    const step = await run(inputs)
    expect(step.exitCode).toBe(1)
    expect(readdirSync(temporary)).toEqual(before)
    expect(step.outputs).toEqual({})
    expect(step.summary).toBe('')
    expect(step.annotations).toEqual([expect.stringContaining('after 2 attempts')])
  })

  it('is read again when one page fails', async () => {
    await service.emulator.setFaults([{ operation: 'ListDeviceCertificate', fault: 'reset', times: 1 }])
    const step = await run(inputs)
    expect(step).toMatchObject({ exitCode: 0, outputs: { 'device-count': '2345' } })
  })
})

describe('an input', () => {
  it.each([
    [
      { 'expires-within-days': '-1' },
      'Invalid expires-within-days: "-1". Use a whole number of days, 0 to 36500.',
    ],
    [{ 'fail-on': 'always' }, 'Invalid fail-on: "always". Use none, expired, or expiring.'],
    [{ 'include-devices': 'yes' }, 'Invalid include-devices: "yes". Use false or true.'],
    [
      { 'create-issue': 'true', 'github-token': '' },
      /^Missing input: github-token\. create-issue: true needs it/,
    ],
    [{ 'instance-id': '' }, /^Missing input: instance-id\./],
  ])('%j is an error, and no call is made', async (inputs, error) => {
    const step = await run(inputs)
    expect(step.exitCode).toBe(1)
    expect(step.annotations).toEqual([typeof error === 'string' ? error : expect.stringMatching(error)])
    expect(await service.emulator.requests()).toEqual([])
  })
})

it.each(['instance-id', 'fail-on', 'expires-within-days', 'region-id'])(
  'shows no private key that is in %s by mistake',
  async (input) => {
    const key = privateKeyPem(later.key)
    const step = await run({ [input]: key }, runStep)
    expect(step).toMatchObject({ exitCode: 1, outputs: {} })
    expect(step.annotations).toEqual([expect.stringContaining(`The input ${input} contains PEM text`)])
    expect(piecesIn(step, [key])).toEqual([])
    expect(await service.emulator.requests()).toEqual([])
  },
)

it('reads the list without an access key', async () => {
  const { inputs, env } = keyless(service.emulator)
  const step = await runStep('inventory', { ...inputs, 'include-devices': 'true' }, { env })
  expect(step).toMatchObject({ exitCode: 0, outputs: { 'ca-count': '3', 'device-count': '7' } })
})

describe('create-issue', () => {
  const github = startGitHubIssues()
  afterAll(async () => {
    await (await github).stop()
  })

  const runWithIssue = async (
    inputs: Readonly<Record<string, string>> = {},
    step: typeof runStep = runStepInProcess,
  ) => {
    const { env, token } = await github
    return await step(
      'inventory',
      {
        ...workingInputs(service.emulator),
        'include-devices': 'true',
        'create-issue': 'true',
        'github-token': token,
        ...inputs,
      },
      { env: { NODE_EXTRA_CA_CERTS: service.emulator.info.caFile, RUNNER_TEMP: temporary, ...env } },
    )
  }

  it('makes an issue, and updates it in the next run, from dist', async () => {
    const { issues, problems, reset, token } = await github
    reset()
    const first = await runWithIssue({}, runStep)
    const second = await runWithIssue({}, runStep)
    expect(first).toMatchObject({ exitCode: 0, annotations: [] })
    expect(first.outputs['issue-url']).toMatch(/^https?:.*\/issues\/1$/)
    expect(second.outputs['issue-url']).toBe(first.outputs['issue-url'])
    expect(first.log).toMatch(/^Issue {10}https?:/m)
    expect(first.masks).toContain(token)
    expect(issues).toHaveLength(1)
    // What is active and has expired or expires within 30 days.
    for (const text of ['expired', 'expiring', snOf(soon)]) expect(issues[0]?.body).toContain(text)
    for (const text of ['inactive', 'not yet valid', snOf(off)]) expect(issues[0]?.body).not.toContain(text)
    expect(problems).toEqual([])
  })

  it('makes none when nothing expires', async () => {
    const { issues, reset } = await github
    reset()
    const step = await runWithIssue({ 'instance-id': 'post-cn-empty' })
    expect(step).toMatchObject({ exitCode: 0 })
    expect(step.outputs).not.toHaveProperty('issue-url')
    expect(step.log).toMatch(/^Issue {10}none, because nothing expires$/m)
    expect(issues).toEqual([])
  })

  it('says that there is an issue when GitHub does not report its URL', async () => {
    const { faults, reset } = await github
    reset()
    faults.push({ operation: 'create', status: 201, body: { number: 5, state: 'open' } })
    const step = await runWithIssue()
    expect(step).toMatchObject({ exitCode: 0 })
    expect(step.outputs).not.toHaveProperty('issue-url')
    expect(step.log).toMatch(/^Issue {10}#5, without a usable URL$/m)
  })

  it('fails at the end when GitHub refuses, with outputs and report', async () => {
    const { faults, reset } = await github
    for (const failOn of ['none', 'expired']) {
      reset()
      faults.push({ operation: 'create', status: 403, message: 'Resource not accessible by integration' })
      const step = await runWithIssue({ 'fail-on': failOn })
      expect(step.exitCode).toBe(1)
      expect(step.outputs).toMatchObject({ 'ca-count': '3', 'device-count': '7', 'expired-count': '1' })
      expect(step.outputs).not.toHaveProperty('issue-url')
      expect(reportOf(step)).toHaveLength(10)
      expect(step.annotations).toEqual([expect.stringContaining('issues: write')])
      const both = 'fail-on is expired. Also, GitHub'
      if (failOn === 'expired') expect(step.annotations[0]).toContain(both)
      else expect(step.annotations[0]).not.toContain('fail-on')
    }
  })
})
