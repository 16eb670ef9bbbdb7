import 'reflect-metadata'
import { createPublicKey } from 'node:crypto'
import * as x509 from '@peculiar/x509'
import { CompactEncrypt } from 'jose'
import { beforeAll, describe, expect, it } from '@jest/globals'
import { runStep } from '../../testing/run-step.ts'
import { makeCa, makeLeaf, privateKey } from '../../testing/certificates.ts'
import { emulated, workingInputs } from '../support/emulated.ts'
import { runStepInProcess } from '../support/step-in-process.ts'
import { trust, withKey } from '../../testing/registered-cas.ts'

const service = emulated()
const ca = await makeCa()
const CODE = '13274673-8f90-4630-bea1-9cccb25756ad2089473625'

/** Texts that are too long, too short or contain other characters than a register code. */
const NO_CODES = [
  'a',
  '1234567',
  'x'.repeat(65),
  'two words',
  'with\nlines',
  '$(date)-1234',
  'semi;colon',
  'a"quoted"b',
  '*.?[a-z]',
  'überlang',
]

/** Runs sign, by default in this process. Tests whose titles say "through dist/" run the shipped bundle. */
async function signWith(code: string, run: typeof runStep = runStepInProcess) {
  const { 'ca-certificate': certificate = '', 'ca-private-key': key = '' } = withKey(ca)
  return await run('sign', {
    'register-code': code,
    'ca-certificate': certificate,
    'ca-private-key': key,
  })
}

describe('the input register-code', () => {
  it.each(NO_CODES)('is refused by sign when it is not a valid code: %j', async (code) => {
    const run = await signWith(code)
    expect(run.exitCode).toBe(1)
    expect(run.annotations).toEqual([expect.stringMatching(/^Invalid register-code: /)])
    expect(run.outputs).toEqual({})
  })

  it.each([
    ['***', /is stars/],
    ['"***"', /is stars/],
    ['${{ steps.code.outputs.register-code }}', /is an expression that was not evaluated/],
    ['$REGISTER_CODE', /is the name of a variable/],
    ['${REGISTER_CODE}', /is the name of a variable/],
    ['"$REGISTER_CODE"', /is the name of a variable/],
    ['$env:REGISTER_CODE', /is the name of a variable/],
    ['%REGISTER_CODE%', /is the name of a variable/],
    [`"${CODE}"`, /is in quotes/],
    [`'${CODE}'`, /is in quotes/],
    [`${CODE}"`, /is in quotes/],
    ['eyJhbGciOiJQQkVTMi1IUzUxMitBMjU2S1cifQ.YQ.YQ.YQ.YQ', /is a sealed code.*unseal/],
  ])('is refused with a hint at the likely mistake: %s', async (code, text) => {
    const run = await signWith(code)
    expect(run.annotations).toEqual([expect.stringMatching(text)])
    expect(run.annotations[0]).toMatch(/^Invalid register-code: .*register-code/)
    expect(run.outputs).toEqual({})
    const register = { 'ca-name': 'devices', 'ca-certificate': ca.pem, 'verification-certificate': ca.pem }
    const registering = { ...workingInputs(service.emulator), ...register, 'register-code': code }
    expect((await runStepInProcess('register', registering)).annotations).toEqual(run.annotations)
  })

  it('masks a code in quotes, but no placeholder (through dist/)', async () => {
    expect((await signWith(`"${CODE}"`, runStep)).masks).toContain(CODE)
    for (const code of ['***', '${{ env.CODE }}', '$CODE'])
      expect((await signWith(code, runStep)).masks).not.toContain(code)
  })

  it.each([CODE, '12345678', 'x'.repeat(64), 'A-_.:+/=@~9'])(
    'is signed when it is a valid code: %s',
    async (code) => {
      expect(await signWith(code)).toMatchObject({ exitCode: 0, annotations: [] })
    },
  )
})

describe('a register code from the service', () => {
  beforeAll(() => {
    trust(service.emulator)
  })

  it.each(NO_CODES)(
    'is reported as an invalid response and is not masked when it is not valid: %j',
    async (registerCode) => {
      await service.emulator.setFaults([
        { operation: 'GetRegisterCode', fault: { registerCode }, times: 'always' },
      ])
      const run = await runStepInProcess('.', { ...workingInputs(service.emulator), 'max-attempts': '1' })
      expect(run.annotations).toEqual([
        expect.stringMatching(/responded with (a register code that contains white|something)/),
      ])
      expect(run.outputs).toEqual({})
      expect(run.masks).not.toContain(registerCode)
    },
  )
})

describe('the Common Name of a verification certificate', () => {
  it.each(['a', 'two words', '***', 'x'.repeat(64) + '!'])(
    'is refused and is not masked when it is not a valid code: %j',
    async (name) => {
      const { pem } = await makeLeaf({ issuer: ca, subject: new x509.Name([{ CN: [name] }]) })
      const inputs = { 'ca-name': 'devices', 'ca-certificate': ca.pem, 'verification-certificate': pem }
      const run = await runStepInProcess('register', { ...workingInputs(service.emulator), ...inputs })
      expect(run.annotations).toEqual([
        expect.stringMatching(
          /^The Common Name of the certificate in verification-certificate is not a register code/,
        ),
      ])
      expect(run.masks).not.toContain(name)
      expect(await service.emulator.requests()).toEqual([])
    },
  )
})

describe('a seal from another program', () => {
  const key = privateKey('EC P-256')
  const claims = { register_code: CODE, instance_id: 'post-cn-1', repository: 'acme/devices', run_id: '42' }

  /** Seals the claims with the public key, and opens the seal with the action. */
  async function unseal(changed: Record<string, string>, run: typeof runStep = runStepInProcess) {
    const now = Math.floor(Date.now() / 1000)
    const text = JSON.stringify({ ...claims, iat: now, exp: now + 3600, ...changed })
    const jwe = new CompactEncrypt(new TextEncoder().encode(text))
    jwe.setProtectedHeader({ alg: 'ECDH-ES+A256KW', enc: 'A256GCM' })
    const inputs = {
      'sealed-register-code': await jwe.encrypt(createPublicKey(key)),
      'seal-key': key.export({ type: 'pkcs8', format: 'pem' }).toString(),
    }
    return await run('unseal', inputs, {
      env: { GITHUB_REPOSITORY: 'acme/devices', GITHUB_RUN_ID: '42' },
    })
  }

  it('opens when it contains a code and an instance (through dist/)', async () => {
    expect((await unseal({}, runStep)).outputs).toEqual({ 'register-code': CODE, 'instance-id': 'post-cn-1' })
  })

  it.each(NO_CODES)('is refused when it contains an invalid code: %j', async (code) => {
    const run = await unseal({ register_code: code })
    expect(run).toMatchObject({ exitCode: 1, outputs: {} })
    expect(run.masks).not.toContain(code)
  })

  it.each(['', 'two words', 'a\nb', '$(date)', 'x'.repeat(65), 'a"b'])(
    'is refused when it contains an invalid instance: %j',
    async (id) => {
      expect(await unseal({ instance_id: id })).toMatchObject({ exitCode: 1, outputs: {} })
    },
  )
})
