import 'reflect-metadata'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import * as x509 from '@peculiar/x509'
import type { FaultOrder } from '../../emulator/faults/orders.ts'
import { registerAction } from '../../src/actions/register.ts'
import { change } from '../../src/alibaba-cloud/change.ts'
import { ActionError } from '../../src/errors.ts'
import { CA, codeOf } from '../../src/mqtt/ca-certificates.ts'
import { find } from '../../src/mqtt/certificates.ts'
import { mqttCall } from '../../src/mqtt/call.ts'
import { type Issued, makeCa, makeLeaf } from '../../testing/certificates.ts'
import { emulated, type Inputs, workingInputs } from '../support/emulated.ts'
import { inputs, NO_PAUSES, withEnvironment } from '../support/in-process.ts'
import {
  casOf,
  changeBehind,
  instanceOf,
  serviceOf,
  snOf,
  trust,
  withKey,
} from '../../testing/registered-cas.ts'

// Runs the action in this process, for details that are hard to observe from outside. Other tests run it through dist/.
const service = emulated()
let ca: Issued

beforeAll(() => {
  trust(service.emulator)
})
beforeEach(async () => {
  ca = await makeCa()
})

async function run(given: Inputs = {}, env: Readonly<Record<string, string>> = {}) {
  const values = { ...workingInputs(service.emulator), ...withKey(ca), ...given }
  const asText = Object.fromEntries(Object.entries(values).map(([name, value]) => [name, value ?? '']))
  const { thrown, stdout, outputFile } = await withEnvironment({ ...env, ...inputs(asText) }, () =>
    registerAction(NO_PAUSES),
  )
  if (thrown !== undefined && !(thrown instanceof ActionError)) throw new Error('odd', { cause: thrown })
  return { error: thrown, stdout, created: /^created<<.*\n(\w+)\n/m.exec(outputFile)?.[1], outputFile }
}

const faults = (operation: string, ...list: readonly FaultOrder['fault'][]): Promise<void> =>
  service.emulator.setFaults(list.map((fault) => ({ operation, fault })))

describe('register', () => {
  it('registers a CA, finds it, activates it and retires a predecessor', async () => {
    expect(await run({ 'region-id': undefined })).toMatchObject({ error: undefined, created: 'true' })
    expect(await run()).toMatchObject({ error: undefined, created: 'false' })
    await changeBehind(service.emulator, ca, 'inactivate')
    const inactive = (await run()).error
    expect(inactive?.message).toMatch(/but it is inactive$/)
    expect(inactive?.fix).toMatch(/set activate: true\.$/)
    expect((await run({ activate: 'true' })).stdout).toContain('activated by this run')

    const old = ca
    ca = await makeCa()
    expect((await run({ replaces: snOf(old), 'on-replace': 'keep' })).stdout).toContain(': kept')
    await faults('InactivateCaCertificate', { code: 'CaNumExceed' })
    const failed = await run({ replaces: snOf(old) })
    expect(failed.error?.message).toMatch(/is registered and active, but deactivating its predecessor/)
    expect(failed.error?.fix).toMatch(/Then run the job again: .*, and retires the predecessor\.$/)
    expect(failed.error).toMatchObject({ code: 'CaNumExceed', requestId: expect.any(String) })
    expect(failed.outputFile).toBe('')
    expect((await run({ replaces: snOf(old) })).stdout).toContain('deactivated')
    expect((await run({ replaces: snOf(old) })).stdout).toContain('already inactive')
    await faults('DeleteCaCertificate', { code: 'CaNumExceed' })
    const kept = await run({ replaces: snOf(old), 'on-replace': 'delete' })
    expect(kept.error?.message).toMatch(/but deleting its predecessor/)
    expect((await run({ replaces: snOf(old), 'on-replace': 'delete' })).stdout).toContain('deleted')
    expect((await run({ replaces: snOf(old) })).stdout).toContain('not found')
    expect(await casOf(service.emulator)).toHaveLength(1)
  })

  it('reports what it did in outputs, log and summary', async () => {
    const old = ca
    await run()
    ca = await makeCa()
    const folder = mkdtempSync(join(tmpdir(), 'register-'))
    const env = { GITHUB_STEP_SUMMARY: join(folder, 'summary') }
    const { info } = service.emulator
    const { validFromDate, validToDate, fingerprint256 } = ca.certificate
    const [begin, end] = [validFromDate.toISOString(), validToDate.toISOString()]
    const { error, stdout, outputFile } = await run({ replaces: snOf(old) }, env)
    expect(error).toBeUndefined()
    expect(outputFile.split('\n').filter((line) => !line.includes('ghadelimiter_'))).toEqual([
      snOf(ca),
      'active',
      'true',
      begin,
      end,
      'inactivated',
      '',
    ])
    expect(stdout.replaceAll(/^::add-mask::.*\n/gm, '').split('\n')).toEqual([
      `Instance       ${info.instanceId} in ${info.regionId}`,
      `Endpoint       ${info.endpoint}`,
      'CA             C=CN, O=Example, CN=Example CA',
      'Access key     from the inputs',
      `Serial number  ${snOf(ca)}`,
      'Registered     by this run, under the name "devices"',
      `Predecessor    ${snOf(old)}: deactivated`,
      `Valid          from ${begin} to ${end}`,
      '',
    ])
    const summary = (): [string, string][] =>
      [
        ...readFileSync(env.GITHUB_STEP_SUMMARY, 'utf8').matchAll(/<th align="left">(.*?)<.*?<code>(.*?)</g),
      ].map(([, label = '', fact = '']) => [label, fact])
    const rows = {
      Instance: `${info.instanceId} in ${info.regionId}`,
      'CA name': 'devices',
      'Serial number': snOf(ca),
      Subject: 'C=CN, O=Example, CN=Example CA',
      'Valid from': begin,
      'Valid to': end,
      Status: 'active',
      'SHA-256 fingerprint': fingerprint256,
      Registered: 'by this run, under the name &quot;devices&quot;',
    }
    expect(summary()).toEqual(Object.entries({ ...rows, Predecessor: `${snOf(old)}: deactivated` }))
    expect(readFileSync(env.GITHUB_STEP_SUMMARY, 'utf8')).toMatch(
      /^### CA registered with ApsaraMQ for MQTT\n/,
    )

    rmSync(env.GITHUB_STEP_SUMMARY)
    const again = await run({ 'region-id': undefined }, env)
    expect(again.stdout).toContain('Registered     before this run, under the name "devices"\n')
    expect(again.stdout).not.toContain('Predecessor')
    const Registered = 'before this run, under the name &quot;devices&quot;'
    expect(summary()).toEqual(Object.entries({ ...rows, Instance: info.instanceId, Registered }))
    expect(readFileSync(env.GITHUB_STEP_SUMMARY, 'utf8')).toMatch(/^### CA already registered with ApsaraMQ/)

    rmSync(env.GITHUB_STEP_SUMMARY)
    await changeBehind(service.emulator, ca, 'inactivate')
    await run({ activate: 'true' }, env)
    expect(readFileSync(env.GITHUB_STEP_SUMMARY, 'utf8')).toMatch(/^### CA activated in ApsaraMQ/)
    rmSync(folder, { recursive: true })
  })

  it('makes no more calls than necessary to replace a CA', async () => {
    const old = ca
    await run()
    ca = await makeCa()
    await run()
    const before = (await service.emulator.requests()).length
    await run({ replaces: snOf(old) })
    const calls = (await service.emulator.requests()).slice(before).map(({ operation }) => operation)
    expect(calls).toEqual([
      ...['GetCaCertificate', 'GetCaCertificate'],
      ...['InactivateCaCertificate', 'GetCaCertificate'],
    ])
  })

  it('does not change the predecessor when it cannot confirm that the new CA is active', async () => {
    const old = ca
    await run()
    ca = await makeCa()
    await faults('GetCaCertificate', { code: 'FindCaBySnError' }, { code: 'NoPermission' })
    const { error, outputFile } = await run({ replaces: snOf(old) })
    expect(error?.message).toMatch(
      new RegExp(
        `^The service registered CA ${snOf(ca)} but does not report it as active, so its predecessor ${snOf(old)} was not changed: This access key has no RAM permission`,
      ),
    )
    expect(error?.fix).toMatch(/Then run the job again: .*, and retires the predecessor\.$/)
    expect(error).toMatchObject({
      code: 'NoPermission',
      serviceMessage: expect.any(String),
      requestId: expect.any(String),
    })
    expect(outputFile).toBe('')
    expect(await service.emulator.requests('InactivateCaCertificate')).toEqual([])
  })

  it.each([
    ['inactive', () => ({ Status: '0', CaContent: ca.pem })],
    ['a different CA', async () => ({ Status: '1', CaContent: (await makeCa()).pem })],
  ])('does not change the predecessor while the service reports the new CA as %s', async (_, fields) => {
    const old = ca
    await run()
    ca = await makeCa()
    const shown = JSON.stringify({ RequestId: 'x', Data: { Sn: snOf(ca), ...(await fields()) } })
    await faults('GetCaCertificate', { code: 'FindCaBySnError' }, { status: 200, body: shown })
    const { error } = await run({ replaces: snOf(old), 'max-attempts': '1' })
    expect(error?.message).toMatch(/still reports the old state of CA \w+$/)
    expect(await service.emulator.requests('InactivateCaCertificate')).toEqual([])
  })

  it('sends no verification certificate that has expired', async () => {
    const { pem } = await makeLeaf({ issuer: ca, notAfter: new Date(Date.now() - 1000) })
    const { error } = await run({ 'ca-private-key': '', 'verification-certificate': pem })
    expect(error?.message).toMatch(/^The certificate in verification-certificate expired/)
    expect(await service.emulator.requests('RegisterCaCertificate')).toEqual([])
  })

  it('names the RAM actions that are missing, and the region', async () => {
    await faults('RegisterCaCertificate', { code: 'NoPermission' })
    expect((await run()).error?.fix).toMatch(/both mq:RegisterCa and .* acs:mq:cn-\w+:\*:/)
    await faults('GetCaCertificate', { code: 'NoPermission' })
    expect((await run({ 'region-id': undefined })).error?.fix).toContain('acs:mq:*:*:')
  })

  it('reports an invalid response when a registration returns no serial number', async () => {
    await faults('RegisterCaCertificate', { status: 200, body: '{"RequestId":"3F2A"}' })
    const { error } = await run({ 'max-attempts': '1' })
    expect(error?.message).toMatch(/responded without the serial number of the CA$/)
    expect(error?.requestId).toBe('3F2A')
  })

  it('makes no call when GITHUB_OUTPUT is not set', async () => {
    const { error } = await run({}, { GITHUB_OUTPUT: '' })
    expect(error?.message).toMatch(/^GITHUB_OUTPUT is not set/)
    expect(await service.emulator.requests()).toEqual([])
  })

  it.each(['commit-then-reset', { commitThen: 'html' }, { commitThen: 'no-code' }] as const)(
    'verifies the registration after %j',
    async (fault) => {
      await faults('RegisterCaCertificate', fault)
      const { created, stdout } = await run()
      expect(created).toBe('true')
      expect(stdout).toMatch(/^Verify +RegisterCaCertificate: the service /m)
    },
  )

  it('reports an unknown outcome when the verification fails', async () => {
    await faults('RegisterCaCertificate', 'commit-then-reset')
    await faults('GetCaCertificate', { code: 'FindCaBySnError' }, { code: 'NoPermission' })
    const { error } = await run()
    expect(error?.message).toMatch(
      /^It is unknown whether the CA is registered \(serial number [\da-f]+\): the service closed .*, and asking the service failed: This access key/,
    )
    expect(error?.fix).toMatch(/mq:GetCaCertificate and mq:MqttInstanceAccess.*changes nothing twice\.$/)
    expect(error).toMatchObject({
      code: 'NoPermission',
      serviceMessage: expect.any(String),
      requestId: expect.any(String),
    })
    expect((await run()).created).toBe('false')
  })

  it('reports that the verification did not find the CA', async () => {
    await faults('RegisterCaCertificate', 'html')
    const { error } = await run({ 'max-attempts': '1' })
    expect(error?.fix).toBe(
      'Run the job again later. If it persists, contact Alibaba Cloud support with the request ID. ' +
        `After each attempt the service was asked, and did not report that the CA is registered (serial number ${snOf(ca)}). ` +
        'If an attempt completes later, the next run detects it.',
    )
    await faults('RegisterCaCertificate', { code: 'SignatureNonceUsed' })
    const { error: refused } = await run({ 'max-attempts': '1' })
    expect(refused?.fix).toMatch(/^Run the job again\. If .* sends requests twice\. After each attempt/)
    expect(refused).toMatchObject({
      code: 'SignatureNonceUsed',
      serviceMessage: expect.any(String),
      requestId: expect.any(String),
    })
    // When the last verification fails, an earlier one says nothing about the outcome.
    await faults('RegisterCaCertificate', 'html', 'html')
    await faults('GetCaCertificate', { delayMs: 0 }, { delayMs: 0 }, { code: 'NoPermission' })
    const { error: unknown } = await run()
    expect(unknown?.message).toMatch(/^It is unknown/)
    expect(unknown?.fix).not.toMatch(/did not report/)
  })

  it('leaves time to verify when no response arrives', async () => {
    await faults('RegisterCaCertificate', 'commit-then-hang')
    // After the timeout, no verification would be possible.
    expect((await run({ timeout: '1' })).created).toBe('true')
  })

  it('waits until its own CA becomes visible after SnNotUnique', async () => {
    const notThere = { code: 'FindCaBySnError' }
    await faults('RegisterCaCertificate', 'commit-then-reset')
    await faults('GetCaCertificate', notThere, notThere, notThere)
    expect(await run()).toMatchObject({ error: undefined, created: 'true' })
    expect(await service.emulator.requests('RegisterCaCertificate')).toHaveLength(2)
    expect(await service.emulator.requests('ListCaCertificate')).toEqual([])
  })

  it('finds a predecessor in the list when the lookup by serial number fails', async () => {
    const old = ca
    await run()
    ca = await makeCa()
    await run()
    await faults('GetCaCertificate', { delayMs: 0 }, { code: 'FindCaBySnError' })
    expect((await run({ replaces: snOf(old) })).stdout).toContain(`${snOf(old)}: deactivated`)
    expect(await service.emulator.requests('ListCaCertificate')).toHaveLength(1)
  })

  it('finds the CA in the list when the lookup by serial number fails', async () => {
    const wanted = ca
    ca = await makeCa()
    await run()
    ca = wanted
    await run()
    const notThere = { code: 'FindCaBySnError' }
    await service.emulator.setFaults([
      { operation: 'GetCaCertificate', fault: notThere },
      { operation: 'GetCaCertificate', fault: 'no-code', times: 'always' },
    ])
    expect(await run()).toMatchObject({ error: undefined, created: 'false' })
    expect(await service.emulator.requests('ListCaCertificate')).toHaveLength(1)
  })

  it('fetches another code after RegisterCodeError, but sends a given certificate only once', async () => {
    await faults('RegisterCaCertificate', { code: 'RegisterCodeError' })
    expect((await run()).created).toBe('true')

    const given = { 'ca-private-key': '', 'verification-certificate': (await makeLeaf({ issuer: ca })).pem }
    expect((await run(given)).created).toBe('false')
    await changeBehind(service.emulator, ca, 'delete')
    const before = (await service.emulator.requests('RegisterCaCertificate')).length
    const codes = (await service.emulator.requests('GetRegisterCode')).length
    expect((await run(given)).error?.code).toBe('RegisterCodeError')
    expect(await service.emulator.requests('RegisterCaCertificate')).toHaveLength(before + 1)
    expect(await service.emulator.requests('GetRegisterCode')).toHaveLength(codes)
  })

  it.each(['ActiveCaCertificate', 'InactivateCaCertificate', 'DeleteCaCertificate'])(
    'fails when %s succeeds but the state does not change',
    async (operation) => {
      const old = ca
      await run()
      await changeBehind(
        service.emulator,
        ca,
        operation === 'ActiveCaCertificate' ? 'inactivate' : 'activate',
      )
      if (operation !== 'ActiveCaCertificate') ca = await makeCa()
      await faults(operation, { status: 200, body: '{}' })
      const values = {
        ActiveCaCertificate: { activate: 'true' },
        InactivateCaCertificate: { replaces: snOf(old) },
        DeleteCaCertificate: { replaces: snOf(old), 'on-replace': 'delete' },
      }[operation]
      const { error } = await run({ ...values, 'max-attempts': '1' })
      expect(error?.message).toMatch(/still reports the old state of CA \w+$/)
    },
  )

  it.each([
    ['ActiveCaCertificate', { activate: 'true' }, 'mq:ActiveCaCertificate', 'is active'],
    ['InactivateCaCertificate', {}, 'mq:UnregisterCaCertificate', 'is inactive'],
    ['DeleteCaCertificate', { 'on-replace': 'delete' }, 'mq:DeleteCaCertificate', 'is deleted'],
  ])(
    'names the missing RAM actions, and reports an unknown outcome, for %s',
    async (operation, given, action, aim) => {
      const target = ca
      await run()
      if (operation === 'ActiveCaCertificate') await changeBehind(service.emulator, ca, 'inactivate')
      else ca = await makeCa()
      const values = operation === 'ActiveCaCertificate' ? given : { ...given, replaces: snOf(target) }
      await run(
        operation === 'ActiveCaCertificate'
          ? { ...values, activate: 'false' }
          : { ...values, 'on-replace': 'keep' },
      )
      await faults(operation, { code: 'NoPermission' })
      const refused = await run(values)
      expect(refused.error?.fix).toContain(`both ${action} and mq:MqttInstanceAccess`)
      // After a refusal, the outcome is known.
      expect(refused.error?.fix).not.toContain('After each attempt')
      expect(refused.stdout).not.toMatch(/^Verify /m)

      const looks = operation === 'ActiveCaCertificate' ? 1 : 2
      await faults(operation, 'reset')
      await faults('GetCaCertificate', ...Array<FaultOrder['fault']>(looks).fill({ delayMs: 0 }), {
        code: 'NoPermission',
      })
      const { error } = await run(values)
      expect(error?.message).toContain(`It is unknown whether CA ${snOf(target)} ${aim}: `)
      expect((await run(values)).error).toBeUndefined()
    },
  )

  it('treats ParameterFieldCheckFailed as a CA that does not exist', async () => {
    await faults('GetCaCertificate', { code: 'ParameterFieldCheckFailed' })
    expect((await run()).created).toBe('true')
  })

  it.each([
    [404, 'No certificate.', true],
    [404, 'No such sn here.', true],
    [404, 'No scan.', false],
    [400, 'No certificate.', false],
  ])('treats HTTP %i with "%s" as a CA that does not exist: %s', async (status, message, isNotThere) => {
    await faults('GetCaCertificate', { code: 'Gone', status, message })
    expect((await run()).error?.serviceMessage).toBe(isNotThere ? undefined : `Gone: ${message}`)
  })

  it.each([
    (sn: string) => sn.toUpperCase().replaceAll(/..(?!$)/g, '$&:'),
    (sn: string) => sn.replace(/^00/, ''),
  ])('finds a predecessor whose serial number is spelled differently: %s', async (spell) => {
    const old = ca
    await run()
    ca = await makeCa()
    expect((await run({ replaces: spell(snOf(old)) })).stdout).toMatch(/^Predecessor .*: deactivated$/m)
  })

  it('does not treat a 404 about anything else as a CA that does not exist', async () => {
    await faults('GetCaCertificate', { code: 'Gone', status: 404, message: 'No route.' })
    expect((await run()).error?.serviceMessage).toBe('Gone: No route.')
    await faults('GetCaCertificate', {
      code: 'ApiNotSupport',
      message: 'There is no API for CA certificates.',
    })
    expect((await run()).error?.code).toBe('ApiNotSupport')
    await faults('GetCaCertificate', { code: 'Gone', status: 404, message: 'No such CA.' })
    expect((await run()).created).toBe('true')
  })

  it('succeeds when another user deletes the predecessor at the same time', async () => {
    const old = ca
    await run()
    ca = await makeCa()
    await faults('InactivateCaCertificate', { code: 'FindCaBySnError' })
    await faults(
      'GetCaCertificate',
      { delayMs: 0 },
      { delayMs: 0 },
      { delayMs: 0 },
      { code: 'FindCaBySnError' },
    )
    expect((await run({ replaces: snOf(old) })).error).toBeUndefined()
  })

  it('fails when a different CA has the same serial number', async () => {
    await run()
    ca = await makeCa({ serialNumber: ca.certificate.serialNumber })
    const { error } = await run()
    expect(error?.message).toMatch(/^Another CA with the serial number/)
    expect(error?.fix).toMatch(/^Serial numbers must be unique\. Issue the CA certificate again/)
  })
})

describe('a response about a CA', () => {
  const data = (fields: object) => ({ status: 200, body: JSON.stringify({ RequestId: 'x', Data: fields }) })
  const whole = { Sn: '0a', CaContent: 'text', Status: '1' }
  const lookUp = () => find(serviceOf(service.emulator), instanceOf(service.emulator), CA, { sn: '0a' })

  it.each([
    ['no serial number', { ...whole, Sn: undefined }],
    ['an invalid serial number', { ...whole, Sn: 'x y' }],
    ['characters after the serial number', { ...whole, Sn: '0ax' }],
    ['characters before the serial number', { ...whole, Sn: 'x0a' }],
    ['no content', { ...whole, CaContent: '' }],
    ['an unknown status', { ...whole, Status: '2' }],
    ['characters after the status', { ...whole, Status: '10' }],
    ['characters before the status', { ...whole, Status: '21' }],
    ['another serial number', { ...whole, Sn: '0b' }],
    ['no field', {}],
  ])('is invalid with %s', async (_, fields) => {
    await faults('GetCaCertificate', data(fields))
    await expect(lookUp()).rejects.toMatchObject({
      message: expect.stringMatching(
        /responded with (a CA without serial number|another CA than the requested one)/,
      ),
      requestId: 'x',
    })
  })

  it('may contain only the required fields, and a numeric status', async () => {
    await faults('GetCaCertificate', data({ ...whole, Status: 0 }))
    expect(await lookUp()).toEqual({
      sn: '0a',
      name: '',
      isActive: false,
      content: 'text',
      verificationContent: '',
      registrationCode: '',
    })
    const more = { CaName: 'a name', VerificationContent: 'more', RegistrationCode: 'a code' }
    await faults('GetCaCertificate', data({ ...whole, ...more }))
    expect(await lookUp()).toMatchObject({
      name: 'a name',
      verificationContent: 'more',
      registrationCode: 'a code',
    })
  })

  it('names the missing RAM actions when listing is refused', async () => {
    await faults('ListCaCertificate', { code: 'NoPermission' })
    await expect(casOf(service.emulator)).rejects.toMatchObject({
      fix: expect.stringContaining('both mq:ListCaCertificate and mq:MqttInstanceAccess'),
    })
  })

  it.each([{}, { Data: {} }, { Data: { CaCertificateVOS: [1] } }])(
    'is rejected when it is not a valid list: %j',
    async (body) => {
      await faults('ListCaCertificate', { status: 200, body: JSON.stringify(body) })
      await expect(casOf(service.emulator)).rejects.toThrow(/without a list|with a CA without/)
    },
  )
})

describe('a list of many pages', () => {
  const crowded = emulated({ instances: [{ generatedCas: 1_500 }] })

  it('is read over one connection, without a listener or a timer of the SDK that stays for each page', async () => {
    trust(crowded.emulator)
    const sockets = new Set<Socket>()
    const timers: unknown[] = []
    const onResponse = (message: unknown): void => {
      const { socket } = (message as { response: IncomingMessage }).response
      sockets.add(socket)
      const timerOf = Object.getOwnPropertySymbols(socket).filter(
        ({ description }) => description === 'TIMER::READ_TIMER',
      )
      timers.push(...timerOf.map((name) => (socket as unknown as Record<symbol, unknown>)[name]))
    }
    subscribe('http.client.response.finish', onResponse)
    expect(await casOf(crowded.emulator)).toHaveLength(1_500)
    unsubscribe('http.client.response.finish', onResponse)
    expect(await crowded.emulator.requests('ListCaCertificate')).toHaveLength(16)
    expect(sockets.size).toBe(1)
    for (const socket of sockets) expect(socket.listenerCount('data')).toBeLessThan(3)
    expect(timers).toHaveLength(16)
    for (const timer of timers) expect(timer).toMatchObject({ _destroyed: true })
  })
})

describe('a change', () => {
  it('rethrows an unexpected error unchanged', async () => {
    const oddity = new RangeError('odd')
    const fail = (): never => {
      throw oddity
    }
    const call = mqttCall(instanceOf(service.emulator), {
      name: 'DeleteCaCertificate',
      method: 'POST',
      read: () => true,
    })
    const what = { call, goal: 'x', onVerify: () => undefined }
    const prepare = () => Promise.resolve({ query: {}, sent: undefined })
    const verify = (): Promise<undefined> => Promise.resolve(undefined)
    await faults('DeleteCaCertificate', 'reset')
    for (const part of [{ prepare: fail }, { verify: () => Promise.reject(oddity) }]) {
      await expect(change(serviceOf(service.emulator), { ...what, prepare, verify, ...part })).rejects.toBe(
        oddity,
      )
    }
  })
})

describe('the code that a CA was registered with', () => {
  const none = {
    sn: '',
    name: '',
    isActive: true,
    content: '',
    verificationContent: '',
    registrationCode: '',
  }

  it('is read from the response or from the verification certificate', async () => {
    const { pem } = await makeLeaf()
    expect(codeOf({ ...none, registrationCode: 'code', verificationContent: pem })).toBe('code')
    expect(codeOf({ ...none, verificationContent: pem.replaceAll('\n', '\\n') })).toBe('device-1')
    expect(codeOf({ ...none, verificationContent: 'no certificate' })).toBe('')
    const { pem: several } = await makeCa()
    expect(codeOf({ ...none, verificationContent: several })).toBe('')
    expect(codeOf(none)).toBe('')
    const { pem: nameless } = await makeLeaf({ subject: new x509.Name('O=Example'), issuer: await makeCa() })
    expect(codeOf({ ...none, verificationContent: nameless })).toBe('')
  })
})
