import { beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import { makeCa, makeLeaf, privateKeyPem, type Issued } from '../../testing/certificates.ts'
import { casOf, changeBehind, snOf, trust, withKey } from '../../testing/registered-cas.ts'
import type { StepRun } from '../../testing/run-step.ts'
import { emulated, withKms, type Inputs } from '../support/emulated.ts'
import { NO_PAUSES } from '../support/in-process.ts'
import { caInKms } from '../support/kms.ts'
import { inProcess } from '../support/step-in-process.ts'

const service = emulated()
const fromSource = inProcess(NO_PAUSES)
let ca: Issued
let old: Issued

beforeAll(() => {
  trust(service.emulator)
})
beforeEach(async () => {
  ca = await makeCa()
  old = await makeCa()
})

/** Runs register in a dry run, from `src/` in this process unless another program is given. */
async function dryRun(inputs: Inputs, run = fromSource): Promise<StepRun> {
  const before = (await service.emulator.requests()).length
  const casBefore = await casOf(service.emulator)
  const step = await service.register({ ...inputs, 'dry-run': 'true' }, { run })
  const made = (await service.emulator.requests()).slice(before).map(({ operation }) => operation)
  expect(made.filter((name) => !/^(?:Get(?!RegisterCode)|List|Describe)/.test(name))).toEqual([])
  expect(await casOf(service.emulator)).toEqual(casBefore)
  return step
}

async function real(inputs: Inputs): Promise<StepRun> {
  return await service.register(inputs, { run: fromSource })
}

const outputsOf = (of: Issued) => ({
  sn: snOf(of),
  'valid-begin': of.certificate.validFromDate.toISOString(),
  'valid-end': of.certificate.validToDate.toISOString(),
})

describe('a dry run of register', () => {
  it('says that a CA would be registered, through dist/', async () => {
    const before = (await service.emulator.requests()).length
    const step = await service.register({ ...withKey(ca), 'dry-run': 'true' })
    expect(step).toMatchObject({ exitCode: 0, annotations: [], stderr: '' })
    expect(step.outputs).toEqual(outputsOf(ca))
    expect(step.log).toMatch(/^Dry run +would be registered, under the name "devices"$/m)
    expect(step.log).not.toMatch(/^Registered/m)
    expect(step.summary).toContain('### Dry run: CA would be registered with ApsaraMQ for MQTT')
    expect(step.summary).not.toContain('>Status<')
    const made = (await service.emulator.requests()).slice(before).map(({ operation }) => operation)
    expect(made).toEqual(['GetCaCertificate', 'ListCaCertificate'])
    expect(await casOf(service.emulator)).toEqual([])
  })

  it('says what is registered already, and what would be activated', async () => {
    await real(withKey(ca, 'fleet'))
    const registered = await dryRun(withKey(ca))
    expect(registered.outputs).toEqual({ ...outputsOf(ca), status: 'active' })
    expect(registered.log).toMatch(/^Dry run +registered already, under the name "fleet"$/m)
    expect(registered.summary).toContain('### Dry run: CA already registered with ApsaraMQ for MQTT')

    await changeBehind(service.emulator, ca, 'inactivate')
    const activated = await dryRun({ ...withKey(ca), activate: 'true' })
    expect(activated.outputs).toEqual(outputsOf(ca))
    expect(activated.log).toMatch(
      /^Dry run +registered already, would be activated, under the name "fleet"$/m,
    )
    expect(activated.summary).toContain('### Dry run: CA would be activated in ApsaraMQ for MQTT')
  })

  it('looks at the key in KMS, and signs nothing', async () => {
    const pem = await caInKms(service.emulator)
    const before = (await service.emulator.requests()).length
    const inputs = { ...withKms(service.emulator), 'ca-name': 'devices', 'ca-certificate': pem }
    const step = await dryRun(inputs)
    expect(step).toMatchObject({ exitCode: 0, annotations: [] })
    expect(step.log).toMatch(/^Signing key +KMS key \S+, version \S+, EC_P256$/m)
    const made = (await service.emulator.requests()).slice(before).map(({ operation }) => operation)
    expect(made).toEqual(expect.arrayContaining(['DescribeKey', 'ListKeyVersions', 'GetPublicKey']))
    const foreign = await dryRun({ ...inputs, 'ca-certificate': ca.pem })
    expect(foreign.annotations).toEqual([expect.stringMatching(/does not belong to the key \S+ in KMS/)])
  })

  it.each([
    ['inactivate', 'would be deactivated'],
    ['delete', 'would be deleted'],
    ['keep', 'kept'],
  ])('says what would be done with its predecessor: %s', async (onReplace, words) => {
    await real(withKey(old))
    const inputs = { ...withKey(ca), replaces: snOf(old), 'on-replace': onReplace }
    const step = await dryRun(inputs)
    expect(step).toMatchObject({ exitCode: 0, annotations: [] })
    expect(step.outputs).toEqual(outputsOf(ca))
    expect(step.log).toMatch(new RegExp(`^Predecessor +${snOf(old)}: ${words}$`, 'm'))
    expect(step.summary).toContain(`${snOf(old)}: ${words}`)
  })

  it('warns about a predecessor that is not there', async () => {
    const step = await dryRun({ ...withKey(ca), replaces: snOf(old) })
    expect(step).toMatchObject({ exitCode: 0, annotations: [] })
    expect(step.stdout).toMatch(/^::warning::The predecessor was not found: .*, so no CA would be retired\./m)
    await real(withKey(old))
    await changeBehind(service.emulator, old, 'inactivate')
    expect((await dryRun({ ...withKey(ca), replaces: snOf(old) })).log).toMatch(/: already inactive$/m)
  })
})

describe('a dry run of register fails as the real run would', () => {
  it.each<[string, () => Promise<Inputs>, RegExp]>([
    [
      'for an inactive CA',
      async () => {
        await real(withKey(ca))
        await changeBehind(service.emulator, ca, 'inactivate')
        return withKey(ca)
      },
      /it is inactive\. It was deactivated\. To activate it again, set activate: true\.$/,
    ],
    [
      'for another CA with the serial number',
      async () => {
        await real(withKey(old))
        return withKey(await makeCa({ serialNumber: old.certificate.serialNumber }))
      },
      /^Another CA with the serial number/,
    ],
    [
      'for a CA that replaces itself',
      () => Promise.resolve({ ...withKey(ca), replaces: snOf(ca) }),
      /^The input replaces names the CA itself/,
    ],
    [
      'for the key of another CA',
      () => Promise.resolve({ ...withKey(ca), 'ca-private-key': privateKeyPem(old.key) }),
      /does not belong to the CA certificate/,
    ],
    [
      'for an expired verification certificate',
      async () => {
        const subject = 'CN=13274673-8f90-4630-bea1-9cccb25756ad2089473625'
        const { pem } = await makeLeaf({ issuer: ca, subject, notAfter: new Date(Date.now() - 1000) })
        return { ...withKey(ca), 'ca-private-key': '', 'verification-certificate': pem }
      },
      /^The certificate in verification-certificate expired/,
    ],
    [
      'when the predecessor cannot be looked up',
      async () => {
        await real(withKey(ca))
        await service.emulator.setFaults([
          { operation: 'GetCaCertificate', fault: { delayMs: 0 } },
          { operation: 'GetCaCertificate', fault: { code: 'NoPermission' } },
        ])
        return { ...withKey(ca), replaces: '0a0b' }
      },
      /^This access key has no RAM permission for GetCaCertificate/,
    ],
    [
      'for another value',
      () => Promise.resolve({ ...withKey(ca), 'dry-run': 'maybe' }),
      /^Invalid dry-run: "maybe"\. Use false or true\.$/,
    ],
  ])('%s', async (_, prepare, text) => {
    const given = await prepare()
    // Not with `dryRun`, whose own lookups would meet the faults.
    const step = await service.register({ 'dry-run': 'true', ...given }, { run: fromSource })
    expect(step.exitCode).toBe(1)
    expect(step.annotations).toEqual([expect.stringMatching(text)])
    expect(step.outputs).toEqual({})
  })
})
