import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals'
import type { FaultOrder } from '../../emulator/faults/orders.ts'
import { DAY_MS, makeCa, makeLeaf, privateKeyPem } from '../../testing/certificates.ts'
import { casOf, changeBehind, snOf, trust } from '../../testing/registered-cas.ts'
import { runStep, type StepRun } from '../../testing/run-step.ts'
import { callMqtt } from '../support/calls.ts'
import { emulated, keyless, workingInputs } from '../support/emulated.ts'
import { piecesIn } from '../support/leaks.ts'
import { runStepInProcess } from '../support/step-in-process.ts'

// The first bit of the serial numbers is set, so that the service spells them with a leading zero byte.
const ca = await makeCa({ subject: 'CN=devices', serialNumber: '9a01020304' })
const otherCa = await makeCa({ subject: 'CN=other devices' })
const expiredCa = await makeCa({ subject: 'CN=old', notAfter: new Date(Date.now() - DAY_MS) })
const device = await makeLeaf({ issuer: ca, subject: 'CN=device-1', serialNumber: 'ff0a' })
/** With the same serial number, which a CA should not do. */
const renewed = await makeLeaf({ issuer: ca, subject: 'CN=device-1', serialNumber: 'ff0a' })
const expired = await makeLeaf({
  issuer: ca,
  subject: 'CN=device-2',
  serialNumber: '0a0b',
  notAfter: new Date(Date.now() - DAY_MS),
})
const inactive = await makeLeaf({ issuer: ca, subject: 'CN=device-1', serialNumber: '0a0c' })
/** A CA with the same name, and a device of it. */
const impostor = await makeCa({ subject: 'CN=devices', withKeyIdentifier: false })
const ofImpostor = await makeLeaf({ issuer: impostor, subject: 'CN=device-1', serialNumber: 'ff0a' })
/** Registered as a CA, although it does not say that it is one. */
const oldCa = await makeLeaf({ subject: 'CN=before extensions', serialNumber: '0d01' })
const ofOther = await makeLeaf({ issuer: otherCa, subject: 'CN=device-1', serialNumber: '0a0e' })
/** Not parsed by anybody: what the service shows. */
const dated = (deviceSn: string, deviceName: string, validEnd: string) => ({
  ...{ caSn: snOf(ca), deviceSn, deviceName, validBegin: '0', validEnd },
})
const LONG_NAME = 'n'.repeat(80)
const HOSTILE = '</table><b>x</b>\n\n# title | a\n::error::x ##[error]y'

const service = emulated({
  instances: [
    {
      caCertificates: [
        { certificate: ca.pem },
        { certificate: otherCa.pem },
        { certificate: oldCa.pem },
        { certificate: expiredCa.pem, status: 'inactive' },
      ],
      deviceCertificates: [
        { certificate: device.pem },
        { certificate: expired.pem },
        { certificate: inactive.pem, status: 'inactive' },
        { certificate: ofOther.pem },
        dated('0b01', 'no date', 'soon'),
        dated('0b02', HOSTILE, '1'),
        dated('0b03', 'Gerät, 設備  4', '1'),
        ...['0B04', 'FE05', '00FE06'].map((sn) => dated(sn, 'upper case', '1')),
        ...Array.from({ length: 25 }, (_, at) => dated(`0f${at + 10}`, LONG_NAME, '1')),
        ...Array.from({ length: 120 }, (_, at) =>
          dated(`0c${String(at + 10).padStart(4, '0')}`, 'many', '1'),
        ),
      ],
    },
  ],
})
let folder: string
beforeAll(() => {
  trust(service.emulator)
})
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'status-'))
})
afterEach(() => {
  rmSync(folder, { recursive: true })
})

type Inputs = Readonly<Record<string, string>>

/** Runs the step from `src/` in this process, or through `dist/`. */
async function setStatus(inputs: Inputs, run: typeof runStep = runStepInProcess): Promise<StepRun> {
  return await run(
    'set-status',
    {
      ...workingInputs(service.emulator),
      ...('ca-certificate' in inputs || 'ca-serial-number' in inputs ? {} : { 'ca-serial-number': snOf(ca) }),
      status: 'inactive',
      ...inputs,
    },
    { env: { NODE_EXTRA_CA_CERTS: service.emulator.info.caFile, RUNNER_TEMP: folder } },
  )
}

const counts = (changed: number, unchanged: number, missing = 0) => ({
  'changed-count': String(changed),
  'unchanged-count': String(unchanged),
  'missing-count': String(missing),
  'report-file': expect.any(String),
})

type Line = Readonly<Record<string, string>>
function reportOf({ outputs }: StepRun): Line[] {
  const text = readFileSync(outputs['report-file'] ?? '', 'utf8')
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Line)
}

async function statusOf(sn: string): Promise<string | undefined> {
  const { Data } = await callMqtt(service.emulator, 'GetDeviceCertificate', { CaSn: snOf(ca), DeviceSn: sn })
  return (Data as { Status?: string } | undefined)?.Status
}

async function calls(): Promise<string[]> {
  return (await service.emulator.requests()).map(({ operation }) => operation)
}
const CHANGES = /^(?:Active|Inactivate|Delete|Register)|GetRegisterCode/

/** Expects that the step ended before it did anything. */
function expectRefusal(step: StepRun, text: RegExp): void {
  expect(step.exitCode).toBe(1)
  expect(step.annotations).toEqual([expect.stringMatching(text)])
  expect(step.outputs).toEqual({})
}

const faults = (operation: string, ...list: readonly FaultOrder['fault'][]): Promise<void> =>
  service.emulator.setFaults(list.map((fault) => ({ operation, fault })))

describe('through dist/', () => {
  it('deactivates, and a second run changes nothing', async () => {
    const inputs = { 'serial-numbers': 'FF:0A\n0x0A 0C, 00000ff0a' }
    const first = await setStatus(inputs, runStep)
    expect(first).toMatchObject({ exitCode: 0, annotations: [], stderr: '', outputs: counts(1, 1) })
    expect(first.log).toMatch(/^Changed +device-1 \(00ff0a\): from active to inactive$/m)
    expect(first.summary).toContain('### Device certificates deactivated')
    expect(await statusOf('00ff0a')).toBe('0')
    expect(reportOf(first)).toContainEqual({
      caSerialNumber: snOf(ca),
      serialNumber: '00ff0a',
      deviceName: 'device-1',
      validEnd: device.certificate.validToDate.toISOString(),
      statusBefore: 'active',
      statusAfter: 'inactive',
      outcome: 'changed',
    })

    const before = (await calls()).length
    const second = await setStatus(inputs, runStep)
    expect(second).toMatchObject({ exitCode: 0, annotations: [], outputs: counts(0, 2) })
    expect((await calls()).slice(before)).toEqual([
      'GetCaCertificate',
      'GetDeviceCertificate',
      'GetDeviceCertificate',
    ])
  })

  it('works with a role, and with the certificates of a folder', async () => {
    writeFileSync(join(folder, 'a.crt'), device.pem)
    writeFileSync(join(folder, 'b.cer'), expired.certificate.raw)
    const oidc = keyless(service.emulator)
    const step = await runStep(
      'set-status',
      {
        ...oidc.inputs,
        'role-session-expiration': '900',
        'ca-certificate': ca.pem,
        status: 'inactive',
        certificates: `${join(folder, '*.crt')}\n${join(folder, 'b.cer')}\n${join(folder, '[ab].*')}`,
      },
      { env: { ...oidc.env, RUNNER_TEMP: folder } },
    )
    expect(step).toMatchObject({ exitCode: 0, annotations: [], outputs: counts(2, 0) })
    expect(reportOf(step).map(({ runUrl }) => runUrl)).toEqual([undefined, undefined])
  })

  it('shows no secret that is in the name of a file', async () => {
    const { accessKeySecret } = service.emulator.info
    const file = join(folder, `${accessKeySecret}.crt`)
    writeFileSync(file, device.pem)
    const step = await setStatus({ certificates: file }, runStep)
    expect(step).toMatchObject({ exitCode: 0, outputs: counts(1, 0) })
    expect(JSON.stringify(reportOf(step)) + step.summary + step.log).not.toContain(accessKeySecret)
  })

  it('deletes a CA, and a second run finds nothing to do', async () => {
    const inputs = { target: 'ca', status: 'deleted' }
    expect(await setStatus(inputs, runStep)).toMatchObject({ exitCode: 0, outputs: counts(1, 0) })
    expect((await casOf(service.emulator)).map(({ sn }) => sn)).not.toContain(snOf(ca))
    expect(await statusOf('00ff0a')).toBeUndefined()
    const second = await setStatus(inputs, runStep)
    expect(second).toMatchObject({ exitCode: 0, annotations: [], outputs: counts(0, 1) })
    // The serial number can be mistyped, and the CA active.
    expect(second.stdout).toMatch(
      /^::warning::No CA with the serial number 009a01020304 is registered with instance \S+: it was deleted before, or the serial number or instance-id is wrong$/m,
    )
    expect(second.log).toMatch(/^CA +009a01020304, not-registered$/m)
  })

  it('fails at the end, with outputs, after it tried all', async () => {
    const step = await setStatus({ 'serial-numbers': '0a0d, ff0a', status: 'inactive' }, runStep)
    expect(step).toMatchObject({ exitCode: 1, outputs: counts(1, 0, 1) })
    expect(step.annotations).toEqual([
      expect.stringMatching(
        /^1 of 2 device certificates were not deactivated: 0a0d is not registered with CA 009a01020304: it never connected, or was deleted\. .*Deactivate it after it connected, or replace the CA\..*if-missing: ignore\.$/,
      ),
    ])
    expect(step.log).toMatch(/^Missing +0a0d is not registered/m)
    expect(await statusOf('00ff0a')).toBe('0')
  })
})

describe('device certificates', () => {
  it.each<[string, Inputs]>([
    ['serial numbers', { 'serial-numbers': 'ff0a' }],
    ['a certificate as text', { certificates: device.pem }],
    ['the base64 of it', { certificates: Buffer.from(device.pem).toString('base64') }],
    ['a certificate, and the CA as certificate', { certificates: device.pem, 'ca-certificate': ca.pem }],
    ['a CA in another spelling', { 'serial-numbers': 'ff0a', 'ca-serial-number': '9A:01:02:03:04' }],
  ])('are named by %s', async (_, inputs) => {
    expect(await setStatus(inputs)).toMatchObject({ exitCode: 0, outputs: counts(1, 0) })
    expect(await statusOf('00ff0a')).toBe('0')
  })

  it('are changed once if several certificates of the CA have one serial number', async () => {
    const step = await setStatus({ certificates: device.pem + renewed.pem + device.pem })
    expect(step).toMatchObject({ exitCode: 0, outputs: counts(1, 0) })
    expect(reportOf(step)).toHaveLength(1)
  })

  it.each([
    ['FF 0A', '00ff0a'],
    [' 0x00 ff\t0a ', '00ff0a'],
    ['serial=00FF0A', '00ff0a'],
    [`${'0'.repeat(40)}ff0a`, '00ff0a'],
    ['00:ff:0a', '00ff0a'],
  ])('are found in the spellings of other tools: %s', async (given, sn) => {
    expect(await setStatus({ 'serial-numbers': given })).toMatchObject({ outputs: counts(1, 0) })
    expect(await statusOf(sn)).toBe('0')
  })

  it.each([
    ['0B04', '0B04'],
    ['0x0b:04', '0B04'],
    ['00fe05', 'FE05'],
    ['fe06', '00FE06'],
  ])('are found under another spelling: %s', async (given, sn) => {
    expect(await setStatus({ 'serial-numbers': given })).toMatchObject({
      exitCode: 0,
      outputs: counts(1, 0),
    })
    expect(await statusOf(sn)).toBe('0')
    // Not taken for one that is gone.
    expect(await setStatus({ 'serial-numbers': given, status: 'deleted' })).toMatchObject({
      exitCode: 0,
      outputs: counts(1, 0),
    })
    expect(await statusOf(sn)).toBeUndefined()
  })

  it('are named by their exact names, which several can have', async () => {
    const step = await setStatus({ 'device-names': ' device-1\r\nGerät, 設備  4\n\n' })
    expect(step).toMatchObject({ exitCode: 0, outputs: counts(2, 1) })
    expect(
      reportOf(step)
        .map(({ serialNumber }) => serialNumber)
        .sort(),
    ).toEqual(['00ff0a', '0a0c', '0b03'])
    const many = await setStatus({ 'device-names': 'many\nDevice-1' })
    expect(many).toMatchObject({ exitCode: 1, outputs: counts(120, 0, 1) })
    expect(many.summary).toContain('### 1 of 121 device certificates were not deactivated')
    expect(many.annotations).toEqual([
      expect.stringMatching(/: Device-1 is the name of no device certificate of CA 009a01020304\. Names are/),
    ])
    // A few dozen lines, then only the report.
    expect(many.log.match(/^Changed +many/gm)).toHaveLength(50)
    expect(many.log).toMatch(/^More +in the report$/m)
    expect(reportOf(many)).toHaveLength(121)
  })

  it('whose status is not known stops none of the others', async () => {
    const listed = (DeviceSn: string, DeviceName: string, Status: string) => ({
      ...{ CaSn: snOf(ca), DeviceSn, DeviceName, Status, ValidBegin: '0', ValidEnd: '1' },
    })
    const all = [listed('00ff0a', 'device-1', '1'), listed('0a0c', 'device-1', '2'), listed('0b01', 'x', '2')]
    const odd = listed('0a0c', 'device-1', '2')
    const answers = { ListDeviceCertificateByCaSn: { DeviceCertificateVOS: all }, GetDeviceCertificate: odd }
    await service.emulator.setFaults(
      Object.entries(answers).map(([operation, Data]) => ({
        ...{ operation, times: 'always' },
        fault: { status: 200, body: JSON.stringify({ Data }) },
      })),
    )
    const step = await setStatus({ 'device-names': 'device-1' })
    expect(step).toMatchObject({ exitCode: 1, outputs: counts(1, 0) })
    expect(step.annotations).toEqual([
      expect.stringMatching(
        /^1 of 2 .* not deactivated: device-1 \(0a0c\) failed: .* without serial number, CA or status/,
      ),
    ])
    expect(reportOf(step).map(({ serialNumber, outcome }) => [serialNumber, outcome])).toEqual(
      expect.arrayContaining([
        ['00ff0a', 'changed'],
        ['0a0c', 'failed'],
      ]),
    )
  })

  it('are read by name and changed with lines of progress in the log', async () => {
    // Each timer is due at once and never again: waiting for one would take seconds.
    const timers = jest.spyOn(globalThis, 'setInterval').mockImplementation((line) => {
      line()
      return setTimeout(() => undefined)
    })
    try {
      const { log } = await setStatus({ 'device-names': 'many' })
      expect(log).toMatch(/^Read +0 device certificates$/m)
      expect(log).toMatch(/^Done +0 of 120$/m)
    } finally {
      timers.mockRestore()
    }
  })

  it('are activated', async () => {
    const step = await setStatus({ 'serial-numbers': '0a0c,ff0a', status: 'active' })
    expect(step).toMatchObject({ exitCode: 0, outputs: counts(1, 1) })
    expect(await statusOf('0a0c')).toBe('1')
  })

  it('are deleted, unless they could connect again', async () => {
    const all = 'ff0a, 0a0b, 0b01, 0a0d'
    const step = await setStatus({ 'serial-numbers': all, status: 'deleted' })
    // The one that is not there is deleted already.
    expect(step).toMatchObject({ exitCode: 1, outputs: counts(1, 1, 0) })
    expect(step.annotations).toEqual([
      expect.stringMatching(
        /^2 of 4 device certificates were not deleted: .*device-1 \(00ff0a\) was not deleted: it is still valid, and its CA is active; .*no date \(0b01\) was not deleted: its end of validity cannot be read, .*Use status: inactive\./,
      ),
    ])
    expect(await statusOf('0a0b')).toBeUndefined()
    expect(await statusOf('0b01')).toBe('1')
    expect(reportOf(step)).toContainEqual(
      expect.objectContaining({ serialNumber: '0b01', outcome: 'refused', statusAfter: 'active' }),
    )

    await changeBehind(service.emulator, ca, 'inactivate')
    expect(await setStatus({ 'serial-numbers': all, status: 'deleted' })).toMatchObject({
      exitCode: 0,
      outputs: counts(2, 2),
    })
  })

  it('that are missing can be passed over, with a warning if they are to be shut out', async () => {
    const inputs = { 'serial-numbers': '0a0d', 'if-missing': 'ignore' }
    const shutOut = await setStatus(inputs)
    expect(shutOut).toMatchObject({ exitCode: 0, annotations: [], outputs: counts(0, 0, 1) })
    expect(shutOut.stdout).toMatch(
      /^::warning::1 of 1 were not deactivated, and can still connect: 0a0d is not reg/m,
    )
    const many = Array.from({ length: 30 }, (_, at) => `0d${String(at + 10).padStart(38, '0')}`)
    expect((await setStatus({ ...inputs, 'serial-numbers': many.join() })).stdout).toMatch(
      /^::warning::30 of 30 were .*; and 10 more, in the log\. Deactivate each .* or replace the CA\.$/m,
    )
    const dry = await setStatus({ ...inputs, 'dry-run': 'true' })
    expect(dry.stdout).toMatch(/^::warning::1 of 1 would not be deactivated, and can still connect: 0a0d/m)
    const activated = await setStatus({ ...inputs, status: 'active' })
    expect(activated).toMatchObject({ exitCode: 0, outputs: counts(0, 0, 1) })
    expect(activated.stdout).not.toContain('::warning::')
  })

  it('that are not there are named in a notice if they are to be deleted', async () => {
    const many = Array.from({ length: 30 }, (_, at) => `0d${at + 10}`)
    const inputs = { 'serial-numbers': ['0a0b', ...many].join(), status: 'deleted' }
    const step = await setStatus(inputs)
    expect(step).toMatchObject({ exitCode: 0, annotations: [], outputs: counts(1, 30) })
    expect(step.stdout).not.toContain('::warning::')
    expect(step.stdout.match(/^::notice::.*$/gm)).toEqual([
      expect.stringMatching(
        /^::notice::30 of 31 are not registered with CA 009a01020304, so there is nothing to delete: 0d10; 0d11; .*; and 10 more, in the report\. Each was deleted before, never connected, or has another serial number\.$/,
      ),
    ])
  })

  it('that have a missing name are missing, even if they are to be deleted', async () => {
    const step = await setStatus({ 'device-names': 'nobody', status: 'deleted' })
    expect(step).toMatchObject({ exitCode: 1, outputs: counts(0, 0, 1) })
  })

  it('whose name is hostile do no harm', async () => {
    const step = await setStatus({ 'serial-numbers': '0b02' })
    expect(step).toMatchObject({ exitCode: 0, annotations: [], outputs: counts(1, 0) })
    expect(step.summary).not.toMatch(/<b>|\n\n# title/)
    expect(step.summary).toContain('&lt;/table&gt;&lt;b&gt;x&lt;/b&gt; # title')
    expect(step.log).not.toMatch(/^# title|##\[error\]/m)
  })
})

describe('a failure of one', () => {
  it('does not stop the others', async () => {
    await faults('InactivateDeviceCertificate', { code: 'NoPermission' })
    const step = await setStatus({ 'serial-numbers': 'ff0a, 0a0b, 0b01' })
    expect(step).toMatchObject({ exitCode: 1, outputs: counts(2, 0) })
    expect(step.annotations).toEqual([
      expect.stringMatching(
        /^1 of 3 device certificates were not deactivated: .* failed: This access key has no RAM permission for InactivateDeviceCertificate .*\(NoPermission: .*; request [\w-]+\)\. In one policy, grant/,
      ),
    ])
    expect(reportOf(step)).toContainEqual(
      expect.objectContaining({
        outcome: 'failed',
        message: expect.stringContaining('(NoPermission: '),
      }),
    )
  })

  it('is named for the first twenty, and for all in the log', async () => {
    await service.emulator.setFaults([
      { operation: 'InactivateDeviceCertificate', fault: { code: 'NoPermission' }, times: 'always' },
    ])
    const step = await setStatus({ 'device-names': 'many' })
    expect(step).toMatchObject({ exitCode: 1, outputs: counts(0, 0) })
    expect(step.annotations[0]).toMatch(/^120 of 120 .*; and 100 more, in the log \(NoPermission/)
    expect(step.annotations[0]?.length).toBeLessThan(4096)
    expect(step.log.match(/^Failed +many \(/gm)).toHaveLength(120)
  })

  it('has its fix at the end, whatever the length of the names and of what the service says', async () => {
    const refused = { code: 'NoPermission', message: 'long message '.repeat(300) }
    await service.emulator.setFaults([
      { operation: 'InactivateDeviceCertificate', fault: refused, times: 'always' },
    ])
    const step = await setStatus({ 'device-names': LONG_NAME })
    expect(step).toMatchObject({ exitCode: 1, outputs: counts(0, 0) })
    expect(step.annotations[0]).toMatch(
      /^25 of 25 device .*… \(NoPermission: long message .* In one policy, grant .* on the resource acs:mq:\S+\.$/,
    )
    expect(step.annotations[0]?.length).toBeLessThanOrEqual(4000)
  })

  it.each<[string, FaultOrder['fault'], number]>([
    ['a lost answer', 'commit-then-reset', 1],
    ['a lost request', 'reset', 2],
  ])('that is %s is settled by asking', async (_, fault, changes) => {
    await faults('InactivateDeviceCertificate', fault)
    const step = await setStatus({ 'serial-numbers': 'ff0a' })
    expect(step).toMatchObject({ exitCode: 0, outputs: counts(1, 0) })
    const made = await calls()
    expect(made.filter((name) => name === 'InactivateDeviceCertificate')).toHaveLength(changes)
    expect(made.filter((name) => name === 'GetDeviceCertificate')).toHaveLength(2)
  })

  it('is any other error than that it is not there', async () => {
    await faults('GetDeviceCertificate', { code: 'ParameterFieldCheckFailed' })
    const step = await setStatus({ 'serial-numbers': 'ff0a', status: 'deleted' })
    expect(step).toMatchObject({ exitCode: 1, outputs: counts(0, 0) })
    const empty = { status: 200, headers: { 'content-type': 'application/json' }, body: '{"RequestId":"1"}' }
    await service.emulator.setFaults([{ operation: 'GetDeviceCertificate', fault: empty, times: 'always' }])
    expect(await setStatus({ 'serial-numbers': 'ff0a' })).toMatchObject({ outputs: counts(0, 0, 1) })
  })
})

describe('when the time is over', () => {
  it('the certificates that are left are not tried, and the report has them', async () => {
    await service.emulator.setFaults([{ operation: 'GetDeviceCertificate', fault: 'hang', times: 'always' }])
    const asked = Array.from({ length: 120 }, (_, at) => `0c${String(at + 10).padStart(4, '0')}`)
    const step = await setStatus({ 'serial-numbers': asked.join(), timeout: '1' })
    expect(step).toMatchObject({ exitCode: 1, outputs: counts(0, 0) })
    const late = reportOf(step).filter(({ message }) => (message ?? '').startsWith('was not tried, because'))
    expect(late.length).toBeGreaterThan(0)
    expect(reportOf(step)).toHaveLength(120)
    expect(step.log).toMatch(new RegExp(`^Done +${120 - late.length} of 120$`, 'm'))
    expect(step.log).toMatch(new RegExp(`^Failed +${120 - late.length}$`, 'm'))
    expect(step.log).toMatch(new RegExp(`^Not tried +${late.length}, named in the report$`, 'm'))
    expect(step.log.match(/^Failed +0c/gm)).toHaveLength(120 - late.length)
    expect(step.annotations).toEqual([
      expect.stringMatching(
        /^120 of 120 device .* not deactivated: .*; and 100 more, in the report\. .*raise (?:the input )?timeout\./,
      ),
    ])
  })
})

describe('a CA', () => {
  it('is deactivated and activated', async () => {
    expect(await setStatus({ target: 'ca' })).toMatchObject({ exitCode: 0, outputs: counts(1, 0) })
    expect(await setStatus({ target: 'ca' })).toMatchObject({ exitCode: 0, outputs: counts(0, 1) })
    const step = await setStatus({ target: 'ca', status: 'active', 'ca-certificate': ca.pem })
    expect(step).toMatchObject({ exitCode: 0, outputs: counts(1, 0) })
    expect(reportOf(step)).toEqual([
      {
        caSerialNumber: snOf(ca),
        caName: 'devices',
        validEnd: ca.certificate.validToDate.toISOString(),
        statusBefore: 'inactive',
        statusAfter: 'active',
        outcome: 'changed',
      },
    ])
    expect(step.summary).toContain('### CA activated')
  })

  it('that is not changed is not called changed', async () => {
    await faults('InactivateCaCertificate', { code: 'NoPermission' })
    const step = await setStatus({ target: 'ca' })
    expect(step).toMatchObject({ exitCode: 1, outputs: counts(0, 0) })
    expect(step.summary).toContain('### The CA was not deactivated')
  })

  it('may have expired', async () => {
    const inputs = { target: 'ca', status: 'deleted', 'ca-certificate': expiredCa.pem }
    expect(await setStatus(inputs)).toMatchObject({ exitCode: 0, outputs: counts(1, 0) })
  })

  it.each<[string, Inputs, RegExp]>([
    ['device certificates', { 'serial-numbers': 'ff0a' }, /has no CA with the serial number 0a\. Check/],
    ['itself', { target: 'ca' }, /has no CA with the serial number 0a\. Check/],
  ])('that is not there is an error for %s', async (_, inputs, text) => {
    const step = await setStatus({ 'ca-serial-number': '0a', ...inputs })
    expectRefusal(step, text)
  })

  it('is not taken for the one whose fingerprint was given', async () => {
    const fingerprint = ca.certificate.fingerprint256
    const step = await setStatus({ 'ca-serial-number': fingerprint, target: 'ca', status: 'deleted' })
    expectRefusal(step, /fingerprint of CA 009a01020304\. Set ca-serial-number/)
  })

  it('must be the one in ca-certificate', async () => {
    const impostor = await makeCa({ serialNumber: '9a01020304' })
    const step = await setStatus({ 'ca-certificate': impostor.pem, target: 'ca' })
    expectRefusal(step, /^The CA with the serial number 009a01020304 .*is not the one in ca-certificate/)
    expect((await calls()).filter((name) => CHANGES.test(name))).toEqual([])
  })
})

describe('a dry run', () => {
  it.each<[string, Inputs, object]>([
    ['device certificates', { 'device-names': 'device-1\nno date' }, { 'unchanged-count': '1' }],
    ['a CA', { target: 'ca', status: 'deleted' }, { 'unchanged-count': '0' }],
  ])('only looks at %s', async (_, inputs, outputs) => {
    const step = await setStatus({ ...inputs, 'dry-run': 'true' })
    expect(step).toMatchObject({ exitCode: 0, annotations: [], outputs })
    expect(step.outputs).not.toHaveProperty('changed-count')
    expect(step.log).toMatch(/^Would change +\S.*: from active to/m)
    expect(step.summary).toMatch(
      /^### Dry run: (?:CA|Device certificates) would be (?:deleted|deactivated)$/m,
    )
    expect(reportOf(step).map(({ outcome }) => outcome)).toContain('would-change')
    expect((await calls()).filter((name) => CHANGES.test(name))).toEqual([])
  })

  it('fails as the real run would', async () => {
    const inputs = { 'serial-numbers': 'ff0a, 0a0b', status: 'deleted', 'dry-run': 'true' }
    const step = await setStatus(inputs)
    expect(step).toMatchObject({ exitCode: 1, outputs: { 'unchanged-count': '0', 'missing-count': '0' } })
    expect(step.summary).toContain('### Dry run: 1 of 2 device certificates would not be deleted')
    expect(step.annotations).toEqual([
      expect.stringMatching(
        /^1 of 2 device certificates would not be deleted: device-1 \(00ff0a\) was not deleted/,
      ),
    ])
    expect(await statusOf('0a0b')).toBe('1')
  })
})

describe('a bad input', () => {
  const DEVICE = { 'serial-numbers': 'ff0a' }
  const v1 = 'serial-numbers, certificates, or device-names'
  it.each<[string, Inputs, RegExp]>([
    ['no status', { ...DEVICE, status: '' }, /^Missing input: status/],
    [
      'another status',
      { ...DEVICE, status: 'revoked' },
      /^Invalid status: "revoked"\. Use inactive, active, or deleted/,
    ],
    ['another target', { ...DEVICE, target: 'all' }, /^Invalid target: "all"\. Use device or ca/],
    ['no CA', { ...DEVICE, 'ca-serial-number': '' }, /^Missing input: ca-serial-number or ca-certificate\./],
    [
      'both CAs',
      { ...DEVICE, 'ca-serial-number': '0a', 'ca-certificate': ca.pem },
      /^ca-serial-number and ca-certificate are set together\. Set only one of them to name the CA\.$/,
    ],
    ['no devices', {}, new RegExp(`^Missing input: ${v1}\\. Set one of them`)],
    ['two lists', { ...DEVICE, 'device-names': 'a' }, /^serial-numbers and device-names are set together/],
    ['an empty list', { 'serial-numbers': ' ,\n, ' }, /^The list in serial-numbers is empty/],
    [
      'devices of a CA',
      { ...DEVICE, target: 'ca' },
      /^serial-numbers is set, but target: ca changes the CA itself/,
    ],
    [
      'no hex',
      { 'serial-numbers': '0a\n\nxyz' },
      /^Entry 2 of serial-numbers is not a serial number in hex: "xyz"\./,
    ],
    [
      'a long text',
      { 'serial-numbers': 'x'.repeat(61) },
      /^Entry 1 of serial-numbers is not a serial number in hex: "…"\./,
    ],
    ...[
      '0c01 0c02',
      '0c:01 0c:02',
      'c01 c02',
      '0x0c01 0c',
      'a'.repeat(41),
      Array.from({ length: 21 }, () => '1b').join(' '),
    ].map((entry): [string, Inputs, RegExp] => [
      `several numbers: ${entry}`,
      { 'serial-numbers': `0a\n${entry}`, status: 'deleted' },
      /^Entry 2 of serial-numbers is not one serial number: ".*"\. .* one per line or separated by commas\./,
    ]),
    ['a long dry run', { ...DEVICE, 'dry-run': 'yes' }, /^Invalid dry-run: "yes"\. Use false or true/],
    ['certificates in a list', { 'device-names': device.pem }, /^The input device-names contains PEM text/],
    [
      'a certificate of a CA with the same name',
      { certificates: ofImpostor.pem, 'ca-certificate': ca.pem },
      /certificates was not issued by this CA: its issuer, key identifier or signature does not match/,
    ],
    [
      'a certificate of another CA',
      { certificates: device.pem + ofOther.pem, 'ca-certificate': ca.pem },
      /^Nothing was changed, because of the input certificates: certificates, certificate 2 of 2 was not issued by this CA/,
    ],
    ...[ofImpostor.pem + device.pem, device.pem + ofImpostor.pem].map(
      (certificates): [string, Inputs, RegExp] => [
        'two with one serial number, one of them from another CA',
        { certificates, 'ca-certificate': ca.pem },
        /^Nothing was changed, .*: certificates, certificate [12] of 2 was not issued by this CA/,
      ],
    ),
    [
      'a CA certificate',
      { certificates: device.pem + ca.pem },
      /certificate 2 of 2 is a CA certificate\. Use/,
    ],
    [
      'a request',
      { certificates: device.pem.replaceAll('CERTIFICATE', 'CERTIFICATE REQUEST') },
      /contains a certificate request\. Use certificates/,
    ],
    [
      'a damaged one',
      { certificates: device.pem.replace('MII', 'AAA') },
      /certificates cannot be read\. It may be damaged/,
    ],
    [
      'a cut one',
      { certificates: device.pem.slice(0, -20) },
      /certificates contains incomplete PEM blocks: 1 of 1/,
    ],
    [
      'no such file',
      { certificates: 'none/*.crt' },
      /^The pattern none\/\*\.crt in certificates matches no file/,
    ],
    [
      'a device certificate as CA',
      { ...DEVICE, 'ca-certificate': device.pem },
      /ca-certificate is not a CA certificate/,
    ],
    [
      'a longer timeout than session',
      { ...DEVICE, timeout: '901', 'role-to-assume': 'acs:ram::1:role/r' },
      /^timeout \(901 s\) is longer than role-session-expiration/,
    ],
  ])('is an error before any call: %s', async (_, inputs, text) => {
    const step = await setStatus(inputs)
    expectRefusal(step, text)
    expect(await calls()).toEqual([])
  })

  it('can be known only from the registered CA', async () => {
    const step = await setStatus({ certificates: device.pem + ofOther.pem })
    expectRefusal(step, /certificate 2 of 2 was not issued by this CA/)
    expect(await calls()).toEqual(['GetCaCertificate'])
    const itself = await setStatus({ 'ca-serial-number': '0d01', certificates: oldCa.pem })
    expectRefusal(itself, /certificates is a CA certificate\. Use the certificates of devices only/)
  })

  it.each([
    ...[
      'serial-numbers',
      'certificates',
      'device-names',
      'ca-serial-number',
      'status',
      'target',
      'instance-id',
    ],
    ...['in a file', 'in base64', 'names in base64', 'names without frame', 'numbers without frame'],
  ])('that is a private key is masked and not shown: %s', async (where) => {
    const key = privateKeyPem(device.key)
    const base64 = Buffer.from(key).toString('base64')
    const body = key.trim().split('\n').slice(1, -1)
    const file = join(folder, 'key.pem')
    writeFileSync(file, device.pem + key)
    const inputs: Partial<Record<string, Inputs>> = {
      'in a file': { certificates: file },
      'in base64': { certificates: base64 },
      'names in base64': { 'device-names': base64 },
      'names without frame': { 'device-names': body.join('\n') },
      'numbers without frame': { 'serial-numbers': body.join('\n') },
    }
    const step = await setStatus(inputs[where] ?? { [where]: key }, runStep)
    expectRefusal(step, /contains (?:a private key|PEM text)|^Invalid ca-serial-number: "…"/)
    expect(step.masks).toEqual(expect.arrayContaining(body))
    if (where.endsWith('in base64')) expect(step.masks).toContain(base64)
    expect(piecesIn(step, [key])).toEqual([])
    expect(await calls()).toEqual([])
  })
})

describe('the report', () => {
  const url = { GITHUB_SERVER_URL: 'https://github.com', GITHUB_REPOSITORY: 'a/b', GITHUB_RUN_ID: '7' }
  const settingUp = (inputs: Inputs): Inputs => ({
    ...workingInputs(service.emulator),
    'ca-serial-number': snOf(ca),
    status: 'inactive',
    ...inputs,
  })

  it('has the fields of its schema', async () => {
    type Properties = { readonly properties: Readonly<Record<string, { readonly enum?: readonly string[] }>> }
    const { $defs } = JSON.parse(readFileSync('docs/set-status.schema.json', 'utf8')) as {
      $defs: {
        device: Properties
        ca: Properties
        outcome: { enum: string[] }
        statusBefore: { enum: string[] }
      }
    }
    const linesOf = async (inputs: Inputs): Promise<Line[]> =>
      reportOf(
        await runStepInProcess('set-status', settingUp(inputs), { env: { ...url, RUNNER_TEMP: folder } }),
      )
    const keysOf = (lines: readonly Line[]): string[] => [...new Set(lines.flatMap(Object.keys))].sort()
    const missing = await makeLeaf({ issuer: ca, serialNumber: '0a0d' })
    const devices = [
      ...(await linesOf({ certificates: device.pem + missing.pem })),
      ...(await linesOf({ 'serial-numbers': '0a0b, ff0a', status: 'deleted', 'dry-run': 'true' })),
    ]
    expect(keysOf(devices)).toEqual(Object.keys($defs.device.properties).sort())
    const cas = await linesOf({ target: 'ca' })
    // A CA that is not there is an error of the step, so no line has a message unless the change fails.
    expect([...keysOf(cas), 'message'].sort()).toEqual(Object.keys($defs.ca.properties).sort())
    for (const { outcome, statusBefore, statusAfter, runUrl } of [...devices, ...cas]) {
      expect($defs.outcome.enum).toContain(outcome)
      expect($defs.statusBefore.enum).toContain(statusBefore)
      expect([undefined, ...$defs.statusBefore.enum]).toContain(statusAfter)
      expect(runUrl).toBe('https://github.com/a/b/actions/runs/7/attempts/1')
    }
  })

  it('that cannot be begun is an error before anything is done', async () => {
    const env = { RUNNER_TEMP: join(folder, 'none') }
    const step = await runStepInProcess('set-status', settingUp({ 'serial-numbers': 'ff0a' }), { env })
    expectRefusal(step, /^The report could not be written to /)
    expect((await calls()).filter((name) => CHANGES.test(name))).toEqual([])
  })

  it('that cannot be continued ends the step, which says how far it came', async () => {
    // While the service answers slowly, the report is replaced by a folder.
    await faults('InactivateDeviceCertificate', { delayMs: 500 })
    const running = setStatus({ 'serial-numbers': 'ff0a' })
    const report = (): string | undefined => readdirSync(folder).find((name) => name.startsWith('set-status'))
    while (report() === undefined) await setImmediate()
    const file = join(folder, report() ?? '')
    rmSync(file)
    mkdirSync(file)
    const step = await running
    expect(step.exitCode).toBe(1)
    expect(step.annotations).toEqual([
      expect.stringMatching(
        /^1 of 1 certificates were changed before this failed: The report could not be written to .*changes nothing twice\.$/,
      ),
    ])
    expect(step.outputs).toEqual(counts(1, 0))
  })
})
