import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { X509Certificate } from 'node:crypto'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { signAction } from '../../src/actions/sign.ts'
import { ActionError } from '../../src/errors.ts'
import { makeCa, makeLeaf, privateKey, type Issued } from '../../testing/certificates.ts'
import { inputs, withEnvironment } from '../support/in-process.ts'

const CODE = '13274673-8f90-4630-bea1-9cccb25756ad2089473625'
const PASSPHRASE = 'of the CA key'

let folder = ''
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sign-'))
})
afterEach(() => {
  rmSync(folder, { recursive: true, force: true })
})

async function sign(values: Readonly<Record<string, string>>, env: Readonly<Record<string, string>> = {}) {
  const run = await withEnvironment({ RUNNER_TEMP: folder, ...inputs(values), ...env }, signAction)
  const error = run.thrown instanceof ActionError ? run.thrown.describe((text) => text) : undefined
  if (run.thrown !== undefined && error === undefined)
    throw new Error('no ActionError', { cause: run.thrown })
  return { ...run, error, files: readdirSync(folder) }
}

function keyPem(ca: Issued): string {
  return ca.key.export({ type: 'pkcs8', format: 'pem' }).toString()
}

function given(ca: Issued): Record<string, string> {
  return { 'register-code': CODE, 'ca-certificate': ca.pem, 'ca-private-key': keyPem(ca), 'valid-days': '30' }
}

describe('sign', () => {
  it('writes the certificate to an output and to a file that only its user can read', async () => {
    const ca = await makeCa({ kind: 'RSA 2048' })
    const { error, outputFile, files, stdout } = await sign(given(ca))
    expect(error).toBeUndefined()
    const [, , pem = '', , path = ''] =
      /^verification-certificate<<(\S+)\n([^]*?)\n\1\nverification-certificate-file<<(\S+)\n(.*)\n\3\n$/.exec(
        outputFile,
      ) ?? []
    expect(files).toEqual([expect.stringMatching(/^verification-certificate-[\da-f-]{36}\.pem$/)])
    expect(path).toBe(join(folder, files[0] ?? ''))
    expect(readFileSync(path, 'utf8')).toBe(pem)
    expect(statSync(path).mode & 0o777).toBe(0o600)
    const certificate = new X509Certificate(pem)
    expect(certificate.checkIssued(ca.certificate)).toBe(true)
    expect(certificate.subject).toBe(`CN=${CODE}`)
    const days = (certificate.validToDate.getTime() - Date.now()) / (24 * 3600 * 1000)
    expect(days).toBeCloseTo(30, 2)
    const log = stdout.split('\n').filter((line) => !line.startsWith('::'))
    expect(log).toEqual([
      'CA             C=CN, O=Example, CN=Example CA',
      'CA key         RSA 2048, signature sha256WithRSAEncryption',
      expect.stringMatching(/^Valid {10}from \S+Z to \S+Z$/),
      `Certificate    output verification-certificate, and file ${path}`,
      '',
    ])
  })

  it('accepts paths, an encrypted key, and its own number of days', async () => {
    const ca = await makeCa()
    const certificateFile = join(folder, 'ca.pem')
    const keyFile = join(folder, 'ca.key')
    writeFileSync(certificateFile, ca.pem)
    const encrypted = { type: 'sec1', format: 'pem', cipher: 'aes-256-cbc', passphrase: PASSPHRASE } as const
    writeFileSync(keyFile, ca.key.export(encrypted))
    const { error, files, stdout } = await sign({
      'register-code': CODE,
      'ca-certificate': certificateFile,
      'ca-private-key': keyFile,
      'ca-private-key-passphrase': PASSPHRASE,
      'valid-days': '2',
    })
    expect(error).toBeUndefined()
    expect(files).toHaveLength(3)
    const line = readFileSync(keyFile, 'utf8').split('\n')[4] ?? 'none'
    expect(stdout).toContain(`::add-mask::${line}\n`)
    expect(stdout).toContain(`::add-mask::${PASSPHRASE}\n`)
    expect(stdout).not.toContain(`::add-mask::${keyFile}`)
  })

  it('masks the rest of a key without its first line', async () => {
    const ca = await makeCa()
    const lines = keyPem(ca).split('\n').slice(1)
    const { error, stdout } = await sign({ ...given(ca), 'ca-private-key': lines.join('\n') })
    expect(error).toMatch(
      /^Invalid ca-private-key: the value is a private key in binary form \(DER\), in base64/,
    )
    expect(stdout).toContain(`::add-mask::${lines[0] ?? ''}\n`)
  })

  it('masks the code and each line of the key, and prints them nowhere else', async () => {
    const ca = await makeCa({ kind: 'RSA 2048' })
    const { stdout } = await sign(given(ca))
    const lines = keyPem(ca).split('\n').slice(1, -2)
    for (const line of lines.filter(({ length }) => length >= 16))
      expect(stdout).toContain(`::add-mask::${line}\n`)
    expect(stdout).toContain(`::add-mask::${CODE}\n`)
    // Not a secret: other outputs may contain its lines.
    expect(stdout).not.toContain(`::add-mask::${ca.pem.split('\n')[1] ?? ''}`)
    const shown = stdout.split('\n').filter((line) => !line.startsWith('::add-mask::'))
    for (const secret of [CODE, ...lines]) expect(shown.join('\n')).not.toContain(secret)
  })

  it('does not read the key from ca-certificate, and masks nothing in it', async () => {
    const ca = await makeCa()
    const both = keyPem(ca) + ca.pem
    const { error, stdout } = await sign({ ...given(ca), 'ca-certificate': both, 'ca-private-key': '' })
    expect(error).toMatch(/^Missing input: ca-private-key/)
    expect(stdout).not.toContain(keyPem(ca).split('\n')[1])
  })

  it('accepts the same text with certificate and key for both inputs, and masks all of it', async () => {
    const ca = await makeCa()
    const both = keyPem(ca) + ca.pem
    const { error, stdout } = await sign({ ...given(ca), 'ca-certificate': both, 'ca-private-key': both })
    expect(error).toBeUndefined()
    for (const line of both.split('\n').filter((line) => line.length >= 8 && !line.startsWith('-----'))) {
      expect(stdout).toContain(`::add-mask::${line}\n`)
    }
    expect(stdout).toContain('CA             C=CN, O=Example, CN=Example CA\n')
    expect(stdout).not.toMatch(/withheld|::add-mask::-----/)
  })
})

describe('sign refuses, and leaves nothing behind,', () => {
  it.each<[string, (ca: Issued) => Promise<Record<string, string>> | Record<string, string>, RegExp]>([
    [
      'no code',
      () => ({ 'register-code': '' }),
      /^Missing input: register-code\. .*steps\.ID\.outputs\.register-code.*no masked output to another job.*seal-key.*unseal/,
    ],
    [
      'a code too long',
      () => ({ 'register-code': 'x'.repeat(65) }),
      /^Invalid register-code: the value is not a register code\. Use 8 to 64/,
    ],
    [
      'a code of two words',
      () => ({ 'register-code': 'two words' }),
      /^Invalid register-code: the value is not a register code/,
    ],
    [
      'a masked register-code',
      () => ({ 'register-code': '***' }),
      /^Invalid register-code: the value is stars/,
    ],
    [
      'no CA certificate',
      () => ({ 'ca-certificate': '' }),
      /^Missing input: ca-certificate\. Set it .* to the CA's/,
    ],
    [
      'no key',
      () => ({ 'ca-private-key': '' }),
      /^Missing input: ca-private-key\. Set it .* to the CA's private key/,
    ],
    [
      'an invalid number of days',
      () => ({ 'valid-days': '0' }),
      /^Invalid valid-days: "0"\. Use a whole number of days, 1 to 36500\./,
    ],
    [
      'a key of another CA',
      async () => ({ 'ca-private-key': keyPem(await makeCa()) }),
      /^The private key in ca-private-key does not belong to the CA certificate/,
    ],
    [
      'a device certificate as ca-certificate',
      async (ca) => ({ 'ca-certificate': (await makeLeaf({ issuer: ca })).pem }),
      /is not a CA certificate/,
    ],
    [
      'an expired CA',
      async (ca) => ({
        'ca-certificate': (await makeCa({ key: ca.key, notAfter: new Date(Date.now() - 1000) })).pem,
      }),
      /^The CA certificate in ca-certificate expired at/,
    ],
    [
      'a CA that is not valid yet',
      async (ca) => ({
        'ca-certificate': (await makeCa({ key: ca.key, notBefore: new Date(Date.now() + 60_000) })).pem,
      }),
      /^The CA certificate in ca-certificate is not valid before/,
    ],
    [
      'an Ed25519 key',
      () => ({ 'ca-private-key': privateKey('Ed25519').export({ type: 'pkcs8', format: 'pem' }).toString() }),
      /^The key in ca-private-key is an Ed25519 key/,
    ],
    [
      'a key without its passphrase',
      (ca) => ({ 'ca-private-key': encryptedPem(ca) }),
      /ca-private-key is encrypted, but ca-private-key-passphrase is not set/,
    ],
    [
      'a wrong passphrase',
      (ca) => ({ 'ca-private-key': encryptedPem(ca), 'ca-private-key-passphrase': 'a wrong one' }),
      /could not be decrypted with ca-private-key-passphrase/,
    ],
    [
      'a certificate as ca-private-key',
      (ca) => ({ 'ca-private-key': ca.pem }),
      /^The input ca-private-key contains a certificate/,
    ],
    [
      'a key as ca-certificate',
      (ca) => ({ 'ca-certificate': keyPem(ca) }),
      /^The input ca-certificate contains a private/,
    ],
    [
      'a path that does not exist',
      () => ({ 'ca-certificate': 'no/such.pem' }),
      /^Invalid ca-certificate: neither PEM/,
    ],
  ])('%s', async (_, change, message) => {
    const ca = await makeCa()
    const { error, outputFile, files, stdout } = await sign({ ...given(ca), ...(await change(ca)) })
    expect(error).toMatch(message)
    expect(outputFile).toBe('')
    expect(files).toEqual([])
    expect(stdout.split('\n').filter((line) => !line.startsWith('::add-mask::'))).toEqual([''])
  })

  it('a step without a folder for temporary files', async () => {
    const env = inputs(given(await makeCa()))
    for (const none of [env, { ...env, RUNNER_TEMP: '' }]) {
      const { thrown, outputFile } = await withEnvironment(none, signAction)
      expect((thrown as ActionError).describe((text) => text)).toMatch(
        /^RUNNER_TEMP is not set.*npm run demo\.$/,
      )
      expect(outputFile).toBe('')
    }
  })

  it('a folder that does not exist', async () => {
    const { error } = await sign(given(await makeCa()), { RUNNER_TEMP: join(folder, 'gone') })
    expect(error).toMatch(
      /^A file could not be written to the folder that RUNNER_TEMP names: \S+gone \(ENOENT\)\. Check on the runner/,
    )
  })

  it('a step without a file for outputs', async () => {
    // Checked first: a missing folder would be found only later.
    const { error, files } = await sign(given(await makeCa()), { GITHUB_OUTPUT: '', RUNNER_TEMP: '' })
    expect(error).toMatch(/^GITHUB_OUTPUT is not set/)
    expect(files).toEqual([])
  })

  it('outputs that cannot be written', async () => {
    const output = join(folder, 'output')
    writeFileSync(output, '')
    const env = { RUNNER_TEMP: folder, GITHUB_OUTPUT: output, ...inputs(given(await makeCa())) }
    const { thrown } = await withEnvironment(env, async () => {
      const signing = signAction()
      // The file disappears after the check, while the keys are generated.
      await new Promise((resolve) => {
        process.nextTick(resolve)
      })
      rmSync(output)
      await signing
    })
    expect((thrown as ActionError).message).toMatch(/^The outputs .* could not be written to .* \(ENOENT\)$/)
    expect(readdirSync(folder)).toEqual([])
  })

  function encryptedPem(ca: Issued): string {
    return ca.key
      .export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: PASSPHRASE })
      .toString()
  }
})
