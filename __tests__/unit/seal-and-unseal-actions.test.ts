import {
  createECDH,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  randomBytes,
} from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from '@jest/globals'
import { unsealAction } from '../../src/actions/unseal.ts'
import { ActionError } from '../../src/errors.ts'
import { readSealKey, sealFor, sealingWith } from '../../src/inputs/seal-key.ts'
import { makeLeaf, privateKey } from '../../testing/certificates.ts'
import { inputs, withEnvironment } from '../support/in-process.ts'

const CODE = '13274673-8f90-4630-bea1-9cccb25756ad2089473625'
const INSTANCE = 'post-cn-7mz2d3fxyz1'
const PASSPHRASE = 'a passphrase for seals'
const RUN = { GITHUB_REPOSITORY: 'example/devices', GITHUB_RUN_ID: '17263548901' }

const key = privateKey('EC P-256')
const privatePem = key.export({ type: 'pkcs8', format: 'pem' }).toString()
const encryptedPem = key
  .export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'of the seal key' })
  .toString()
const publicPem = createPublicKey(key).export({ type: 'spki', format: 'pem' }).toString()

function errorIn(thrown: unknown): string | undefined {
  if (thrown === undefined) return undefined
  if (thrown instanceof ActionError) return thrown.describe((text) => text)
  throw new Error('no ActionError', { cause: thrown })
}

/** Seals a code like the root action. */
async function seal(sealKey: string, env: Readonly<Record<string, string>> = RUN) {
  const { thrown, ...run } = await withEnvironment({ ...inputs({ 'seal-key': sealKey }), ...env }, async () =>
    sealFor(sealingWith(readSealKey(), process.env), { registerCode: CODE, instanceId: INSTANCE }),
  )
  return { ...run, error: errorIn(thrown) }
}

async function unseal(values: Readonly<Record<string, string>>, env: Readonly<Record<string, string>> = RUN) {
  const { thrown, ...run } = await withEnvironment({ ...inputs(values), ...env }, unsealAction)
  return { ...run, error: errorIn(thrown), shown: run.stdout.replaceAll(/^::add-mask::.*\n/gm, '') }
}

async function sealed(sealKey: string): Promise<string> {
  const { result, error } = await seal(sealKey)
  if (result === undefined) throw new Error(error)
  return result
}

describe('a sealed code', () => {
  it.each([
    ['a passphrase', PASSPHRASE, { 'seal-key': PASSPHRASE }],
    ['a public key', publicPem, { 'seal-key': privatePem }],
    ['a public key with escaped line ends', publicPem.replaceAll('\n', '\\n'), { 'seal-key': privatePem }],
    [
      'a public key with an encrypted private key',
      publicPem,
      { 'seal-key': encryptedPem.replaceAll('\n', '\\n'), 'seal-key-passphrase': 'of the seal key' },
    ],
  ])('with %s is opened and masked in another job', async (_, sealKey, opening) => {
    const seal = await sealed(sealKey)
    const { error, stdout, shown, outputFile } = await unseal({ 'sealed-register-code': seal, ...opening })
    expect(error).toBeUndefined()
    expect(stdout).toContain(`::add-mask::${CODE}\n`)
    const passphrase = (opening as { 'seal-key-passphrase'?: string })['seal-key-passphrase']
    if (passphrase !== undefined) expect(stdout).toContain(`::add-mask::${passphrase}\n`)
    expect(shown).toBe(
      'Seal           opened; made in run 17263548901 of example/devices\n' +
        `Instance       ${INSTANCE}\n` +
        'Register code  masked; output register-code\n',
    )
    expect(outputFile).toMatch(
      new RegExp(`^register-code<<(\\S+)\\n${CODE}\\n\\1\\ninstance-id<<(\\S+)\\n${INSTANCE}\\n\\2\\n$`),
    )
  })

  it('with a certificate is opened with its private key', async () => {
    const { pem, key: ofCertificate } = await makeLeaf({ kind: 'RSA 2048' })
    const opening = ofCertificate.export({ type: 'pkcs1', format: 'pem' }).toString()
    const { error } = await unseal({ 'sealed-register-code': await sealed(pem), 'seal-key': opening })
    expect(error).toBeUndefined()
  })

  it('is never logged, nor are the keys, when unsealing fails', async () => {
    const seal = await sealed(PASSPHRASE)
    for (const [values, env] of [
      [
        { 'sealed-register-code': seal, 'seal-key': PASSPHRASE },
        { ...RUN, GITHUB_RUN_ID: '2' },
      ],
      [{ 'sealed-register-code': seal, 'seal-key': `${PASSPHRASE}!` }, RUN],
      [{ 'sealed-register-code': seal, 'seal-key': privatePem }, RUN],
      [{ 'sealed-register-code': '', 'seal-key': encryptedPem, 'seal-key-passphrase': 'a wrong one' }, RUN],
    ] as const) {
      const { error, stdout, outputFile } = await unseal(values, env)
      const text = `${error ?? 'no error'}${stdout.replaceAll(/^::add-mask::.*\n/gm, '')}`
      expect(error).toBeDefined()
      expect(outputFile).toBe('')
      for (const secret of [CODE, PASSPHRASE, 'a wrong one', ...privatePem.split('\n').slice(1, -2)]) {
        expect(text).not.toContain(secret)
      }
    }
  })
})

describe('the input seal-key', () => {
  it('is masked when it is a passphrase', async () => {
    expect((await seal(PASSPHRASE)).stdout).toBe(`::add-mask::${PASSPHRASE}\n`)
  })

  it('is not masked when it is a public key, because that is not a secret', async () => {
    expect((await seal(publicPem)).stdout).toBe('')
  })

  it.each([
    ['a short passphrase', 'too short', /^Invalid seal-key: the passphrase has fewer than 16 characters/],
    ['a private key', privatePem, /^The input seal-key contains a private key\. Use a public key or a cert/],
    ['an encrypted private key', encryptedPem, /^The input seal-key contains a private key/],
    [
      'an escaped private key',
      privatePem.replaceAll('\n', '\\n'),
      /^The input seal-key contains a private key/,
    ],
    [
      'a private key without its end',
      privatePem.slice(0, 100),
      /^The input seal-key contains no complete PEM block/,
    ],
    [
      'a path that does not exist',
      'keys/seal-public.pem',
      /^Invalid seal-key: the value is the path of a file/,
    ],
    [
      'an OpenSSH key',
      'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIA',
      /^Invalid seal-key: the value is an OpenSSH key/,
    ],
    [
      'a public key without its frame',
      bodyOf(publicPem),
      /^Invalid seal-key: the value is .* key in binary form \(DER\) in base64: a PEM key without its/,
    ],
    [
      'a private key without its frame',
      bodyOf(privatePem),
      /^Invalid seal-key: the value is .* key in binary form \(DER\) in base64: a PEM key without its/,
    ],
    [
      'an encrypted private key without its frame',
      bodyOf(encryptedPem),
      /^Invalid seal-key: the value is .* key in binary form \(DER\) in base64: a PEM key without its/,
    ],
    ...olderForms().map((pem): [string, string, RegExp] => [
      `${pem.split('\n')[0] ?? ''} without its frame`,
      bodyOf(pem),
      /^Invalid seal-key: the value is .* key in binary form \(DER\) in base64: a PEM key without its/,
    ]),
    [
      'a private key without its first line',
      privatePem.split('\n').slice(1).join('\n'),
      /^Invalid seal-key: the value is part of a PEM key/,
    ],
    [
      'the base64 of a private key',
      Buffer.from(privatePem).toString('base64'),
      /^The input seal-key contains a private key\. Use a public key/,
    ],
    [
      'the hex of a public key',
      Buffer.from(publicPem).toString('hex'),
      /^Invalid seal-key: the value is a PEM key in hex/,
    ],
    ...[createPublicKey(key), createPrivateKey(key.export({ type: 'pkcs8', format: 'pem' }))].flatMap(
      hexForms,
    ),
    ...jwkForms(),
    ...sshForms(),
    ...pointForms(),
    [
      'an age recipient',
      'age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p',
      /^Invalid seal-key: the value is an age recipient, not a passphrase/,
    ],
    [
      'a certificate request',
      '-----BEGIN CERTIFICATE REQUEST-----\nAA==\n-----END CERTIFICATE REQUEST-----',
      /contains a certificate request/,
    ],
    [
      'a certificate request in the older form',
      '-----BEGIN NEW CERTIFICATE REQUEST-----\nAA==\n-----END NEW CERTIFICATE REQUEST-----',
      /contains a certificate request/,
    ],
  ])('is refused when it is %s', async (_, value, message) => {
    const { error, stdout } = await seal(value)
    expect(error).toMatch(message)
    const secret = value.split(/\n|\\n/)[1] ?? value
    expect(error).not.toContain(secret)
    if (/BEGIN.*PRIVATE/.test(value)) expect(stdout).toContain(`::add-mask::${secret}\n`)
  })

  it.each([
    'of sixteen.keys or more',
    'no ssh-key and no ecdsa-key',
    'my ssh-agent passphrase 123',
    'a key of ssh-rsa and no more',
    'in an age1 of reason we live',
    '{"kty" is how it starts, and no more',
    'not {"kty":"EC"} but a passphrase',
    '0x and more than that',
    'MIIB is how a key starts',
    randomBytes(32).toString('base64'),
    randomBytes(32).toString('base64url'),
    randomBytes(32).toString('hex'),
    randomBytes(32).toString('hex').toUpperCase(),
    randomBytes(33).toString('base64'),
    randomBytes(65).toString('base64'),
    `04${randomBytes(64).toString('hex')}`,
    // 33 random bytes can be a valid point by chance.
    compressedPoint().toString('base64'),
  ])('can be a passphrase that resembles a key: %s', (value) => {
    expect(sealingWith(value, RUN).key.algorithm).toBe('PBES2-HS512+A256KW')
  })

  it.each([
    ['cut off', privatePem.slice(0, privatePem.indexOf('-----END'))],
    ['with dashes missing', privatePem.replaceAll('-----', '----')],
    ['without its frame', privatePem.split('\n').slice(1, -2).join('\n')],
    ['under another name', privatePem.replaceAll('PRIVATE KEY-', 'PRIVATE KEY -')],
  ])('is masked when it is a damaged private key beside a public key: %s', async (_, damaged) => {
    for (const value of [publicPem + damaged, `${damaged}\n${publicPem}`]) {
      const { stdout } = await seal(value)
      for (const line of privatePem.split('\n').slice(1, -2))
        expect(stdout).toContain(`::add-mask::${line}\n`)
    }
  })

  it.each([
    ['a private key', privatePem],
    ['a private key in one line', privatePem.replaceAll('\n', '\\n')],
    ['a private key without its end', privatePem.slice(0, privatePem.indexOf('-----END'))],
    ['a private key with the label of a public key', privatePem.replaceAll('PRIVATE KEY', 'PUBLIC KEY')],
    ['a private key with an unknown label', privatePem.replaceAll('PRIVATE KEY', 'KEY')],
    ['a private key after a public key', publicPem + privatePem],
  ])('is masked line by line when it is %s', async (_, value) => {
    const { stdout, error } = await seal(value)
    expect(error).toMatch(/^The (input seal-key contains|public key in seal-key cannot be read)/)
    for (const line of privatePem.split('\n').slice(1, -2)) {
      expect(stdout).toContain(`::add-mask::${line}\n`)
      expect(error).not.toContain(line)
    }
    expect(stdout).not.toMatch(/^::add-mask::-----(BEGIN|END) (PRIVATE|PUBLIC) KEY-----$/m)
  })

  it('is not masked when it is a certificate', async () => {
    const { pem } = await makeLeaf()
    expect(await seal(pem)).toMatchObject({ stdout: '', error: undefined })
  })

  it('is refused when it is a path, which would become a passphrase', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'seal-'))
    const path = join(folder, 'seal-key.pem')
    writeFileSync(path, publicPem)
    const { error } = await seal(path)
    rmSync(folder, { recursive: true })
    expect(error).toMatch(
      /^Invalid seal-key: the value is the path of a file, not a passphrase\. Use the PEM text of the key/,
    )
  })

  it.each<[string, Record<string, string>]>([
    ['GITHUB_REPOSITORY', { GITHUB_RUN_ID: RUN.GITHUB_RUN_ID }],
    ['GITHUB_RUN_ID', { ...RUN, GITHUB_RUN_ID: '' }],
  ])('needs a workflow run: %s', async (name, env) => {
    const message = `${name} is not set, so a seal cannot be bound to this workflow run. GitHub sets it`
    expect((await seal(PASSPHRASE, env)).error).toContain(message)
    const opened = await unseal({ 'sealed-register-code': 'a.b.c.d.e', 'seal-key': PASSPHRASE }, env)
    expect(opened.error).toContain(message)
  })
})

describe('unseal refuses', () => {
  it.each([
    [
      'no seal',
      { 'seal-key': PASSPHRASE },
      /^Missing input: sealed-register-code\. .*needs\.JOB\.outputs.*declare this output.*seal-key/,
    ],
    ['no key', { 'sealed-register-code': 'a.b.c.d.e' }, /^Missing input: seal-key\. .*secrets\.SEAL_KEY/],
    [
      'a public key',
      { 'sealed-register-code': 'a.b.c.d.e', 'seal-key': publicPem },
      /^The input seal-key contains a public key\. Use a private key/,
    ],
    [
      'a public key in the older form',
      { 'sealed-register-code': 'a.b.c.d.e', 'seal-key': olderForms()[0] ?? '' },
      /^The input seal-key contains a public key\. Use a private key/,
    ],
    [
      'an encrypted key without its passphrase',
      { 'sealed-register-code': 'a.b.c.d.e', 'seal-key': encryptedPem },
      /^The private key in seal-key is encrypted, but seal-key-passphrase is not set/,
    ],
    [
      'a code that is not sealed',
      { 'sealed-register-code': CODE, 'seal-key': privatePem },
      /^Invalid sealed-register-code: the value is a register code that is not sealed\. Set seal-key/,
    ],
    [
      'the end of a seal',
      { 'sealed-register-code': `${'a2V5'.repeat(30)}.dGFn`, 'seal-key': privatePem },
      /^Invalid sealed-register-code: the value is not a sealed code\. A sealed code starts with eyJ/,
    ],
    [
      'stars',
      { 'sealed-register-code': '***', 'seal-key': privatePem },
      /^Invalid sealed-register-code: the value is stars/,
    ],
    [
      'a seal in quotes',
      { 'sealed-register-code': '"eyJhbGciOiJSU0EtT0FFUC0yNTYifQ.a.b.c.d"', 'seal-key': privatePem },
      /^Invalid sealed-register-code: the value is in quotes/,
    ],
    [
      'an expression that was not evaluated',
      { 'sealed-register-code': 'needs.fetch.outputs.sealed-register-code', 'seal-key': privatePem },
      /^Invalid sealed-register-code: the value is an expression/,
    ],
    [
      'a text that only looks like a seal',
      { 'sealed-register-code': 'a.b.c.d.e', 'seal-key': privatePem },
      /^The seal cannot be opened/,
    ],
  ])('%s', async (_, values, message) => {
    const { error, outputFile } = await unseal(values)
    expect(error).toMatch(message)
    expect(outputFile).toBe('')
  })

  it('to show a code that is not sealed, and masks it', async () => {
    const { error, stdout } = await unseal({ 'sealed-register-code': CODE, 'seal-key': PASSPHRASE })
    expect(stdout).toContain(`::add-mask::${CODE}\n`)
    expect(error).not.toContain(CODE)
  })

  it('to run without GITHUB_OUTPUT, because it would print the code', async () => {
    const values = { 'sealed-register-code': await sealed(publicPem), 'seal-key': privatePem }
    const { error, stdout } = await unseal(values, { ...RUN, GITHUB_OUTPUT: '' })
    expect(error).toMatch(/^GITHUB_OUTPUT is not set/)
    expect(stdout).not.toContain(CODE)
  })
})

/** Returns keys in the forms before PKCS#8. */
function olderForms(): string[] {
  const { publicKey: ofRsa, privateKey: rsa } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  return [
    ofRsa.export({ type: 'pkcs1', format: 'pem' }).toString(),
    rsa.export({ type: 'pkcs1', format: 'pem' }).toString(),
    key.export({ type: 'sec1', format: 'pem' }).toString(),
  ]
}

type Refused = [what: string, value: string, message: RegExp]

/** Returns DER as hex, as `xxd` and `openssl` write it. */
function hexForms(ofKey: KeyObject): Refused[] {
  const type = ofKey.type === 'public' ? 'spki' : 'pkcs8'
  const hex = ofKey.export({ type: type as 'spki', format: 'der' }).toString('hex')
  const message = new RegExp(
    `^Invalid seal-key: the value is a ${ofKey.type} key in binary form \\(DER\\) in hex, not a passphrase`,
  )
  return [
    [`hex of a ${ofKey.type} key`, hex, message],
    [`upper-case hex of a ${ofKey.type} key`, hex.toUpperCase(), message],
    [`hex of a ${ofKey.type} key with 0x`, `0x${hex}`, message],
    [`hex of a ${ofKey.type} key with colons`, hex.replace(/..(?=.)/g, '$&:'), message],
    [`hex of a ${ofKey.type} key in lines`, hex.replace(/.{32}/g, '$& '), message],
  ]
}

function jwkForms(): Refused[] {
  const jwk = createPublicKey(key).export({ format: 'jwk' })
  const texts: [string, object][] = [
    ['a JWK', jwk],
    ['a private JWK', key.export({ format: 'jwk' })],
    ['a JWKS', { keys: [jwk] }],
  ]
  return texts.flatMap(([what, object]): Refused[] => [
    [what, JSON.stringify(object), /^Invalid seal-key: the value is a JSON Web Key, not a passphrase/],
    [`${what} in lines`, JSON.stringify(object, null, 1), /^Invalid seal-key: the value is a JSON Web Key/],
    [
      `the base64 of ${what}`,
      Buffer.from(JSON.stringify(object)).toString('base64'),
      /^Invalid seal-key: the value is a JSON Web Key in base64/,
    ],
  ])
}

/** Returns lines of `.pub` files, and the blob in them. */
function sshForms(): Refused[] {
  const names = [
    'ssh-ed25519',
    'ssh-rsa',
    'ecdsa-sha2-nistp256',
    'sk-ssh-ed25519@openssh.com',
    'sk-ecdsa-sha2-nistp256@openssh.com',
  ]
  const message = /^Invalid seal-key: the value is an OpenSSH key, not a passphrase/
  return names.flatMap((name): Refused[] => {
    const length = Buffer.alloc(4)
    length.writeUInt32BE(name.length)
    const blob = Buffer.concat([length, Buffer.from(name), Buffer.from([0, 0, 0, 32]), randomBytes(32)])
    return [
      [name, `${name} ${blob.toString('base64')} me@example`, message],
      [`${name} with options`, `command="true",no-pty ${name} ${blob.toString('base64')}`, message],
      [
        `the blob of ${name}`,
        blob.toString('base64'),
        /^Invalid seal-key: the value is an OpenSSH key in base64, not a passphrase/,
      ],
      [
        `the blob of ${name} in hex`,
        blob.toString('hex'),
        /^Invalid seal-key: the value is an OpenSSH key in hex/,
      ],
    ]
  })
}

/** Returns the compressed point of a public key: 02 or 03, then one coordinate. */
function compressedPoint(): Buffer {
  const ecdh = createECDH('prime256v1')
  ecdh.generateKeys()
  return ecdh.getPublicKey(null, 'compressed')
}

/** Returns the uncompressed point of a public key: 04, then both coordinates. */
function pointForms(): Refused[] {
  return ['P-256', 'P-384', 'P-521', 'secp256k1'].flatMap((namedCurve): Refused[] => {
    const { publicKey } = generateKeyPairSync('ec', { namedCurve })
    const { x = '', y = '' } = publicKey.export({ format: 'jwk' })
    const point = Buffer.concat([Buffer.from([4]), Buffer.from(x, 'base64url'), Buffer.from(y, 'base64url')])
    return [
      [
        `a point on ${namedCurve}`,
        point.toString('base64'),
        /^Invalid seal-key: the value is the point of an EC key in base64, not a passphrase/,
      ],
      [
        `a point on ${namedCurve} in hex`,
        point.toString('hex'),
        /^Invalid seal-key: the value is the point of an EC key in hex/,
      ],
    ]
  })
}

/** Returns the base64 of a PEM block, in one line. */
function bodyOf(pem: string): string {
  return pem.replace(/-----.*?-----|\n/g, '')
}
