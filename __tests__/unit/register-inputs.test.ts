import 'reflect-metadata'
import { X509Certificate } from 'node:crypto'
import * as x509 from '@peculiar/x509'
import { beforeAll, describe, expect, it } from '@jest/globals'
import { readRegisterInputs } from '../../src/actions/register-inputs.ts'
import type { Service } from '../../src/alibaba-cloud/client.ts'
import { ActionError } from '../../src/errors.ts'
import { clean } from '../../src/runner/masking.ts'
import { DAY_MS, makeCa, makeLeaf, privateKey, type Issued } from '../../testing/certificates.ts'
import { inputs, withEnvironment } from '../support/in-process.ts'

const CODE = '13274673-8f90-4630-bea1-9cccb25756ad2089473625'
/** A key at hand needs no service. */
const UNUSED = {} as Service
const PASSPHRASE = 'of the CA key'
let ca: Issued

beforeAll(async () => {
  ca = await makeCa({ serialNumber: `00f2${'ab'.repeat(15)}` })
})

type Values = Readonly<Record<string, string>>

async function read(values: Values) {
  const all = {
    'instance-id': 'post-cn-x',
    endpoint: '127.0.0.1:9',
    'access-key-id': 'LTAI5t',
    'access-key-secret': 'a secret of 30 characters.....',
    'ca-name': 'devices',
    'ca-certificate': ca.pem,
    ...values,
  }
  const { result, thrown, stdout } = await withEnvironment(inputs(all), () => readRegisterInputs())
  if (thrown !== undefined && !(thrown instanceof ActionError)) throw new Error('odd', { cause: thrown })
  return { read: result, error: thrown?.describe((text) => text), stdout }
}

function keyPem({ key }: Issued): string {
  return key.export({ type: 'pkcs8', format: 'pem' }).toString()
}

async function verification(options: Parameters<typeof makeLeaf>[0] = {}): Promise<string> {
  return (await makeLeaf({ issuer: ca, subject: new x509.Name(`CN=${CODE}`), ...options })).pem
}

describe('the inputs of register', () => {
  it('accept a private key, which signs a verification certificate for each code', async () => {
    const { read: found, error } = await read({ 'ca-private-key': keyPem(ca), 'ca-name': ' a name: ü ' })
    expect(error).toBeUndefined()
    expect(found?.ca).toMatchObject({ name: 'a name: ü', activate: false, proof: { kind: 'made' } })
    expect(found?.predecessor).toBeUndefined()
    const { stdout, result } = await withEnvironment({}, async () =>
      found?.ca.proof.kind === 'made' ? await (await found.ca.proof.open(UNUSED)).make(CODE) : '',
    )
    expect(stdout).toBe(`::add-mask::${CODE}\n`)
    expect(new x509.X509Certificate(result ?? '').subject).toBe(`CN=${CODE}`)
  })

  it('accept a verification certificate, and read its code', async () => {
    const pem = await verification()
    const { read: found, stdout } = await read({
      'verification-certificate': pem.replaceAll('\n', '\\n'),
      'register-code': CODE,
      'ca-private-key-passphrase': PASSPHRASE,
      activate: 'false',
    })
    expect(found?.ca).toMatchObject({ activate: false })
    expect(found?.ca.proof).toEqual({ kind: 'given', pem, registerCode: CODE })
    expect(stdout).toContain(`::add-mask::${CODE}\n`)
    // Not used here, but it is still a secret.
    expect(stdout).toContain(`::add-mask::${PASSPHRASE}\n`)
  })

  it('mask the code in a verification certificate without register-code', async () => {
    const { stdout } = await read({ 'verification-certificate': await verification() })
    expect(stdout).toContain(`::add-mask::${CODE}\n`)
  })

  it('prevent that a certificate with the code is printed', async () => {
    const pem = await verification()
    // Other tests remember parts that their certificates share with this one, but not its key.
    const isUnknown = (piece: string): boolean => /\d/.test(piece) && clean(piece) === piece
    const own = (pem.match(/[A-Za-z\d]{12}/g) ?? []).filter(isUnknown)
    expect(own).not.toEqual([])
    const { stdout } = await read({ 'verification-certificate': pem })
    for (const piece of own) expect(clean(piece)).toBe('(message withheld: it contains a secret)')
    // The certificate may be the output of another step, which needs its lines unmasked.
    expect(stdout).not.toContain(pem.split('\n')[1])
  })

  it('mask key and passphrase even when another input is invalid', async () => {
    const encrypted = { type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: PASSPHRASE } as const
    const pem = ca.key.export(encrypted).toString()
    const { stdout, error } = await read({
      'ca-private-key': pem,
      'ca-private-key-passphrase': PASSPHRASE,
      'ca-name': '',
    })
    expect(error).toMatch(
      /^Missing input: ca-name\. Set it under "with:", for example ca-name: devices-2026\./,
    )
    expect(stdout).toContain(`::add-mask::${PASSPHRASE}\n`)
    expect(stdout).toContain(`::add-mask::${pem.split('\n')[1] ?? 'none'}\n`)
  })

  it.each([
    ['00f2', ['00f2']],
    ['F2:AB', ['f2ab']],
    ['0xF2 AB', ['f2ab']],
    ['serial=F2AB', ['f2ab']],
    ['0', ['0']],
    ['999', ['999']],
    ['4097', ['4097', '1001']],
    ['0x4097', ['4097']],
    ['40:97', ['4097']],
    ['04097', ['04097']],
  ])('accept the serial number of a predecessor: %s', async (replaces, readings) => {
    const values = { 'ca-private-key': keyPem(ca), replaces, 'on-replace': 'delete', activate: 'true' }
    const { read: found } = await read(values)
    expect(found?.predecessor).toEqual({ serialNumber: { text: replaces, readings }, onReplace: 'delete' })
    expect(found?.ca.activate).toBe(true)
  })
})

describe('before any call, register refuses', () => {
  it.each<[string, () => Promise<Values> | Values, RegExp]>([
    [
      'neither ca-private-key nor verification-certificate',
      () => ({}),
      /^Neither verification-certificate nor ca-private-key is set\. Set ca-private-key/,
    ],
    [
      'both ca-private-key and verification-certificate',
      async () => ({ 'ca-private-key': keyPem(ca), 'verification-certificate': await verification() }),
      /^Both verification-certificate and ca-private-key are set\. Set verification-certificate/,
    ],
    [
      'register-code with ca-private-key',
      () => ({ 'ca-private-key': keyPem(ca), 'register-code': CODE }),
      /^Both register-code and ca-private-key are set\. Remove register-code/,
    ],
    ['no ca-name', () => ({ ...key(), 'ca-name': ' ' }), /^Missing input: ca-name/],
    [
      'no instance-id',
      () => ({ ...key(), 'instance-id': '' }),
      /^Missing input: instance-id\. .*: post-cn-7mz2d\*{6}\. An unset secret or variable is passed as an empty string\.$/,
    ],
    ['no ca-certificate', () => ({ ...key(), 'ca-certificate': '' }), /^Missing input: ca-certificate/],
    [
      'a device certificate as ca-certificate',
      async () => ({ ...key(), 'ca-certificate': (await makeLeaf({ issuer: ca })).pem }),
      /is not a CA certificate/,
    ],
    [
      'an expired CA',
      async () => ({
        ...key(),
        'ca-certificate': (await makeCa({ notAfter: new Date(Date.now() - 1000) })).pem,
      }),
      /^The CA certificate in ca-certificate expired/,
    ],
    [
      'an Ed25519 CA',
      async () => ({ ...key(), 'ca-certificate': (await makeCa({ kind: 'Ed25519' })).pem }),
      /is an Ed25519 key/,
    ],
    [
      'a serial number of 129 bytes',
      async () => ({
        ...key(),
        'ca-certificate': (await makeCa({ serialNumber: `01${'00'.repeat(128)}` })).pem,
      }),
      /more than 128 bytes/,
    ],
    [
      'the key of another CA',
      () => ({
        'ca-private-key': privateKey('EC P-256').export({ type: 'sec1', format: 'pem' }).toString(),
      }),
      /does not belong to the CA certificate/,
    ],
    [
      'a verification certificate of another CA',
      async () => given(await verification({ issuer: await makeCa() })),
      /^The certificate in verification-certificate was not signed by the CA/,
    ],
    [
      'the CA certificate as verification-certificate',
      () => given(ca.pem),
      /^The inputs verification-certificate and ca-certificate contain the same certificate/,
    ],
    [
      'a verification certificate as ca-certificate',
      async () => ({ ...given(ca.pem), 'ca-certificate': await verification() }),
      /^The certificate in ca-certificate is not a CA certificate\. .*the two inputs may be swapped\.$/,
    ],
    [
      'a verification certificate for an invalid code',
      async () => given(await verification({ subject: new x509.Name('CN=two words') })),
      /^The Common Name of the certificate in verification-certificate is not a register code/,
    ],
    [
      'a masked register-code',
      async () => ({ ...given(await verification()), 'register-code': '***' }),
      /^Invalid register-code: the value is stars/,
    ],
    [
      'a self-signed CA that was damaged',
      () => ({ ...key(), 'ca-certificate': damaged(ca.pem) }),
      /^The CA certificate in ca-certificate is self-signed, but its signature is invalid/,
    ],
    ['an invalid activate', () => ({ ...key(), activate: 'yes' }), /^Invalid activate: "yes"\. Use/],
    [
      'an invalid on-replace',
      () => ({ ...key(), 'on-replace': 'revoke' }),
      /^Invalid on-replace: "revoke"\. Use inactivate, delete, or keep\./,
    ],
    ...['0x', 'old-ca', 'serial number 1f', 'f'.repeat(311), `${'a'.repeat(258)}!`].map(
      (replaces): [string, () => Values, RegExp] => [
        `a predecessor ${replaces.slice(0, 10)}`,
        () => ({ ...key(), replaces }),
        /^Invalid replaces: ".*"\. Use the serial number of a CA in hex/,
      ],
    ),
    ...[
      `00f2${'ab'.repeat(15)}`,
      `F2${'AB'.repeat(15)}`,
      `f2${':ab'.repeat(15)}`,
      `0xF2${' AB'.repeat(15)}`,
      `serial=F2${'AB'.repeat(15)}`,
      BigInt(`0xf2${'ab'.repeat(15)}`).toString(),
    ].map((replaces): [string, () => Values, RegExp] => [
      `itself as predecessor, ${replaces}`,
      () => ({ ...key(), replaces }),
      /^The input replaces names the CA itself: .*Set replaces to the serial number/,
    ]),
  ])('%s', async (_, values, text) => {
    const { error, read: found } = await read(await values())
    expect(error).toMatch(text)
    expect(error).not.toContain(CODE)
    expect(found).toBeUndefined()
  })

  // A run for a registered CA needs no valid certificate. It is checked only before a registration.
  it.each<[string, () => Values | Promise<Values>, RegExp]>([
    [
      'an expired verification certificate',
      async () => given(await verification({ notAfter: new Date(Date.now() - 1000) })),
      /^The certificate in verification-certificate expired/,
    ],
    [
      'a verification certificate that is not valid yet',
      async () => given(await verification({ notBefore: new Date(Date.now() + DAY_MS) })),
      /^The certificate in verification-certificate is not valid before/,
    ],
    [
      'a verification certificate for another code',
      async () => ({ ...given(await verification()), 'register-code': `${CODE}0` }),
      /^The certificate in verification-certificate contains another register code/,
    ],
  ])('%s is refused only before a registration', async (_, values, text) => {
    const { error, read: found } = await read(await values())
    expect(error).toBeUndefined()
    const proof = found?.ca.proof
    expect(proof?.kind === 'given' ? proof.rejection?.message : undefined).toMatch(text)
  })

  function key(): Values {
    return { 'ca-private-key': keyPem(ca) }
  }

  /** Changes the last byte of the signature. */
  function damaged(pem: string): string {
    const { raw } = new X509Certificate(pem)
    raw[raw.length - 1] = raw.readUInt8(raw.length - 1) ^ 1
    return new X509Certificate(raw).toString()
  }

  function given(pem: string): Values {
    return { 'verification-certificate': pem }
  }
})
