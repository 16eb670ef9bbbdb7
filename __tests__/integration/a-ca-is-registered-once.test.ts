import { beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import { getRegisterCode } from '../../src/mqtt/register-code.ts'
import { signerInMemory } from '../../src/certificates/signer.ts'
import { makeVerificationCertificate } from '../../src/certificates/verification-certificate.ts'
import { issuerOf } from '../../src/certificates/x509.ts'
import { makeCa, type Issued, type Kind } from '../../testing/certificates.ts'
import { emulated } from '../support/emulated.ts'
import {
  casOf,
  changeBehind,
  instanceOf,
  serviceOf,
  snOf,
  trust,
  withKey,
} from '../../testing/registered-cas.ts'

const service = emulated()
let ca: Issued

beforeAll(() => {
  trust(service.emulator)
})
beforeEach(async () => {
  // The first bit is set, so the service adds a leading zero byte.
  ca = await makeCa({ serialNumber: `f2${crypto.randomUUID().replaceAll('-', '')}` })
})

async function calls(): Promise<string[]> {
  return (await service.emulator.requests()).map(({ operation }) => operation)
}

/** Makes a verification certificate outside of the action. */
async function verification(by = ca): Promise<{ pem: string; registerCode: string }> {
  const { registerCode } = (await getRegisterCode(serviceOf(service.emulator), instanceOf(service.emulator)))
    .result
  const issuer = issuerOf(by.certificate)
  const signer = signerInMemory(by.key, issuer)
  const parts = { issuer, signer, registerCode, validDays: 1 }
  return { pem: (await makeVerificationCertificate(parts)).toString(), registerCode }
}

describe('a CA that is not registered', () => {
  it.each<Kind>(['EC P-256', 'EC P-384', 'EC P-521', 'RSA 2048'])(
    'is registered in three calls: %s',
    async (kind) => {
      ca = await makeCa({ kind, serialNumber: `f2${crypto.randomUUID().replaceAll('-', '')}` })
      const run = await service.register(withKey(ca, 'devices of 2026 / ü & <b>'))
      expect(run).toMatchObject({ exitCode: 0, annotations: [], stderr: '' })
      expect(run.outputs).toEqual({
        sn: snOf(ca),
        status: 'active',
        created: 'true',
        'valid-begin': ca.certificate.validFromDate.toISOString(),
        'valid-end': ca.certificate.validToDate.toISOString(),
      })
      expect(run.outputs['sn']).toMatch(/^00f2[\da-f]{32}$/)
      expect(await calls()).toEqual(['GetCaCertificate', 'GetRegisterCode', 'RegisterCaCertificate'])
      expect(await casOf(service.emulator)).toMatchObject([
        { sn: snOf(ca), name: 'devices of 2026 / ü & <b>', isActive: true, content: ca.pem },
      ])
    },
  )

  it('is logged as labels and facts', async () => {
    const { log, masks, stdout } = await service.register(withKey(ca))
    const { instanceId, regionId, endpoint } = service.emulator.info
    expect(log.split('\n')).toEqual([
      `Instance       ${instanceId} in ${regionId}`,
      `Endpoint       ${endpoint}`,
      'CA             C=CN, O=Example, CN=Example CA',
      'Access key     from the inputs',
      `Serial number  ${snOf(ca)}`,
      'Registered     by this run, under the name "devices"',
      expect.stringMatching(/^Valid {10}from \S+Z to \S+Z$/),
    ])
    const code = (await casOf(service.emulator))[0]?.registrationCode ?? ''
    expect(masks).toContain(code)
    expect(stdout.replaceAll(/^::add-mask::.*$/gm, '')).not.toContain(code)
  })

  it('is shown in the job summary, escaped and without the code', async () => {
    const run = await service.register(withKey(ca, '<script>`x`</script> | &amp;'))
    const code = (await casOf(service.emulator))[0]?.registrationCode ?? ''
    expect(code).not.toBe('')
    expect(run.summary).not.toContain(code)
    expect(run.summary).not.toContain('<script>')
    for (const shown of [
      service.emulator.info.instanceId,
      '&lt;script&gt;`x`&lt;/script&gt; | &amp;amp;',
      snOf(ca),
      'C=CN, O=Example, CN=Example CA',
      ca.certificate.validToDate.toISOString(),
      ca.certificate.fingerprint256,
      'by this run',
    ]) {
      expect(run.summary).toContain(shown)
    }
  })

  it('is registered when the job summary cannot be written', async () => {
    const run = await service.register(withKey(ca), { env: { GITHUB_STEP_SUMMARY: '/nowhere/summary' } })
    expect(run).toMatchObject({ exitCode: 0, outputs: { created: 'true' } })
    expect(run.log).toMatch(/^Summary +not written/m)
  })

  it('is registered with a verification certificate that was made elsewhere', async () => {
    const { pem, registerCode } = await verification()
    const given = { 'ca-name': 'devices', 'ca-certificate': ca.pem, 'verification-certificate': pem }
    const run = await service.register({ ...given, 'register-code': registerCode })
    expect(run).toMatchObject({ exitCode: 0, outputs: { created: 'true', sn: snOf(ca) } })
    expect(run.masks).toContain(registerCode)
    expect(await calls()).toEqual(['GetRegisterCode', 'GetCaCertificate', 'RegisterCaCertificate'])

    // Also with a code that does not match: a registered CA needs no code.
    for (const more of [{}, { 'register-code': `${registerCode}0` }]) {
      const again = await service.register({ ...given, ...more })
      expect(again).toMatchObject({ exitCode: 0, outputs: { created: 'false', sn: snOf(ca) } })
    }
  })

  it('is not registered when register-code and verification-certificate differ', async () => {
    const { pem, registerCode } = await verification()
    const given = { 'ca-name': 'devices', 'ca-certificate': ca.pem, 'verification-certificate': pem }
    const run = await service.register({ ...given, 'register-code': `${registerCode}0` })
    expect(run.annotations).toEqual([
      expect.stringMatching(/contains another register code than the input register-code/),
    ])
    expect(await calls()).toEqual(['GetRegisterCode', 'GetCaCertificate'])
  })

  it('is refused with a used code', async () => {
    const { pem } = await verification()
    const given = { 'ca-name': 'devices', 'ca-certificate': ca.pem, 'verification-certificate': pem }
    await service.register(given)
    await changeBehind(service.emulator, ca, 'delete')
    const run = await service.register(given)
    expect(run).toMatchObject({ exitCode: 1, outputs: {} })
    expect(run.annotations).toEqual([
      expect.stringMatching(
        /register code in the certificate in verification-certificate was already used \(RegisterCodeUsed/,
      ),
    ])
    expect(await casOf(service.emulator)).toEqual([])
  })
})

describe('a CA that is registered', () => {
  beforeEach(async () => {
    expect(await service.register(withKey(ca, 'first'))).toMatchObject({ exitCode: 0 })
  })

  it('is found with one call, and keeps its name', async () => {
    const before = (await calls()).length
    const run = await service.register(withKey(ca, 'second'))
    expect(run).toMatchObject({ exitCode: 0, outputs: { sn: snOf(ca), status: 'active', created: 'false' } })
    expect(run.log).toContain('before this run, under the name "first"')
    expect((await calls()).slice(before)).toEqual(['GetCaCertificate'])
    expect(await casOf(service.emulator)).toMatchObject([{ name: 'first' }])
  })

  it('is found with one call by each of several runs', async () => {
    const before = (await calls()).length
    for (let run = 0; run < 5; run++) await service.register(withKey(ca))
    expect((await calls()).slice(before)).toEqual(Array(5).fill('GetCaCertificate'))
  })

  it('causes an error when a different CA has its serial number, and is not changed', async () => {
    const other = await makeCa({ serialNumber: ca.certificate.serialNumber })
    const run = await service.register(withKey(other))
    expect(run).toMatchObject({ exitCode: 1, outputs: {} })
    expect(run.annotations).toEqual([
      expect.stringMatching(/^Another CA with the serial number 00f2\w+ is registered .*"first"/),
    ])
    expect(await casOf(service.emulator)).toMatchObject([{ name: 'first', content: ca.pem }])
  })

  it('causes an error when it is inactive, and stays inactive', async () => {
    await changeBehind(service.emulator, ca, 'inactivate')
    const run = await service.register(withKey(ca))
    expect(run).toMatchObject({ exitCode: 1, outputs: {} })
    expect(run.annotations).toEqual([expect.stringMatching(/but it is inactive\. .*activate: true\.$/)])
    expect(await casOf(service.emulator)).toMatchObject([{ isActive: false }])
  })

  it('is activated with activate: true, and the change is verified', async () => {
    await changeBehind(service.emulator, ca, 'inactivate')
    const before = (await calls()).length
    const run = await service.register({ ...withKey(ca), activate: 'true' })
    expect(run).toMatchObject({ exitCode: 0, outputs: { status: 'active', created: 'false' } })
    expect(run.log).toContain('activated by this run')
    expect((await calls()).slice(before)).toEqual([
      'GetCaCertificate',
      'ActiveCaCertificate',
      'GetCaCertificate',
    ])
    expect(await casOf(service.emulator)).toMatchObject([{ isActive: true }])
  })
})

describe('two registrations of one CA at the same time', () => {
  it('both succeed, and register it once', async () => {
    for (let round = 0; round < 4; round++) {
      await service.emulator.reset()
      const runs = await Promise.all([service.register(withKey(ca)), service.register(withKey(ca))])
      expect(runs).toMatchObject([{ exitCode: 0 }, { exitCode: 0 }])
      expect(runs.filter(({ outputs }) => outputs['created'] === 'true')).toHaveLength(1)
      expect(await casOf(service.emulator)).toMatchObject([{ isActive: true }])
    }
  })

  it('both succeed when neither finds the CA before it registers', async () => {
    // Both lookups report that the CA does not exist, so the service refuses the second registration.
    await service.emulator.setFaults([
      { operation: 'GetCaCertificate', fault: { code: 'FindCaBySnError' }, times: 2 },
    ])
    const runs = await Promise.all([service.register(withKey(ca)), service.register(withKey(ca))])
    expect(runs).toMatchObject([{ exitCode: 0 }, { exitCode: 0 }])
    expect(runs.map(({ outputs }) => outputs['created']).toSorted()).toEqual(['false', 'true'])
    const codes = (await service.emulator.requests('RegisterCaCertificate')).map(({ code }) => code)
    expect(codes.toSorted()).toEqual(['SnNotUnique', null])
    expect(await casOf(service.emulator)).toHaveLength(1)
  })
})

describe('an instance that returns escaped line breaks', () => {
  const escaping = emulated({ lineEnds: 'escaped', statuses: 'later' })

  it('is supported', async () => {
    const first = await escaping.register(withKey(ca))
    const second = await escaping.register(withKey(ca))
    expect(first).toMatchObject({ exitCode: 0, outputs: { created: 'true' } })
    expect(second).toMatchObject({ exitCode: 0, outputs: { created: 'false' } })
  })
})

describe('an instance with 10,000 CAs', () => {
  const crowded = emulated({ instances: [{ generatedCas: 10_000 }] })

  it('needs no more calls for one more CA', async () => {
    expect(await crowded.register(withKey(ca))).toMatchObject({ exitCode: 0, outputs: { created: 'true' } })
    const first = (await crowded.emulator.requests()).map(({ operation }) => operation)
    expect(first).toEqual(['GetCaCertificate', 'GetRegisterCode', 'RegisterCaCertificate'])
    expect(await crowded.register(withKey(ca))).toMatchObject({ exitCode: 0, outputs: { created: 'false' } })
    expect(await crowded.emulator.requests()).toHaveLength(first.length + 1)
  })

  it('is listed to the end when the lookup by serial number fails', async () => {
    await crowded.register(withKey(ca))
    await crowded.emulator.setFaults([
      { operation: 'GetCaCertificate', fault: { code: 'FindCaBySnError' }, times: 'always' },
    ])
    const run = await crowded.register(withKey(ca))
    expect(run).toMatchObject({ exitCode: 0, outputs: { created: 'false' } })
    expect(await crowded.emulator.requests('ListCaCertificate')).toHaveLength(101)
  })
})
