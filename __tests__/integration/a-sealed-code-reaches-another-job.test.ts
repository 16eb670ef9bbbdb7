import { createPublicKey, type KeyObject } from 'node:crypto'
import { describe, expect, it } from '@jest/globals'
import { runStep, type StepRun } from '../../testing/run-step.ts'
import { keyPairSealKey, passphraseSealKey, seal } from '../../src/seal.ts'
import { privateKey } from '../../testing/certificates.ts'
import { emulated } from '../support/emulated.ts'

const CODE = '13274673-8f90-4630-bea1-9cccb25756ad2089473625'
const INSTANCE = 'post-cn-7mz2d3fxyz1'
const PASSPHRASE = 'a passphrase for seals'
const RUN = { GITHUB_REPOSITORY: 'example/devices', GITHUB_RUN_ID: '17263548901' }
const SEALED = {
  registerCode: CODE,
  instanceId: INSTANCE,
  repository: RUN.GITHUB_REPOSITORY,
  runId: RUN.GITHUB_RUN_ID,
}

const rsa = privateKey('RSA 2048')
const ec = privateKey('EC P-384')
const rsaPem = rsa.export({ type: 'pkcs1', format: 'pem' }).toString()
const ecPem = ec.export({ type: 'sec1', format: 'pem' }).toString()

async function unseal(inputs: Readonly<Record<string, string>>, env: Readonly<Record<string, string>> = {}) {
  return await runStep('unseal', inputs, { env: { ...RUN, ...env } })
}

function shownBy({ stdout, stderr }: StepRun): string {
  return stdout.replaceAll(/^::add-mask::.*$/gm, '') + stderr
}

describe('the action unseal (through dist/)', () => {
  it.each([
    ['a passphrase', passphraseSealKey(PASSPHRASE), PASSPHRASE],
    ['an RSA key', keyPairSealKey(createPublicKey(rsa)), rsaPem],
    ['an EC key', keyPairSealKey(createPublicKey(ec)), ecPem.replaceAll('\n', '\\n')],
  ])('opens a seal made with %s, and masks the code', async (_, sealKey, openingKey) => {
    const step = await unseal({ 'sealed-register-code': await seal(SEALED, sealKey), 'seal-key': openingKey })
    expect(step.annotations).toEqual([])
    expect(step.exitCode).toBe(0)
    expect(step.outputs).toEqual({ 'register-code': CODE, 'instance-id': INSTANCE })
    expect(step.masks).toContain(CODE)
    const secrets = [CODE, PASSPHRASE, ...rsaPem.split('\n').slice(1, -2), ...ecPem.split('\n').slice(1, -2)]
    for (const secret of secrets) expect(shownBy(step)).not.toContain(secret)
  })

  it.each<[string, Record<string, string>, Record<string, string>, RegExp]>([
    [
      'a foreign repository',
      {},
      { GITHUB_REPOSITORY: 'fork/devices' },
      /^The seal was made in the repository example/,
    ],
    [
      'a foreign run',
      {},
      { GITHUB_RUN_ID: '2' },
      /^The seal was made in the workflow run 17263548901, but this is 2/,
    ],
    [
      'a wrong key',
      { 'seal-key': privateKey('EC P-256').export({ type: 'pkcs8', format: 'pem' }).toString() },
      {},
      /^The seal cannot be opened: seal-key is the wrong key/,
    ],
    [
      'a passphrase for a key',
      { 'seal-key': PASSPHRASE },
      {},
      /^The seal needs an EC key, but seal-key is a passphrase/,
    ],
    [
      'a code that is not sealed',
      { 'sealed-register-code': CODE },
      {},
      /^Invalid sealed-register-code: the value is a register code that is not sealed\. Set seal-key/,
    ],
    ['a seal that was cut', { 'sealed-register-code': 'eyJ.a.b.c' }, {}, /^The seal cannot be opened/],
  ])('refuses %s with one annotation and no secret in the log', async (_, inputs, env, message) => {
    const sealed = await seal(SEALED, keyPairSealKey(createPublicKey(ec)))
    const step = await unseal(
      { 'sealed-register-code': sealed, 'seal-key': ecPem, ...inputs },
      { ...env, RUNNER_DEBUG: '1', DEBUG: '*' },
    )
    expect(step.exitCode).toBe(1)
    expect(step.annotations).toEqual([expect.stringMatching(message)])
    expect(step.outputs).toEqual({})
    for (const secret of [CODE, PASSPHRASE, ...ecPem.split('\n').slice(1, -2)]) {
      expect(shownBy(step)).not.toContain(secret)
    }
  })
})

describe('the root action (through dist/)', () => {
  const service = emulated()

  it.each([
    ['a passphrase', PASSPHRASE, PASSPHRASE],
    ['an RSA key', publicHalf(rsaPem), rsaPem],
    ['an EC key', publicHalf(ecPem), ecPem],
  ])('seals the code with %s for another job', async (_, sealKey, openingKey) => {
    const fetched = await service.getRegisterCode({ 'seal-key': sealKey }, RUN)
    expect(fetched.annotations).toEqual([])
    const { 'register-code': code = '', 'sealed-register-code': sealed = '' } = fetched.outputs
    expect(fetched.masks).toContain(code)
    // The runner drops a job output that contains a masked value.
    const readable = [
      sealed,
      ...sealed.split('.').map((part) => Buffer.from(part, 'base64url').toString('latin1')),
    ]
    for (const mask of fetched.masks) expect(readable.join('\n')).not.toContain(mask)
    expect(shownBy(fetched)).not.toContain(code)
    expect(shownBy(fetched)).not.toContain(PASSPHRASE)
    expect(fetched.log).toMatch(/^Seal +for other jobs of this run; output sealed-register-code$/m)

    const opened = await unseal({ 'sealed-register-code': sealed, 'seal-key': openingKey })
    expect(opened.outputs).toEqual({ 'register-code': code, 'instance-id': service.emulator.info.instanceId })
  })

  it('sets no seal without seal-key, and then needs no workflow run', async () => {
    const { outputs } = await service.getRegisterCode()
    expect(Object.keys(outputs)).toEqual(['register-code', 'request-id'])
  })

  it.each([
    [
      'a short passphrase',
      'too short',
      RUN,
      /^Invalid seal-key: the passphrase has fewer than 16 characters/,
    ],
    ['a private key', ecPem, RUN, /^The input seal-key contains a private key/],
    ['a key that is too short', publicHalf(privateKey('RSA 1024')), RUN, /an RSA key of 1024 bits/],
    ['no workflow run', PASSPHRASE, { ...RUN, GITHUB_RUN_ID: '' }, /^GITHUB_RUN_ID is not set/],
  ])('rejects an invalid seal-key before the first call: %s', async (_, sealKey, env, message) => {
    const step = await service.getRegisterCode({ 'seal-key': sealKey }, env)
    expect(step.exitCode).toBe(1)
    expect(step.annotations).toEqual([expect.stringMatching(message)])
    expect(await service.emulator.requests()).toEqual([])
    // The access key is masked nevertheless.
    expect(step.masks).toContain(service.emulator.info.accessKeySecret)
    if (sealKey !== ecPem) return
    for (const line of ecPem.split('\n').slice(1, -2)) expect(shownBy(step)).not.toContain(line)
  })

  function publicHalf(key: KeyObject | string): string {
    return createPublicKey(key).export({ type: 'spki', format: 'pem' }).toString()
  }
})
