import { generateKeyPairSync, X509Certificate } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { makeCa } from '../../testing/certificates.ts'
import { casOf, trust } from '../../testing/registered-cas.ts'
import { runStep, type StepRun } from '../../testing/run-step.ts'
import { emulated, keyless, withKms, workingInputs } from '../support/emulated.ts'
import { caInKms } from '../support/kms.ts'
import { runStepInProcess } from '../support/step-in-process.ts'

const CODE = '13274673-8f90-4630-bea1-9cccb25756ad2089473625'
const SIGNING_CALLS = ['DescribeKey', 'ListKeyVersions', 'GetPublicKey', 'AsymmetricSign']
type Inputs = Readonly<Record<string, string>>

const folder = mkdtempSync(join(tmpdir(), 'kms-'))
const shared = emulated()
beforeAll(() => {
  trust(shared.emulator)
})
afterAll(() => {
  rmSync(folder, { recursive: true })
})

/** Runs the step through `dist/`, or from `src/` in this process. */
async function run(
  action: string,
  inputs: Inputs,
  env: Inputs = {},
  runOne: typeof runStep = runStep,
): Promise<StepRun> {
  const { emulator } = shared
  const needed = action === 'register' ? workingInputs(emulator) : {}
  return await runOne(
    action,
    { ...needed, ...withKms(emulator), ...inputs },
    { env: { NODE_EXTRA_CA_CERTS: emulator.info.caFile, RUNNER_TEMP: folder, ...env } },
  )
}

async function operations(): Promise<string[]> {
  return (await shared.emulator.requests()).map(({ operation }) => operation)
}

const KINDS = [
  { kind: 'an EC', keyId: () => shared.emulator.info.kmsKeyId, spec: 'EC_P256' },
  { kind: 'an RSA', keyId: () => shared.emulator.info.kmsRsaKeyId, spec: 'RSA_2048' },
]

describe.each(KINDS)('with $kind key in KMS,', ({ keyId, spec }) => {
  it('create-ca makes a self-signed CA', async () => {
    const step = await run('create-ca', { 'kms-key-id': keyId(), subject: 'CN=A CA,O=Example' })
    expect(step).toMatchObject({ exitCode: 0, annotations: [], stderr: '' })
    const { outputs, summary } = step
    const ca = new X509Certificate(outputs['ca-certificate'] ?? '')
    expect(ca.verify(ca.publicKey)).toBe(true)
    expect(ca.ca).toBe(true)
    expect(ca.subject).toBe('O=Example\nCN=A CA')
    expect(outputs['serial-number']).toMatch(/^[1-7][\da-f]{31}$/)
    expect(outputs['fingerprint']).toBe(ca.fingerprint256)
    expect(readFileSync(outputs['ca-certificate-file'] ?? '', 'utf8')).toBe(outputs['ca-certificate'])
    expect(summary).toMatch(new RegExp(`KMS key ${keyId()}, version [\\w-]+, ${spec}`))
    expect(summary).toContain('-----BEGIN CERTIFICATE-----\n')
    expect(await operations()).toEqual(SIGNING_CALLS)
  })

  it('sign makes a verification certificate', async () => {
    const ca = await caInKms(shared.emulator, keyId())
    const step = await run('sign', { 'kms-key-id': keyId(), 'register-code': CODE, 'ca-certificate': ca })
    expect(step).toMatchObject({ exitCode: 0, annotations: [], stderr: '' })
    const certificate = new X509Certificate(step.outputs['verification-certificate'] ?? '')
    expect(certificate.verify(new X509Certificate(ca).publicKey)).toBe(true)
    expect(certificate.subject).toBe(`CN=${CODE}`)
    expect(step.masks).toContain(CODE)
    expect(step.summary).toContain(`KMS key ${keyId()}, version `)
  })

  it('register registers the CA once, without one stored secret', async () => {
    const { inputs: oidc, env } = keyless(shared.emulator)
    const inputs = {
      ...oidc,
      'access-key-id': '',
      'access-key-secret': '',
      'kms-key-id': keyId(),
      'ca-name': 'devices',
      'ca-certificate': await caInKms(shared.emulator, keyId()),
    }
    await shared.emulator.reset()
    const step = await run('register', inputs, env)
    expect(step).toMatchObject({ exitCode: 0, annotations: [], outputs: { created: 'true' } })
    expect(step.summary).toContain(`KMS key ${keyId()}, version `)
    expect(await run('register', inputs, env)).toMatchObject({ exitCode: 0, outputs: { created: 'false' } })
    expect(await casOf(shared.emulator)).toMatchObject([{ name: 'devices' }])
    // The second run asks KMS nothing.
    const inKms = (await operations()).filter((name) => SIGNING_CALLS.includes(name))
    expect(inKms).toEqual(SIGNING_CALLS)
  })
})

describe('the version of a key', () => {
  const versions = emulated({
    kmsKeys: [
      { versions: 3, alias: 'device-ca' },
      { id: 'key-with-one', versions: 1 },
    ],
  })
  beforeAll(() => {
    trust(versions.emulator)
  })
  const inputsFor = (inputs: Inputs) => ({ ...withKms(versions.emulator, 'alias/device-ca'), ...inputs })
  const runIn = async (action: string, inputs: Inputs): Promise<StepRun> =>
    await runStepInProcess(action, inputsFor(inputs), {
      env: { NODE_EXTRA_CA_CERTS: versions.emulator.info.caFile, RUNNER_TEMP: folder },
    })

  it('must be named to make a CA, and is found by the certificate to sign', async () => {
    const subject = 'CN=A CA'
    const { annotations } = await runIn('create-ca', { subject })
    expect(annotations[0]).toMatch(
      /has 3 versions.*\. Set kms-key-version-id to the version to use: [\w, -]+\.$/,
    )
    const [, , third = ''] = annotations[0]?.split(': ').at(-1)?.replace('.', '').split(', ') ?? []
    const made = await runIn('create-ca', { subject, 'kms-key-version-id': third })
    expect(made).toMatchObject({ exitCode: 0 })
    const ca = made.outputs['ca-certificate'] ?? ''
    const signed = await runIn('sign', { 'register-code': CODE, 'ca-certificate': ca })
    expect(signed).toMatchObject({ exitCode: 0 })
    expect(signed.log).toContain(`version ${third}, EC_P256`)
  })

  it('must belong to the certificate', async () => {
    const ca = (await makeCa()).pem
    const { annotations } = await runIn('sign', { 'register-code': CODE, 'ca-certificate': ca })
    expect(annotations).toEqual([
      expect.stringMatching(/^The certificate in ca-certificate does not belong to the key .*all 3 versions/),
    ])
  })
})

describe('a key that cannot sign', () => {
  const odd = emulated({
    kmsKeys: [
      { id: 'key-k1', keySpec: 'EC_P256K' },
      { id: 'key-sm2', keySpec: 'EC_SM2' },
      { id: 'key-aes', keySpec: 'Aliyun_AES_256' },
      { id: 'key-encrypts', keySpec: 'RSA_2048', keyUsage: 'ENCRYPT/DECRYPT' },
      { id: 'key-off', keyState: 'Disabled' },
      { id: 'key-dying', keyState: 'PendingDeletion' },
      { id: 'key-importing', keyState: 'PendingImport' },
      { id: 'key-denied', denies: ['kms:AsymmetricSign'] },
      { id: 'key-far', isPublic: false },
    ],
  })

  beforeAll(() => {
    trust(odd.emulator)
  })

  it.each([
    ['key-k1', 'EC_P256K', 'Use an asymmetric key for SIGN/VERIFY'],
    ['key-sm2', 'EC_SM2', 'Use an asymmetric key for SIGN/VERIFY'],
    ['key-aes', 'ENCRYPT/DECRYPT', 'Use an asymmetric key for SIGN/VERIFY'],
    ['key-encrypts', 'ENCRYPT/DECRYPT', 'Use an asymmetric key for SIGN/VERIFY'],
    ['key-off', 'its state is Disabled', 'Enable it in KMS'],
    ['key-dying', 'its state is PendingDeletion', 'Cancel the deletion'],
    ['key-importing', 'its state is PendingImport', 'it must be Enabled'],
    ['key-denied', 'kms:AsymmetricSign', 'the policy of the key in KMS'],
    ['key-far', 'does not support GetPublicKey', 'needs Internet access'],
    ['key-none', 'does not exist', 'Check kms-key-id and region-id'],
    ['alias/none', 'The alias alias/none does not exist', 'Check kms-key-id, alias/NAME'],
  ])('%s is refused', async (keyId, what, fix) => {
    const step = await runStepInProcess(
      'create-ca',
      { ...withKms(odd.emulator, keyId), subject: 'CN=A CA' },
      { env: { NODE_EXTRA_CA_CERTS: odd.emulator.info.caFile, RUNNER_TEMP: folder } },
    )
    expect(step).toMatchObject({ exitCode: 1, outputs: {}, annotations: [expect.any(String)] })
    expect(step.annotations[0]).toContain(what)
    expect(step.annotations[0]).toContain(fix)
  })

  it('costs no register code', async () => {
    const step = await runStep(
      'register',
      {
        ...workingInputs(odd.emulator),
        ...withKms(odd.emulator, 'key-off'),
        'ca-name': 'devices',
        'ca-certificate': (await makeCa()).pem,
      },
      { env: { NODE_EXTRA_CA_CERTS: odd.emulator.info.caFile } },
    )
    expect(step).toMatchObject({ exitCode: 1, outputs: {} })
    expect((await odd.emulator.requests()).map(({ operation }) => operation)).toEqual([
      'GetCaCertificate',
      'DescribeKey',
    ])
  })
})

describe('an odd response of KMS', () => {
  const spki = (type: 'ed25519' | 'rsa') =>
    (type === 'rsa'
      ? generateKeyPairSync('rsa', { modulusLength: 2048 })
      : generateKeyPairSync('ed25519')
    ).publicKey.export({ type: 'spki', format: 'pem' })
  const key = { KeyId: 'another', KeySpec: 'EC_P256', KeyUsage: 'SIGN/VERIFY', KeyState: 'Enabled' }

  it.each<[string, string, () => unknown, string]>([
    ['another key', 'DescribeKey', () => ({ KeyMetadata: key }), 'about another key'],
    [
      'no version',
      'ListKeyVersions',
      () => ({ KeyVersions: { KeyVersion: [] }, TotalCount: 0 }),
      'without the versions of the key',
    ],
    [
      'a public key of another kind',
      'GetPublicKey',
      () => ({ PublicKey: spki('ed25519') }),
      'does not fit the key spec',
    ],
    ['a public key of another type', 'GetPublicKey', () => ({ PublicKey: spki('rsa') }), 'does not fit'],
    [
      'a certificate for a public key',
      'GetPublicKey',
      () => ({ PublicKey: '-----BEGIN CERTIFICATE-----' }),
      'not a public key',
    ],
    [
      'a wrong signature',
      'AsymmetricSign',
      () => ({ Value: 'AAAA' }),
      'a signature that is not one of the key',
    ],
  ])('with %s is a clear error', async (_, operation, body, message) => {
    await shared.emulator.setFaults([
      { operation, fault: { status: 200, body: JSON.stringify(body()) }, times: 'always' },
    ])
    const step = await run('create-ca', { subject: 'CN=A CA', 'max-attempts': '2' }, {}, runStepInProcess)
    expect(step).toMatchObject({ exitCode: 1, outputs: {}, annotations: [expect.stringContaining(message)] })
  })
})

describe('before any call', () => {
  const refused: readonly (readonly [string, string, Inputs, RegExp])[] = [
    ['sign', 'both keys', { 'ca-private-key': 'KEY' }, /^Both ca-private-key and kms-key-id are set/],
    [
      'register',
      'a key and a certificate',
      { 'verification-certificate': 'CERTIFICATE' },
      /^Both verification-certificate and kms-key-id are set/,
    ],
    ['register', 'a key and a code', { 'register-code': CODE }, /^Both register-code and kms-key-id are set/],
    ['sign', 'an invalid ID', { 'kms-key-id': 'a b' }, /^Invalid kms-key-id\. Use the ID/],
    ['sign', 'an invalid version', { 'kms-key-version-id': 'a/b' }, /^Invalid kms-key-version-id\./],
    [
      'sign',
      'a version without a key',
      { 'kms-key-id': '', 'kms-key-version-id': 'v' },
      /^kms-key-version-id is set without kms-key-id/,
    ],
    ['sign', 'an endpoint without a key', { 'kms-key-id': '' }, /^kms-endpoint is set without kms-key-id/],
    ['create-ca', 'no key', { 'kms-key-id': '', 'kms-endpoint': '' }, /^Missing input: kms-key-id/],
    ['create-ca', 'no subject', { subject: '' }, /^Missing input: subject/],
    ['create-ca', 'an odd subject', { subject: '/CN=x' }, /^Invalid subject: it starts with a slash/],
    ['sign', 'an endpoint with a scheme', { 'kms-endpoint': 'https://x' }, /^Invalid kms-endpoint/],
  ]
  it.each(refused)('%s refuses %s', async (action, _, inputs, message) => {
    const ca = await makeCa()
    const given: Record<string, string> = {
      'create-ca': { subject: 'CN=A CA' },
      sign: { 'register-code': CODE, 'ca-certificate': ca.pem },
      register: { 'ca-name': 'devices', 'ca-certificate': ca.pem },
    }[action] as Record<string, string>
    const pem = {
      KEY: ca.key.export({ type: 'pkcs8', format: 'pem' }).toString(),
      CERTIFICATE: ca.pem,
    } as Record<string, string>
    const filled = Object.fromEntries(
      Object.entries(inputs).map(([name, value]) => [name, pem[value] ?? value]),
    )
    const step = await run(action, { ...given, ...filled }, {}, runStepInProcess)
    expect(step).toMatchObject({ exitCode: 1, outputs: {}, annotations: [expect.stringMatching(message)] })
    expect(await operations()).toEqual([])
  })

  it('sign says that credentials are not used without kms-key-id, and makes no call', async () => {
    const ca = await makeCa()
    const step = await run('sign', {
      'kms-key-id': '',
      'kms-endpoint': '',
      'register-code': CODE,
      'ca-certificate': ca.pem,
      'ca-private-key': ca.key.export({ type: 'pkcs8', format: 'pem' }).toString(),
    })
    expect(step).toMatchObject({ exitCode: 0, annotations: [] })
    expect(step.stdout).toContain('::notice::Not used: access-key-id, access-key-secret. Without kms-key-id')
    expect(step.masks).toContain(shared.emulator.info.accessKeySecret)
    expect(await operations()).toEqual([])
  })
})

describe('the policy of docs/kms.md', () => {
  const [, text = ''] =
    /--PolicyDocument "\$\(cat << EOF\n([^]*?)\nEOF/.exec(readFileSync('docs/kms.md', 'utf8')) ?? []
  const policy = JSON.parse(text.replaceAll(/\$\{\w+\}/g, '*')) as {
    Version: '1'
    Statement: [{ Effect: 'Allow'; Action: string[]; Resource: string }]
  }
  const [statement] = policy.Statement
  const needed = statement.Action
  const keyWith = (id: string, actions: readonly string[]) => ({
    id,
    secret: 'secret-of-an-emulated-key',
    policy: { ...policy, Statement: [{ ...statement, Action: [...actions] }] },
  })
  const narrow = emulated({
    accessKeys: [
      keyWith('all', needed),
      ...needed.map((action) =>
        keyWith(
          action.replace(':', '-'),
          needed.filter((one) => one !== action),
        ),
      ),
    ],
  })
  const createCa = async (accessKeyId: string): Promise<StepRun> =>
    await runStepInProcess(
      'create-ca',
      {
        ...withKms(narrow.emulator),
        'access-key-id': accessKeyId,
        'access-key-secret': 'secret-of-an-emulated-key',
        subject: 'CN=A CA',
      },
      { env: { NODE_EXTRA_CA_CERTS: narrow.emulator.info.caFile, RUNNER_TEMP: folder } },
    )
  beforeAll(() => {
    trust(narrow.emulator)
  })

  it('suffices', async () => {
    expect(await createCa('all')).toMatchObject({ exitCode: 0 })
  })

  it.each(needed)('needs %s', async (action) => {
    const { annotations } = await createCa(action.replace(':', '-'))
    expect(annotations).toEqual([expect.stringContaining(`does not allow ${action} on acs:kms:cn-hangzhou:`)])
  })
})
