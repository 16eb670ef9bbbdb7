import { beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import type { FaultOrder } from '../../emulator/faults/orders.ts'
import { makeCa, type Issued } from '../../testing/certificates.ts'
import type { StepRun } from '../../testing/run-step.ts'
import { emulated, workingInputs } from '../support/emulated.ts'
import { runStepInProcess } from '../support/step-in-process.ts'
import { casOf, changeBehind, snOf, trust, withKey } from '../../testing/registered-cas.ts'

const service = emulated()
let ca: Issued
let old: Issued

beforeAll(() => {
  trust(service.emulator)
})
beforeEach(async () => {
  ca = await makeCa()
  old = await makeCa({ serialNumber: `f2${crypto.randomUUID().replaceAll('-', '')}` })
  expect(await register(withKey(old, 'old'))).toMatchObject({ exitCode: 0 })
})

/** Runs register in this process. Tests whose titles say "through dist/" run the shipped bundle. */
function register(inputs: Readonly<Record<string, string>>): Promise<StepRun> {
  return runStepInProcess('register', { ...workingInputs(service.emulator), ...inputs })
}

async function calls(): Promise<string[]> {
  // Skips the three calls that registered the predecessor.
  return (await service.emulator.requests()).slice(3).map(({ operation }) => operation)
}

const NEW = ['GetCaCertificate', 'GetRegisterCode', 'RegisterCaCertificate']
/** Confirms that the new CA is active before the predecessor changes. */
const SEEN_ACTIVE = 'GetCaCertificate'

describe('the predecessor', () => {
  it('is deactivated after the new CA is registered (through dist/)', async () => {
    const run = await service.register({ ...withKey(ca), replaces: snOf(old) })
    expect(run).toMatchObject({ exitCode: 0, annotations: [], outputs: { sn: snOf(ca), created: 'true' } })
    expect(run.outputs['predecessor']).toBe('inactivated')
    expect(run.log).toMatch(new RegExp(`^Predecessor +${snOf(old)}: deactivated$`, 'm'))
    expect(run.summary).toContain(`${snOf(old)}: deactivated`)
    expect(await calls()).toEqual([
      ...NEW,
      SEEN_ACTIVE,
      'GetCaCertificate',
      'InactivateCaCertificate',
      'GetCaCertificate',
    ])
    expect(await casOf(service.emulator)).toMatchObject([
      { sn: snOf(old), isActive: false },
      { sn: snOf(ca), isActive: true },
    ])
  })

  it('is deleted with on-replace: delete (through dist/)', async () => {
    const run = await service.register({ ...withKey(ca), replaces: snOf(old), 'on-replace': 'delete' })
    expect(run).toMatchObject({ exitCode: 0, outputs: { predecessor: 'deleted' } })
    expect(run.log).toContain(`${snOf(old)}: deleted`)
    expect(await casOf(service.emulator)).toMatchObject([{ sn: snOf(ca) }])
  })

  it('is kept with on-replace: keep (through dist/)', async () => {
    const run = await service.register({ ...withKey(ca), replaces: snOf(old), 'on-replace': 'keep' })
    expect(run.log).toContain(`${snOf(old)}: kept`)
    expect(run.outputs['predecessor']).toBe('kept')
    expect(await calls()).toEqual(NEW)
    expect(await casOf(service.emulator)).toMatchObject([{ isActive: true }, { isActive: true }])
  })

  it.each<[string, (sn: string) => string]>([
    ['as openssl prints it', (sn) => sn.slice(2).toUpperCase()],
    ['with colons', (sn) => sn.replace(/(..)(?=.)/g, '$1:')],
    ['with more leading zeros', (sn) => `0000${sn}`],
    ['with 0x', (sn) => `0x${sn.slice(2)}`],
    ['with spaces', (sn) => sn.toUpperCase().replace(/(..)(?=.)/g, '$1 ')],
    ['as openssl x509 -serial prints it', (sn) => `serial=${sn.slice(2).toUpperCase()}`],
    ['in decimal', (sn) => BigInt(`0x${sn}`).toString()],
  ])('is found when its serial number is spelled %s', async (_, spell) => {
    const run = await register({ ...withKey(ca), replaces: spell(snOf(old)) })
    expect(run).toMatchObject({ exitCode: 0 })
    expect(await casOf(service.emulator)).toMatchObject([{ isActive: false }, { isActive: true }])
  })

  it('is found in the list when the lookup by serial number fails', async () => {
    await service.emulator.setFaults([
      { operation: 'GetCaCertificate', fault: { delayMs: 0 }, times: 2 },
      { operation: 'GetCaCertificate', fault: { code: 'FindCaBySnError' } },
    ])
    const run = await register({ ...withKey(ca), replaces: snOf(old) })
    expect(run).toMatchObject({ exitCode: 0 })
    expect(await calls()).toEqual([
      ...NEW,
      SEEN_ACTIVE,
      'GetCaCertificate',
      'ListCaCertificate',
      'InactivateCaCertificate',
      'GetCaCertificate',
    ])
    expect(await casOf(service.emulator)).toMatchObject([{ isActive: false }, { isActive: true }])
  })

  it.each(['inactivate', 'delete'])(
    'is not changed while the new CA is not confirmed as active: %s',
    async (onReplace) => {
      const yes = { status: 200, body: JSON.stringify({ RequestId: 'x', Sn: snOf(ca) }) }
      await service.emulator.setFaults([{ operation: 'RegisterCaCertificate', fault: yes }])
      const inputs = { ...withKey(ca), replaces: snOf(old), 'on-replace': onReplace }
      const run = await register({ ...inputs, 'max-attempts': '2' })
      expect(run).toMatchObject({
        exitCode: 1,
        outputs: {},
        annotations: [
          expect.stringMatching(
            /registered CA \w+ but does not report it as active, so its predecessor \w+ was not changed/,
          ),
        ],
      })
      expect(await casOf(service.emulator)).toMatchObject([{ sn: snOf(old), isActive: true }])
      expect(await register(inputs)).toMatchObject({ exitCode: 0, outputs: { created: 'true' } })
    },
  )

  it('is skipped when it is already inactive or deleted', async () => {
    await changeBehind(service.emulator, old, 'inactivate')
    const inactive = await register({ ...withKey(ca), replaces: snOf(old) })
    expect(inactive.log).toContain(`${snOf(old)}: already inactive`)
    expect(inactive.outputs['predecessor']).toBe('inactivated')
    await changeBehind(service.emulator, old, 'delete')
    const gone = await register({ ...withKey(ca), replaces: snOf(old), 'on-replace': 'delete' })
    expect(gone).toMatchObject({ exitCode: 0, outputs: { created: 'false' } })
    expect(gone.log).toContain(`${snOf(old)}: not found`)
    expect(gone.outputs['predecessor']).toBe('not-found')
  })

  it('is a warning when there is no such CA (through dist/)', async () => {
    const run = await service.register({ ...withKey(ca), replaces: 'ab'.repeat(16) })
    expect(run).toMatchObject({ exitCode: 0, annotations: [], outputs: { predecessor: 'not-found' } })
    expect(run.stdout).toMatch(
      /^::warning::The predecessor was not found: instance \S+ has no CA with the serial number (ab){16}, so no CA was retired\. Set replaces/m,
    )
    expect(run.summary).toContain('not found')
    expect(await casOf(service.emulator)).toMatchObject([{ isActive: true }, { isActive: true }])
  })

  it.each<[string, (of: Issued['certificate']) => string]>([
    ['SHA-1', ({ fingerprint }) => fingerprint],
    ['SHA-256', ({ fingerprint256 }) => fingerprint256.replaceAll(':', '').toLowerCase()],
  ])('is not retired when its %s fingerprint is given, and the warning says so', async (_, fingerprintOf) => {
    const run = await register({ ...withKey(ca), replaces: fingerprintOf(old.certificate) })
    expect(run).toMatchObject({ exitCode: 0, outputs: { predecessor: 'not-found' } })
    const hint = `is the fingerprint of CA ${snOf(old)}. Set replaces to ${snOf(old)},`
    expect(run.stdout.split('\n').find((line) => line.startsWith('::warning::'))).toContain(hint)
    expect(await casOf(service.emulator)).toMatchObject([{ isActive: true }, { isActive: true }])
  })

  it('is not mistaken for a CA with the same short number in decimal', async () => {
    const tenth = await makeCa({ serialNumber: '0a' })
    await register(withKey(tenth))
    const run = await register({ ...withKey(ca), replaces: '10' })
    expect(run.outputs['predecessor']).toBe('not-found')
    expect((await casOf(service.emulator)).map(({ isActive }) => isActive)).toEqual([true, true, true])
  })

  it('is not changed when the new CA is inactive', async () => {
    await register(withKey(ca))
    await changeBehind(service.emulator, ca, 'inactivate')
    const run = await register({ ...withKey(ca), replaces: snOf(old) })
    expect(run).toMatchObject({ exitCode: 1, outputs: {} })
    expect(await casOf(service.emulator)).toMatchObject([{ isActive: true }, { isActive: false }])
    const again = await register({ ...withKey(ca), replaces: snOf(old), activate: 'true' })
    expect(again).toMatchObject({ exitCode: 0 })
    expect(await casOf(service.emulator)).toMatchObject([{ isActive: false }, { isActive: true }])
  })

  it('is not changed when the new CA cannot be registered', async () => {
    await service.emulator.setFaults([
      { operation: 'RegisterCaCertificate', fault: { code: 'CaNumExceed' }, times: 'always' },
    ])
    const run = await register({ ...withKey(ca), replaces: snOf(old) })
    expect(run.annotations).toEqual([expect.stringMatching(/maximum number of CAs \(CaNumExceed/)])
    expect(await casOf(service.emulator)).toMatchObject([{ isActive: true }])
  })
})

describe('a failure after the new CA is registered', () => {
  it.each(['InactivateCaCertificate', 'DeleteCaCertificate'])(
    'is reported with what was done, and the next run finishes: %s',
    async (operation) => {
      const onReplace = operation.startsWith('Delete') ? 'delete' : 'inactivate'
      const inputs = { ...withKey(ca), replaces: snOf(old), 'on-replace': onReplace }
      await service.emulator.setFaults([{ operation, fault: { code: 'NoPermission' } }])
      const run = await register(inputs)
      expect(run).toMatchObject({ exitCode: 1, outputs: {}, summary: '' })
      expect(run.annotations).toEqual([
        expect.stringMatching(
          new RegExp(
            `^CA ${snOf(ca)} is registered and active, but .* its predecessor ${snOf(old)} failed: This access key has no RAM permission.*` +
              'NoPermission.*registers nothing twice, and retires',
          ),
        ),
      ])
      expect(await casOf(service.emulator)).toMatchObject([{ isActive: true }, { isActive: true }])

      expect(await register(inputs)).toMatchObject({ exitCode: 0, outputs: { created: 'false' } })
      const left = (await casOf(service.emulator)).filter(({ isActive }) => isActive)
      expect(left.map(({ sn }) => sn)).toEqual([snOf(ca)])
    },
  )

  it.each<[string, string, FaultOrder['fault']]>([
    ['InactivateCaCertificate', 'inactivate', 'commit-then-reset'],
    ['InactivateCaCertificate', 'inactivate', 'reset'],
    ['InactivateCaCertificate', 'inactivate', { commitThen: { code: 'InternalError' } }],
    ['DeleteCaCertificate', 'delete', 'commit-then-reset'],
    ['DeleteCaCertificate', 'delete', { commitThen: 'html' }],
    ['DeleteCaCertificate', 'delete', 'html'],
    ['DeleteCaCertificate', 'delete', { code: 'Throttling.User' }],
  ])(
    'is retried or verified when the response of %s (%s) is lost: %j',
    async (operation, onReplace, fault) => {
      await service.emulator.setFaults([{ operation, fault }])
      const run = await register({ ...withKey(ca), replaces: snOf(old), 'on-replace': onReplace })
      expect(run).toMatchObject({ exitCode: 0, annotations: [] })
      const left = (await casOf(service.emulator)).filter(({ isActive }) => isActive)
      expect(left.map(({ sn }) => sn)).toEqual([snOf(ca)])
    },
  )

  it('is reported when the service confirms a change but does nothing', async () => {
    const yes = { status: 200, body: '{"RequestId":"x","Sn":"x"}' }
    await service.emulator.setFaults([{ operation: 'InactivateCaCertificate', fault: yes, times: 'always' }])
    const run = await register({ ...withKey(ca), replaces: snOf(old), 'max-attempts': '2' })
    expect(run.annotations).toEqual([
      expect.stringMatching(
        /deactivating its predecessor .* still reports the old state of CA \w+.*request \S+\)\. Run the job again later/,
      ),
    ])
  })
})
