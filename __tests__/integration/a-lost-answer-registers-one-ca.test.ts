import { beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import type { FaultOrder } from '../../emulator/faults/orders.ts'
import { signerInMemory } from '../../src/certificates/signer.ts'
import { makeVerificationCertificate } from '../../src/certificates/verification-certificate.ts'
import { issuerOf } from '../../src/certificates/x509.ts'
import { getRegisterCode } from '../../src/mqtt/register-code.ts'
import { makeCa, type Issued } from '../../testing/certificates.ts'
import type { StepRun } from '../../testing/run-step.ts'
import { emulated, workingInputs } from '../support/emulated.ts'
import { NO_PAUSES } from '../support/in-process.ts'
import { runStepInProcess } from '../support/step-in-process.ts'
import { casOf, instanceOf, serviceOf, snOf, trust, withKey } from '../../testing/registered-cas.ts'

const service = emulated()
let ca: Issued

beforeAll(() => {
  trust(service.emulator)
})
beforeEach(async () => {
  ca = await makeCa()
})

type Fault = FaultOrder['fault']
const faults = (operation: string, ...list: readonly Fault[]): Promise<void> =>
  service.emulator.setFaults(list.map((fault) => ({ operation, fault })))

/** Returns short names of the operations that were called, in order. Those that change something are in capitals. */
async function calls(): Promise<string> {
  const short: Record<string, string> = {
    GetCaCertificate: 'look',
    GetRegisterCode: 'code',
    RegisterCaCertificate: 'REGISTER',
    ListCaCertificate: 'list',
  }
  const requests = await service.emulator.requests()
  return requests.map(({ operation }) => short[operation] ?? operation).join(' ')
}

/**
 * Runs register in this process, because the behavior after a response does not depend on where it runs. Tests whose
 * titles say "through dist/" run the shipped bundle.
 */
function register(inputs: Readonly<Record<string, string>>, timing = NO_PAUSES): Promise<StepRun> {
  return runStepInProcess('register', { ...workingInputs(service.emulator), ...inputs }, { timing })
}

/** Responses after which it is unknown whether the CA was registered. */
const OPEN: readonly Exclude<Fault, { delayMs: number } | { registerCode: string }>[] = [
  'reset',
  'reset-in-body',
  'html',
  'html-200',
  'empty',
  'empty-500',
  'truncated',
  'no-code',
  'null-body',
  'array-body',
  'redirect',
  { code: 'InternalError' },
  { code: 'InternalError', status: 417 },
  { code: 'ServiceUnavailable' },
  { code: 'GetCaNumError' },
  { code: 'SignatureNonceUsed' },
  { code: 'NeverHeardOf', status: 500 },
  { code: 'NeverHeardOf', status: 417 },
  { status: 500, body: '{}' },
  { status: 200, body: '{"RequestId":"x","Sn":"0badbeef"}' },
]

describe('a response that does not tell whether the CA was registered', () => {
  it.each(OPEN)('registers one CA when the registration was carried out: %j', async (fault) => {
    await faults('RegisterCaCertificate', { commitThen: fault } as Fault)
    const run = await register(withKey(ca))
    expect(run).toMatchObject({ exitCode: 0, annotations: [], outputs: { sn: snOf(ca), created: 'true' } })
    expect(run.log).toMatch(/^Verify +RegisterCaCertificate: /m)
    expect(await calls()).toBe('look code REGISTER look')
    expect(await casOf(service.emulator)).toMatchObject([{ sn: snOf(ca), isActive: true }])
  })

  it.each(OPEN)('retries with a new code when the registration was not carried out: %j', async (fault) => {
    await faults('RegisterCaCertificate', fault)
    const run = await register(withKey(ca))
    expect(run).toMatchObject({ exitCode: 0, annotations: [], outputs: { sn: snOf(ca), created: 'true' } })
    expect(await calls()).toBe('look code REGISTER look code REGISTER')
    expect(await casOf(service.emulator)).toMatchObject([{ sn: snOf(ca), isActive: true }])
  })

  it.each(['hang', 'dribble'] as const)(
    'registers one CA within the timeout when no response arrives (through dist/): %s',
    async (fault) => {
      await faults('RegisterCaCertificate', { commitThen: fault })
      const run = await service.register({ ...withKey(ca), timeout: '2' })
      expect(run).toMatchObject({ exitCode: 0, outputs: { created: 'true' } })
      expect(await casOf(service.emulator)).toHaveLength(1)
    },
  )

  it('registers one CA when the responses of several attempts are lost (through dist/)', async () => {
    await faults('RegisterCaCertificate', 'reset', 'html', 'commit-then-reset')
    const run = await service.register(withKey(ca))
    expect(run).toMatchObject({ exitCode: 0, outputs: { created: 'true' } })
    expect(await calls()).toBe('look code REGISTER look code REGISTER look code REGISTER look')
    expect(await casOf(service.emulator)).toHaveLength(1)
  })

  it('sets created to true when the first attempt becomes visible late', async () => {
    // The CA is registered but not visible yet, so the service refuses the second attempt with SnNotUnique.
    await faults('RegisterCaCertificate', 'commit-then-reset')
    const notThere = { code: 'FindCaBySnError' }
    await faults('GetCaCertificate', notThere, notThere)
    const run = await register(withKey(ca))
    expect(run).toMatchObject({ exitCode: 0, outputs: { created: 'true' } })
    expect(await calls()).toBe('look code REGISTER look code REGISTER look')
    expect(await casOf(service.emulator)).toHaveLength(1)
  })

  it('sets created to false when the CA has the code of another run', async () => {
    await register(withKey(ca))
    await service.emulator.setFaults([
      { operation: 'GetCaCertificate', fault: { code: 'FindCaBySnError' } },
      { operation: 'RegisterCaCertificate', fault: 'reset' },
    ])
    const run = await register(withKey(ca))
    expect(run).toMatchObject({ exitCode: 0, outputs: { created: 'false' } })
  })

  it('fails after max-attempts when the registration was never carried out', async () => {
    await service.emulator.setFaults([{ operation: 'RegisterCaCertificate', fault: 'html', times: 'always' }])
    const run = await register({ ...withKey(ca), 'max-attempts': '2' })
    expect(run).toMatchObject({ exitCode: 1, outputs: {} })
    expect(run.annotations).toEqual([
      expect.stringMatching(
        /HTTP 502 .*after 2 attempts .*did not report that the CA is registered .*the next run detects/,
      ),
    ])
    expect(await calls()).toBe('look code REGISTER look code REGISTER look')
    expect(await casOf(service.emulator)).toEqual([])
  })

  it('reports an unknown outcome when the verification fails, and the next run succeeds (through dist/)', async () => {
    await faults('RegisterCaCertificate', 'commit-then-reset')
    await service.emulator.setFaults([
      { operation: 'GetCaCertificate', fault: { code: 'FindCaBySnError' } },
      { operation: 'GetCaCertificate', fault: { code: 'InternalError' }, times: 2 },
    ])
    const run = await service.register({ ...withKey(ca), 'max-attempts': '2' })
    expect(run).toMatchObject({ exitCode: 1, outputs: {} })
    expect(run.annotations).toEqual([
      expect.stringMatching(
        /^It is unknown whether the CA is registered \(serial number \w+\): the service closed .*asking the service failed: .*after 2 attempts.*InternalError.*run the job again: it checks the current state first/,
      ),
    ])
    expect(await service.register(withKey(ca))).toMatchObject({ exitCode: 0, outputs: { created: 'false' } })
    expect(await casOf(service.emulator)).toHaveLength(1)
  })
})

describe('a response that says that the CA was not registered', () => {
  it.each(['Throttling', 'Throttling.User', 'Throttling.Api', 'SystemOverFlow'])(
    'is followed by a retry without a verification: %s',
    async (code) => {
      await faults('RegisterCaCertificate', { code })
      expect(await register(withKey(ca))).toMatchObject({ exitCode: 0, outputs: { created: 'true' } })
      expect(await calls()).toBe('look code REGISTER code REGISTER')
    },
  )

  it.each(['RegisterCodeError', 'RegisterCodeUsed'])(
    'is followed by a retry with a new code: %s',
    async (code) => {
      await faults('RegisterCaCertificate', { code })
      expect(await register(withKey(ca))).toMatchObject({ exitCode: 0, outputs: { created: 'true' } })
      expect(await casOf(service.emulator)).toHaveLength(1)
    },
  )

  it('fails on SnNotUnique when the instance does not contain the CA', async () => {
    await service.emulator.setFaults([
      { operation: 'RegisterCaCertificate', fault: { code: 'SnNotUnique' }, times: 'always' },
    ])
    const run = await register(withKey(ca))
    expect(run.annotations).toEqual([
      expect.stringMatching(/already registered, but not with instance .*\(SnNotUnique.*Delete it/),
    ])
    expect(await calls()).toBe('look code REGISTER look list')
  })
})

describe('a verification certificate that was made elsewhere', () => {
  async function given(): Promise<Record<string, string>> {
    const { result } = await getRegisterCode(serviceOf(service.emulator), instanceOf(service.emulator))
    const issuer = issuerOf(ca.certificate)
    const signer = signerInMemory(ca.key, issuer)
    const parts = { issuer, signer, registerCode: result.registerCode, validDays: 1 }
    const pem = (await makeVerificationCertificate(parts)).toString()
    return { 'ca-name': 'devices', 'ca-certificate': ca.pem, 'verification-certificate': pem }
  }

  it('is sent again when the registration was not carried out', async () => {
    const inputs = await given()
    await faults('RegisterCaCertificate', 'reset')
    expect(await register(inputs)).toMatchObject({ exitCode: 0, outputs: { created: 'true' } })
    expect(await calls()).toBe('code look REGISTER look REGISTER')
  })

  it('sets created to true when the retry is refused with RegisterCodeUsed', async () => {
    const inputs = await given()
    await faults('RegisterCaCertificate', 'commit-then-reset')
    const notThere = { code: 'FindCaBySnError' }
    await faults('GetCaCertificate', notThere, notThere)
    expect(await register(inputs)).toMatchObject({ exitCode: 0, outputs: { created: 'true' } })
    const codes = (await service.emulator.requests('RegisterCaCertificate')).map(({ code }) => code)
    expect(codes).toEqual([null, 'RegisterCodeUsed'])
    expect(await casOf(service.emulator)).toHaveLength(1)
  })

  it('sets created to false in a run whose first attempt was refused', async () => {
    const inputs = await given()
    await faults('GetCaCertificate', { code: 'FindCaBySnError' }, { code: 'FindCaBySnError' })
    const runs = await Promise.all([service.register(inputs), service.register(inputs)])
    expect(runs.map(({ outputs }) => outputs['created']).toSorted()).toEqual(['false', 'true'])
  })

  it('is not sent again when the service does not know its code', async () => {
    const inputs = await given()
    await service.emulator.setFaults([
      { operation: 'RegisterCaCertificate', fault: { code: 'RegisterCodeError' }, times: 'always' },
    ])
    const run = await register(inputs)
    expect(run.annotations).toEqual([expect.stringMatching(/does not know the register code/)])
    expect(await service.emulator.requests('RegisterCaCertificate')).toHaveLength(1)
  })
})

describe('a CA that does not exist', () => {
  it.each<Fault>([
    { code: 'FindCaBySnError' },
    { code: 'FindCaBySnError', status: 400 },
    { code: 'ParameterFieldCheckFailed' },
    { code: 'CaCertificateNotFound', status: 404, message: 'No such thing.' },
    { code: 'NotFound', status: 404, message: 'The certificate does not exist.' },
    { status: 200, body: '{"RequestId":"x"}' },
    { status: 200, body: '{"RequestId":"x","Data":null}' },
  ])('is recognized by %j', async (fault) => {
    await faults('GetCaCertificate', fault)
    expect(await register(withKey(ca))).toMatchObject({ exitCode: 0, outputs: { created: 'true' } })
  })

  it.each<Fault>([
    { code: 'ApiNotSupport' },
    { code: 'NotFound', status: 404, message: 'The route does not exist.' },
    { code: 'MqttInstanceNotFound' },
    { code: 'NoPermission' },
    { code: 'NeverHeardOf', status: 400, message: 'The certificate does not exist.' },
    { code: 'InvalidAccessKeyId.NotFound' },
  ])('is not assumed after %j', async (fault) => {
    await faults('GetCaCertificate', fault)
    const run = await register(withKey(ca))
    expect(run).toMatchObject({ exitCode: 1, outputs: {} })
    expect(await calls()).toBe('look')
  })
})

describe('a CA that is registered but not visible at once', () => {
  it('is waited for when SnNotUnique follows a lost response', async () => {
    await faults('RegisterCaCertificate', 'commit-then-reset')
    await faults('GetCaCertificate', ...Array<Fault>(3).fill({ code: 'FindCaBySnError' }))
    const run = await register(withKey(ca))
    expect(run).toMatchObject({ exitCode: 0, outputs: { sn: snOf(ca), created: 'true' } })
    expect(await calls()).toBe('look code REGISTER look code REGISTER look look')
  })

  it('is reported with an unknown outcome when it stays invisible', async () => {
    await faults('RegisterCaCertificate', 'commit-then-reset')
    await service.emulator.setFaults([
      { operation: 'GetCaCertificate', fault: { code: 'FindCaBySnError' }, times: 'always' },
    ])
    const run = await register({ ...withKey(ca), 'max-attempts': '2' })
    expect(run.annotations).toEqual([
      expect.stringMatching(/^It is unknown whether the CA is registered .*SnNotUnique.* run the job again/),
    ])
    expect(run.annotations[0]).not.toContain('Delete')
  })
})
