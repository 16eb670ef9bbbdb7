import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { X509Certificate } from 'node:crypto'
import { afterAll, describe, expect, it } from '@jest/globals'
import { runStep, type StepRun } from '../../testing/run-step.ts'
import { makeCa, privateKey, type Issued, type Kind } from '../../testing/certificates.ts'

const CODE = '13274673-8f90-4630-bea1-9cccb25756ad2089473625'
const PASSPHRASE = 'of the CA key'
const folder = mkdtempSync(join(tmpdir(), 'sign-'))
afterAll(() => {
  rmSync(folder, { recursive: true })
})

async function sign(inputs: Readonly<Record<string, string>>, env: Readonly<Record<string, string>> = {}) {
  return await runStep('sign', { 'register-code': CODE, ...inputs }, { env: { RUNNER_TEMP: folder, ...env } })
}

function encryptedKey(ca: Issued): string {
  const form = { type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: PASSPHRASE } as const
  return ca.key.export(form).toString()
}

/** Returns the lines of a log without the mask commands. */
function shownBy({ stdout, stderr }: StepRun): string {
  return stdout.replaceAll(/^::add-mask::.*$/gm, '') + stderr
}

describe('the action sign (through dist/)', () => {
  it.each<Kind>(['RSA 2048', 'EC P-256', 'EC P-384', 'EC P-521'])('signs with %s', async (kind) => {
    const ca = await makeCa({ kind })
    const key = encryptedKey(ca)
    const step = await sign({
      'ca-certificate': ca.pem,
      'ca-private-key': key,
      'ca-private-key-passphrase': PASSPHRASE,
    })
    expect(step.annotations).toEqual([])
    expect(step.exitCode).toBe(0)
    const certificate = new X509Certificate(step.outputs['verification-certificate'] ?? '')
    expect(certificate.checkIssued(ca.certificate)).toBe(true)
    expect(certificate.verify(ca.certificate.publicKey)).toBe(true)
    expect(certificate.subject).toBe(`CN=${CODE}`)
    for (const secret of [CODE, PASSPHRASE, ...key.split('\n').slice(1, -2)]) {
      expect(shownBy(step)).not.toContain(secret)
    }
  })

  it('sets an output that contains nothing masked, so that another job can use it', async () => {
    const ca = await makeCa()
    const step = await sign({
      'ca-certificate': ca.pem,
      'ca-private-key': ca.key.export({ type: 'sec1', format: 'pem' }).toString(),
    })
    expect(step.masks).toContain(CODE)
    const values = Object.values(step.outputs).join('\n')
    for (const mask of step.masks) expect(values).not.toContain(mask)
  })

  it('writes one file, in RUNNER_TEMP', async () => {
    const ca = await makeCa()
    const keyFile = join(folder, 'ca.key')
    writeFileSync(keyFile, encryptedKey(ca))
    const before = readdirSync(folder)
    const step = await sign({
      'ca-certificate': ca.pem.replaceAll('\n', '\\n'),
      'ca-private-key': keyFile,
      'ca-private-key-passphrase': PASSPHRASE,
    })
    const added = readdirSync(folder).filter((name) => !before.includes(name))
    expect(added.map((name) => join(folder, name))).toEqual([step.outputs['verification-certificate-file']])
    expect(step.log).toContain(
      'CA             C=CN, O=Example, CN=Example CA\nCA key         EC P-256, signature',
    )
  })

  it.each<[string, (ca: Issued) => Promise<Record<string, string>> | Record<string, string>, RegExp]>([
    [
      'no code, as in another job',
      () => ({ 'register-code': '' }),
      /^Missing input: register-code\. .* GitHub passes no masked output to another job: .*seal-key.*unseal/,
    ],
    [
      'a sealed code',
      () => ({ 'register-code': `eyJhbGciOiJSU0EifQ.${'a2V5'.repeat(20)}.aXY.dGV4dA.dGFn` }),
      /^Invalid register-code: the value is a sealed code\. Open it with the unseal action/,
    ],
    [
      'the key of another CA',
      async () => ({ 'ca-private-key': encryptedKey(await makeCa()) }),
      /^The private key in ca-private-key does not belong to the CA certificate/,
    ],
    ['a wrong passphrase', () => ({ 'ca-private-key-passphrase': 'a wrong one' }), /could not be decrypted/],
    [
      'an Ed25519 key',
      () => ({ 'ca-private-key': privateKey('Ed25519').export({ type: 'pkcs8', format: 'pem' }).toString() }),
      /^The key in ca-private-key is an Ed25519 key, which ApsaraMQ for MQTT does not support\. Use a CA/,
    ],
    [
      'a code of two words',
      () => ({ 'register-code': 'two words' }),
      /^Invalid register-code: the value is not a register code\. Use 8 to 64 letters/,
    ],
  ])('refuses %s with one annotation, and leaves no file', async (_, change, message) => {
    const ca = await makeCa()
    const before = readdirSync(folder)
    const inputs = {
      'ca-certificate': ca.pem,
      'ca-private-key': encryptedKey(ca),
      'ca-private-key-passphrase': PASSPHRASE,
      ...(await change(ca)),
    }
    const step = await sign(inputs, { RUNNER_DEBUG: '1' })
    expect(step.exitCode).toBe(1)
    expect(step.annotations).toEqual([expect.stringMatching(message)])
    expect(step.outputs).toEqual({})
    expect(readdirSync(folder)).toEqual(before)
    for (const secret of [
      CODE,
      inputs['ca-private-key-passphrase'],
      ...inputs['ca-private-key'].split('\n').slice(1, -2),
    ]) {
      expect(shownBy(step)).not.toContain(secret)
    }
  })

  it('names a pull request from a fork as the reason for a missing key', async () => {
    const GITHUB_EVENT_PATH = join(folder, 'event.json')
    const repo = (full_name: string) => ({ repo: { full_name } })
    const event = { pull_request: { head: repo('somebody/devices'), base: repo('acme/devices') } }
    writeFileSync(GITHUB_EVENT_PATH, JSON.stringify(event))
    const env = { GITHUB_EVENT_PATH, GITHUB_EVENT_NAME: 'pull_request' }
    const { annotations } = await sign({ 'ca-certificate': (await makeCa()).pem, 'ca-private-key': '' }, env)
    expect(annotations).toEqual([
      expect.stringMatching(
        /^Missing input: ca-private-key\. GitHub passes neither .* pull request from a fork/,
      ),
    ])
  })

  it.each([
    ['none', 'ENOENT'],
    ['file', 'ENOTDIR'],
  ])('names a folder for temporary files that it cannot write to: %s', async (name, reason) => {
    const ca = await makeCa()
    const RUNNER_TEMP = join(folder, name)
    if (name === 'file') writeFileSync(RUNNER_TEMP, '')
    const { annotations } = await sign(
      {
        'ca-certificate': ca.pem,
        'ca-private-key': encryptedKey(ca),
        'ca-private-key-passphrase': PASSPHRASE,
      },
      { RUNNER_TEMP },
    )
    expect(annotations).toEqual([expect.stringContaining(`RUNNER_TEMP names: ${RUNNER_TEMP} (${reason})`)])
  })
})
