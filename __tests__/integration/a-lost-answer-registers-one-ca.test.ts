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

/** The operations that were called, those that change something with a mark. */
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
 * Runs register in this process. What a step does after each kind of answer does not depend on where it runs; the tests
 * that say so run it as it ships.
 */
function register(inputs: Readonly<Record<string, string>>, timing = NO_PAUSES): Promise<StepRun> {
  return runStepInProcess('register', { ...workingInputs(service.emulator), ...inputs }, { timing })
}

/** Answers that leave open what was done. */
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

describe('an answer that leaves open what was done', () => {
  it.each(OPEN)('is settled by asking when it was done: %j', async (fault) => {
    await faults('RegisterCaCertificate', { commitThen: fault } as Fault)
    const run = await register(withKey(ca))
    expect(run).toMatchObject({ exitCode: 0, annotations: [], outputs: { sn: snOf(ca), created: 'true' } })
    expect(run.log).toMatch(/^Verify +RegisterCaCertificate: /m)
    expect(await calls()).toBe('look code REGISTER look')
    expect(await casOf(service.emulator)).toMatchObject([{ sn: snOf(ca), isActive: true }])
  })

  it.each(OPEN)(
    'is settled by asking when it was not, and tried again with another code: %j',
    async (fault) => {
      await faults('RegisterCaCertificate', fault)
      const run = await register(withKey(ca))
      expect(run).toMatchObject({ exitCode: 0, annotations: [], outputs: { sn: snOf(ca), created: 'true' } })
      expect(await calls()).toBe('look code REGISTER look code REGISTER')
      expect(await casOf(service.emulator)).toMatchObject([{ sn: snOf(ca), isActive: true }])
    },
  )

  it.each(['hang', 'dribble'] as const)(
    'is settled within the time of the step, as it ships, if nothing comes at all: %s',
    async (fault) => {
      await faults('RegisterCaCertificate', { commitThen: fault })
      const run = await service.register({ ...withKey(ca), timeout: '2' })
      expect(run).toMatchObject({ exitCode: 0, outputs: { created: 'true' } })
      expect(await casOf(service.emulator)).toHaveLength(1)
    },
  )

  it('is one CA too, as it ships, when every answer of many attempts is lost', async () => {
    await faults('RegisterCaCertificate', 'reset', 'html', 'commit-then-reset')
    const run = await service.register(withKey(ca))
    expect(run).toMatchObject({ exitCode: 0, outputs: { created: 'true' } })
    expect(await calls()).toBe('look code REGISTER look code REGISTER look code REGISTER look')
    expect(await casOf(service.emulator)).toHaveLength(1)
  })

  it('is the run of this code, also when the first attempt is seen late', async () => {
    // The CA is there, and the service does not show it yet: the second attempt finds the number taken.
    await faults('RegisterCaCertificate', 'commit-then-reset')
    const notThere = { code: 'FindCaBySnError' }
    await faults('GetCaCertificate', notThere, notThere)
    const run = await register(withKey(ca))
    expect(run).toMatchObject({ exitCode: 0, outputs: { created: 'true' } })
    expect(await calls()).toBe('look code REGISTER look code REGISTER look')
    expect(await casOf(service.emulator)).toHaveLength(1)
  })

  it('is the work of another run, when the code is that of another run', async () => {
    await register(withKey(ca))
    await service.emulator.setFaults([
      { operation: 'GetCaCertificate', fault: { code: 'FindCaBySnError' } },
      { operation: 'RegisterCaCertificate', fault: 'reset' },
    ])
    const run = await register(withKey(ca))
    expect(run).toMatchObject({ exitCode: 0, outputs: { created: 'false' } })
  })

  it('is told when it was not done, after as many attempts as there may be', async () => {
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

  it('is told not to be known, as it ships, when the asking fails, and a second run settles it', async () => {
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

describe('an answer that says that nothing was done', () => {
  it.each(['Throttling', 'Throttling.User', 'Throttling.Api', 'SystemOverFlow'])(
    'is followed by another attempt, and no question: %s',
    async (code) => {
      await faults('RegisterCaCertificate', { code })
      expect(await register(withKey(ca))).toMatchObject({ exitCode: 0, outputs: { created: 'true' } })
      expect(await calls()).toBe('look code REGISTER code REGISTER')
    },
  )

  it.each(['RegisterCodeError', 'RegisterCodeUsed'])(
    'about the code, is followed by one with another code: %s',
    async (code) => {
      await faults('RegisterCaCertificate', { code })
      expect(await register(withKey(ca))).toMatchObject({ exitCode: 0, outputs: { created: 'true' } })
      expect(await casOf(service.emulator)).toHaveLength(1)
    },
  )

  it('about the number, is an error when neither look nor list shows the CA', async () => {
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

  it('is sent again when nothing was done', async () => {
    const inputs = await given()
    await faults('RegisterCaCertificate', 'reset')
    expect(await register(inputs)).toMatchObject({ exitCode: 0, outputs: { created: 'true' } })
    expect(await calls()).toBe('code look REGISTER look REGISTER')
  })

  it('is known to have done it when its code turns out to be used', async () => {
    const inputs = await given()
    await faults('RegisterCaCertificate', 'commit-then-reset')
    const notThere = { code: 'FindCaBySnError' }
    await faults('GetCaCertificate', notThere, notThere)
    expect(await register(inputs)).toMatchObject({ exitCode: 0, outputs: { created: 'true' } })
    const codes = (await service.emulator.requests('RegisterCaCertificate')).map(({ code }) => code)
    expect(codes).toEqual([null, 'RegisterCodeUsed'])
    expect(await casOf(service.emulator)).toHaveLength(1)
  })

  it('is not said to have done it by a run that was refused at once', async () => {
    const inputs = await given()
    await faults('GetCaCertificate', { code: 'FindCaBySnError' }, { code: 'FindCaBySnError' })
    const runs = await Promise.all([service.register(inputs), service.register(inputs)])
    expect(runs.map(({ outputs }) => outputs['created']).toSorted()).toEqual(['false', 'true'])
  })

  it('is of no use again when its code is not known', async () => {
    const inputs = await given()
    await service.emulator.setFaults([
      { operation: 'RegisterCaCertificate', fault: { code: 'RegisterCodeError' }, times: 'always' },
    ])
    const run = await register(inputs)
    expect(run.annotations).toEqual([expect.stringMatching(/does not know the register code/)])
    expect(await service.emulator.requests('RegisterCaCertificate')).toHaveLength(1)
  })
})

describe('what is not there', () => {
  it.each<Fault>([
    { code: 'FindCaBySnError' },
    { code: 'FindCaBySnError', status: 400 },
    { code: 'ParameterFieldCheckFailed' },
    { code: 'CaCertificateNotFound', status: 404, message: 'No such thing.' },
    { code: 'NotFound', status: 404, message: 'The certificate does not exist.' },
    { status: 200, body: '{"RequestId":"x"}' },
    { status: 200, body: '{"RequestId":"x","Data":null}' },
  ])('is known by %j', async (fault) => {
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
  ])('is not taken for that with %j', async (fault) => {
    await faults('GetCaCertificate', fault)
    const run = await register(withKey(ca))
    expect(run).toMatchObject({ exitCode: 1, outputs: {} })
    expect(await calls()).toBe('look')
  })
})

describe('a CA that is registered and not shown at once', () => {
  it('is waited for when its number is taken after an answer was lost', async () => {
    await faults('RegisterCaCertificate', 'commit-then-reset')
    await faults('GetCaCertificate', ...Array<Fault>(3).fill({ code: 'FindCaBySnError' }))
    const run = await register(withKey(ca))
    expect(run).toMatchObject({ exitCode: 0, outputs: { sn: snOf(ca), created: 'true' } })
    expect(await calls()).toBe('look code REGISTER look code REGISTER look look')
  })

  it('is not taken for one of another instance when it stays unseen', async () => {
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
