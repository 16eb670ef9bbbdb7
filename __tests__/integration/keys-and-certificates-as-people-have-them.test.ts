import { spawnSync } from 'node:child_process'
import { createPublicKey } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from '@jest/globals'
import { runStep, type StepRun } from '../../testing/run-step.ts'
import { makeCa, makeLeaf, privateKey, type Issued } from '../../testing/certificates.ts'
import { emulated } from '../support/emulated.ts'
import { runStepInProcess } from '../support/step-in-process.ts'

const CODE = '13274673-8f90-4630-bea1-9cccb25756ad2089473625'
const PASSPHRASE = 'of the CA key'
const RUN = { GITHUB_REPOSITORY: 'example/devices', GITHUB_RUN_ID: '17263548901' }
const folder = mkdtempSync(join(tmpdir(), 'pasted-'))
afterAll(() => {
  rmSync(folder, { recursive: true })
})
const hasOpenssl = spawnSync('openssl', ['version']).status === 0

const ca = await makeCa()
const key = ca.key.export({ type: 'pkcs8', format: 'pem' }).toString()
const keyLines = key.split('\n').slice(1, -2)
const base64 = (text: string | Buffer): string => Buffer.from(text).toString('base64')

function file(name: string, content: string | Buffer): string {
  const path = join(folder, name)
  writeFileSync(path, content)
  return path
}

/** Runs openssl with the files `ca.pem` and `ca.key` in its folder, and returns what it writes to `out`. */
function openssl(args: string): Buffer {
  file('ca.pem', ca.pem)
  file('ca.key', key)
  const { status, stderr } = spawnSync('openssl', args.split(' '), { cwd: folder, encoding: 'utf8' })
  if (status !== 0) throw new Error(stderr)
  return readFileSync(join(folder, 'out'))
}

type Values = Readonly<Record<string, string>>

function sign(values: Values, run = runStepInProcess): Promise<StepRun> {
  const inputs = { 'register-code': CODE, 'ca-certificate': ca.pem, 'ca-private-key': key, ...values }
  return run('sign', inputs, { env: { RUNNER_TEMP: folder } })
}

function shownBy({ stdout, stderr }: StepRun): string {
  return stdout.replaceAll(/^::add-mask::.*$/gm, '') + stderr
}

describe('a key and a certificate are accepted', () => {
  it.each<[string, (pem: string) => string]>([
    ['as the base64 of a PEM file', base64],
    ['as wrapped base64', (pem) => base64(pem).replace(/.{76}/g, '$&\n')],
    ['as base64 for URLs', (pem) => Buffer.from(pem).toString('base64url')],
    ['with line ends that were escaped', (pem) => pem.replaceAll('\n', '\\n')],
    ['with line ends that were escaped twice', (pem) => pem.replaceAll('\n', '\\\\n')],
    ['with Windows line ends that were escaped twice', (pem) => pem.replaceAll('\n', '\\\\r\\\\n')],
    ['with a byte order mark', (pem) => `\ufeff${pem}`],
    ['as JSON text', (pem) => JSON.stringify(pem)],
    ['as a file with the base64 of a PEM file', (pem) => file('key.b64', `${base64(pem)}\n`)],
  ])('%s, and every form of the key is masked (through dist/)', async (_, form) => {
    const given = form(key)
    const run = await sign({ 'ca-private-key': given }, runStep)
    expect(run).toMatchObject({ exitCode: 0, annotations: [] })
    for (const line of keyLines) expect(shownBy(run)).not.toContain(line)
    const text = given.startsWith(folder) ? readFileSync(given, 'utf8').trim() : given
    // Whatever a later step prints of it, as given or decoded, the runner hides.
    for (const line of [...text.split(/\\{1,2}[rn]|\n/), ...keyLines]) {
      const isSecret = line.length >= 16 && !line.includes('-----')
      if (isSecret) expect(run.masks.some((mask) => line.includes(mask))).toBe(true)
    }
    const certificate = form(ca.pem)
    const run2 = await sign({ 'ca-certificate': certificate })
    expect(run2).toMatchObject({ exitCode: 0, annotations: [] })
    expect(run2.log).toContain('CA             C=CN, O=Example, CN=Example CA')
  })

  it.each([`${PASSPHRASE} `, ` ${PASSPHRASE}`, PASSPHRASE])(
    'when the passphrase is %j, as given or trimmed (through dist/)',
    async (passphrase) => {
      const form = { type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase } as const
      const encrypted = ca.key.export(form).toString()
      for (const given of [passphrase, `${passphrase}\n`]) {
        const values = { 'ca-private-key': encrypted, 'ca-private-key-passphrase': given }
        const run = await sign(values, runStep)
        expect(run).toMatchObject({ exitCode: 0, annotations: [] })
        expect(run.masks).toEqual(expect.arrayContaining([given, given.trim()]))
        expect(shownBy(run)).not.toContain(PASSPHRASE)
      }
    },
  )
})

describe('a seal-key in base64', () => {
  const service = emulated()

  it('is a public key to seal with, and a private key to open with', async () => {
    const publicPem = createPublicKey(key).export({ type: 'spki', format: 'pem' })
    const fetched = await service.getRegisterCode({ 'seal-key': base64(publicPem) }, RUN)
    expect(fetched).toMatchObject({ exitCode: 0, annotations: [] })
    const inputs = {
      'sealed-register-code': fetched.outputs['sealed-register-code'] ?? '',
      'seal-key': base64(key),
    }
    const opened = await runStep('unseal', inputs, { env: RUN })
    expect(opened).toMatchObject({
      exitCode: 0,
      outputs: { 'register-code': fetched.outputs['register-code'] },
    })
    expect(opened.masks).toEqual(expect.arrayContaining([base64(key), ...keyLines]))
  })

  it('is no passphrase when it is a private key', async () => {
    const run = await service.getRegisterCode({ 'seal-key': base64(key) }, RUN)
    expect(run.annotations).toEqual([expect.stringMatching(/^The input seal-key contains a private key/)])
    expect(run.masks).toEqual(expect.arrayContaining([base64(key), ...keyLines]))
  })
})

describe('something else is named, with the command that converts it:', () => {
  const der = (type: 'pkcs8' | 'sec1') => ca.key.export({ type, format: 'der' })
  const encryptedDer = ca.key.export({
    type: 'pkcs8',
    format: 'der',
    cipher: 'aes-256-cbc',
    passphrase: PASSPHRASE,
  })
  const ssh = base64('\0\0\0\x0bssh-ed25519\0\0\0\x20'.padEnd(51, 'x'))
  const pkey = /a private key in binary form \(DER\).* openssl pkey -inform DER/

  it.each<[string, string, () => string | Buffer, RegExp]>([
    [
      'a certificate in DER',
      'ca-certificate',
      () => ca.certificate.raw,
      /certificate in binary.* openssl x509 -inform DER/,
    ],
    ['a key in DER', 'ca-private-key', () => der('pkcs8'), pkey],
    [
      'a PKCS#1 key in DER',
      'ca-private-key',
      () => privateKey('RSA 2048').export({ type: 'pkcs1', format: 'der' }),
      pkey,
    ],
    ['a SEC1 key in DER', 'ca-private-key', () => der('sec1'), pkey],
    [
      'an encrypted key in DER',
      'ca-private-key',
      () => encryptedDer,
      /encrypted private key in binary.* openssl pkey -inform DER/,
    ],
    [
      'a public key in DER',
      'ca-private-key',
      () => createPublicKey(key).export({ type: 'spki', format: 'der' }),
      /a public key in binary/,
    ],
    ['a key in UTF-16', 'ca-private-key', () => Buffer.from(`\ufeff${key}`, 'utf16le'), /UTF-16.* iconv/],
    ['a key in UTF-16 without a mark', 'ca-private-key', () => Buffer.from(key, 'utf16le'), /UTF-16/],
    [
      'a certificate in UTF-16, big-endian',
      'ca-certificate',
      () => Buffer.from(`\ufeff${ca.pem}`, 'utf16le').swap16(),
      /UTF-16/,
    ],
    [
      'a Java keystore',
      'ca-private-key',
      () => Buffer.from('feedfeed00000002', 'hex'),
      /Java keystore.* keytool -importkeystore/,
    ],
    [
      'a PuTTY key',
      'ca-private-key',
      () => 'PuTTY-User-Key-File-3: ecdsa-sha2-nistp256\nEncryption: none\n',
      /PuTTY key.* puttygen/,
    ],
    ['a JWK', 'ca-private-key', () => JSON.stringify(ca.key.export({ format: 'jwk' })), /JSON Web Key/],
    [
      'an OpenSSH public key',
      'ca-certificate',
      () => `ssh-ed25519 ${ssh} me@host`,
      /OpenSSH key.* ssh-keygen/,
    ],
    ['an empty file', 'ca-certificate', () => '\n', /the file is empty/],
  ])('%s in a file', async (_, input, content, message) => {
    const run = await sign({ [input]: file('given', content()) })
    expect(run.annotations).toEqual([expect.stringMatching(message)])
    expect(run.annotations[0]).toMatch(new RegExp(`^Invalid ${input}: the file `))
    for (const line of keyLines) expect(shownBy(run)).not.toContain(line)
  })

  it.each<[string, string, () => string | Buffer, RegExp]>([
    [
      'a certificate in DER',
      'ca-certificate',
      () => ca.certificate.raw,
      /^Invalid ca-certificate: the value is a certificate in binary form \(DER\), in base64\..*x509 -inform DER/,
    ],
    [
      'a key in DER',
      'ca-private-key',
      () => der('pkcs8'),
      /^Invalid ca-private-key: the value is a private key in binary form \(DER\), in base64/,
    ],
    [
      'a key in UTF-16',
      'ca-private-key',
      () => Buffer.from(`\ufeff${key}`, 'utf16le'),
      /the value is text in UTF-16, in base64/,
    ],
  ])('%s in base64', async (_, input, content, message) => {
    const run = await sign({ [input]: base64(content()) })
    expect(run.annotations).toEqual([expect.stringMatching(message)])
    if (input === 'ca-private-key') expect(run.masks).toContain(base64(content()))
  })

  it.each<[string, string, string, RegExp]>([
    [
      'TRUSTED CERTIFICATE',
      'ca-certificate',
      'TRUSTED CERTIFICATE',
      /TRUSTED CERTIFICATE\)\. Use a certificate\. Convert it with openssl x509/,
    ],
    [
      'a PKCS#7 bundle',
      'ca-certificate',
      'PKCS7',
      /PKCS#7 file\. Use a certificate\. Convert it with openssl pkcs7 -print_certs/,
    ],
    [
      'a certificate request',
      'ca-certificate',
      'CERTIFICATE REQUEST',
      /a certificate request\. Use a certificate\. A CA makes/,
    ],
    ['an older certificate request', 'ca-certificate', 'NEW CERTIFICATE REQUEST', /a certificate request/],
    ['a CRL', 'ca-certificate', 'X509 CRL', /revoked certificates \(CRL\)/],
    ['an OpenSSH key', 'ca-private-key', 'OPENSSH PRIVATE KEY', /OpenSSH format.* ssh-keygen -p -m PKCS8/],
    ['parameters', 'ca-private-key', 'EC PARAMETERS', /the parameters of a key, but no key/],
    [
      'a private key',
      'ca-certificate',
      'PRIVATE KEY',
      /a private key\. Use a certificate\. Check that ca-certificate and ca-private-key are not swapped/,
    ],
    [
      'a certificate',
      'ca-private-key',
      'CERTIFICATE',
      /a certificate\. Use a private key\. Check that .* not swapped/,
    ],
  ])('PEM text with %s', async (_, input, label, message) => {
    const text = `-----BEGIN ${label}-----\n${base64('x'.repeat(60))}\n-----END ${label}-----\n`
    const run = await sign({ [input]: text })
    expect(run.annotations).toEqual([expect.stringMatching(message)])
    expect(run.annotations[0]).toContain(input)
  })

  // Node makes none of these. Skipped where openssl is not installed; CI has it.
  ;(hasOpenssl ? it.each : it.skip.each)<[string, string, string, RegExp]>([
    [
      'PKCS#12',
      'ca-private-key',
      'pkcs12 -export -in ca.pem -inkey ca.key -passout pass:x -out out',
      /a PKCS#12 file \(\.p12 or \.pfx\).* openssl pkcs12 -in FILE/,
    ],
    [
      'PKCS#12',
      'ca-certificate',
      'pkcs12 -export -in ca.pem -inkey ca.key -passout pass:x -out out',
      /a PKCS#12 file/,
    ],
    [
      'PKCS#7 in DER',
      'ca-certificate',
      'crl2pkcs7 -nocrl -certfile ca.pem -outform DER -out out',
      /a PKCS#7 file.* openssl pkcs7 -inform DER/,
    ],
    [
      'a request in DER',
      'ca-certificate',
      'req -new -key ca.key -subj /CN=x -outform DER -out out',
      /a certificate request in binary/,
    ],
  ])('%s that openssl makes, as %s', async (_, input, args, message) => {
    const content = openssl(args)
    for (const given of [file('given', content), base64(content)]) {
      const run = await sign({ [input]: given })
      expect(run.annotations).toEqual([expect.stringMatching(message)])
    }
  })
})

describe('a chain in another order', () => {
  it('is an error that says which certificate is a CA, when the first is none', async () => {
    const leaf = await makeLeaf({ issuer: ca })
    const run = await sign({ 'ca-certificate': leaf.pem + ca.pem }, runStep)
    expect(run.annotations).toEqual([
      expect.stringMatching(
        /^The first certificate in ca-certificate is not a CA certificate, but certificate 2 of 2 is\./,
      ),
    ])
  })

  it('is an error that says which certificate the key belongs to, when it is not the first', async () => {
    const other: Issued = await makeCa()
    const run = await sign({ 'ca-certificate': other.pem + ca.pem }, runStep)
    expect(run.annotations).toEqual([
      expect.stringMatching(
        /does not belong to the CA certificate in ca-certificate, which is the first one there, but to certificate 2 of 2\. .*put the CA certificate first/,
      ),
    ])
  })
})
