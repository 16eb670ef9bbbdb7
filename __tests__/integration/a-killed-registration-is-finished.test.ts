import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import type { StepRun } from '../../testing/run-step.ts'
import { makeCa, type Issued } from '../../testing/certificates.ts'
import { emulated, withKms, type Inputs } from '../support/emulated.ts'
import { caInKms } from '../support/kms.ts'
import { stepThread } from '../support/step-thread.ts'
import { casOf, snOf, trust, withKey } from '../../testing/registered-cas.ts'

const service = emulated()
// Only a process can be killed. The other runs are faster in a thread.
const thread = stepThread()
let ca: Issued
let old: Issued

beforeAll(() => {
  trust(service.emulator)
})
afterAll(async () => {
  await thread.end()
})
beforeEach(async () => {
  ca = await makeCa()
  old = await makeCa()
})

async function register(inputs: Inputs): Promise<StepRun> {
  return await service.register(inputs, { run: thread.run })
}

/** Starts a registration, and sends SIGKILL at its request of that number, counted from 0. */
async function killAtRequest(
  number: number,
  inputs: Inputs,
  moment: 'hang' | 'commit-then-hang',
): Promise<StepRun> {
  const before = (await service.emulator.requests()).length
  const passes = number === 0 ? [] : [{ operation: '*', fault: { delayMs: 0 }, times: number }]
  await service.emulator.setFaults([...passes, { operation: '*', fault: moment }])
  const kill = new AbortController()
  const run = service.register(inputs, { signal: kill.signal })
  // The emulator logs a request only after it has finished with it.
  while ((await service.emulator.requests()).length <= before + number);
  kill.abort()
  return await run
}

const moments = [
  ['before it is carried out', 'hang'],
  ['when it was carried out', 'commit-then-hang'],
] as const

describe.each(moments)('a registration that is killed at a request, %s,', (_, moment) => {
  it.each([
    [0, 'GetCaCertificate'],
    [1, 'GetRegisterCode'],
    [2, 'RegisterCaCertificate'],
  ])('number %i, %s, is finished by the next run', async (number, operation) => {
    const killed = await killAtRequest(number, withKey(ca), moment)
    expect(killed).toMatchObject({ exitCode: null, outputs: {}, annotations: [] })
    expect((await service.emulator.requests()).at(-1)).toMatchObject({ operation })

    const isThere = operation === 'RegisterCaCertificate' && moment === 'commit-then-hang'
    const run = await register(withKey(ca))
    expect(run).toMatchObject({ exitCode: 0, outputs: { sn: snOf(ca), created: String(!isThere) } })
    expect(await casOf(service.emulator)).toMatchObject([{ sn: snOf(ca), isActive: true }])
  })

  it.each([
    [0, 'GetCaCertificate'],
    [1, 'GetRegisterCode'],
    [2, 'RegisterCaCertificate'],
    [3, 'GetCaCertificate'],
    [4, 'GetCaCertificate'],
    [5, 'InactivateCaCertificate'],
    [6, 'GetCaCertificate'],
  ])(
    'number %i, %s, with a predecessor, always leaves an active CA and is finished by the next run',
    async (number, operation) => {
      await register(withKey(old))
      const inputs = { ...withKey(ca), replaces: snOf(old) }
      const killed = await killAtRequest(number, inputs, moment)
      expect(killed.exitCode).toBeNull()
      expect((await service.emulator.requests()).at(-1)).toMatchObject({ operation })
      // One CA is active at all times.
      expect((await casOf(service.emulator)).some(({ isActive }) => isActive)).toBe(true)

      expect(await register(inputs)).toMatchObject({ exitCode: 0, outputs: { status: 'active' } })
      expect(await casOf(service.emulator)).toMatchObject([
        { sn: snOf(old), isActive: false },
        { sn: snOf(ca), isActive: true },
      ])
    },
  )
})

describe.each(moments)('a registration with a key in KMS that is killed at a request, %s,', (_, moment) => {
  it.each([
    [0, 'GetCaCertificate'],
    [1, 'DescribeKey'],
    [2, 'ListKeyVersions'],
    [3, 'GetPublicKey'],
    [4, 'GetRegisterCode'],
    [5, 'AsymmetricSign'],
    [6, 'RegisterCaCertificate'],
  ])('number %i, %s, is finished by the next run', async (number, operation) => {
    const inputs = {
      ...withKms(service.emulator),
      'ca-name': 'devices',
      'ca-certificate': await caInKms(service.emulator),
    }
    const killed = await killAtRequest(number, inputs, moment)
    expect(killed).toMatchObject({ exitCode: null, outputs: {}, annotations: [] })
    expect((await service.emulator.requests()).at(-1)).toMatchObject({ operation })

    const isThere = operation === 'RegisterCaCertificate' && moment === 'commit-then-hang'
    expect(await register(inputs)).toMatchObject({ exitCode: 0, outputs: { created: String(!isThere) } })
    expect(await casOf(service.emulator)).toMatchObject([{ isActive: true }])
  })
})

describe('a registration', () => {
  it('makes only the requests that the tests above cover', async () => {
    await register(withKey(old))
    const before = (await service.emulator.requests()).length
    await register({ ...withKey(ca), replaces: snOf(old) })
    expect((await service.emulator.requests()).slice(before)).toHaveLength(7)
  })
})
