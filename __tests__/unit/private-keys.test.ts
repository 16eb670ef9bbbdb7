import { execFileSync, spawnSync } from 'node:child_process'
import { createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto'
import { describe, expect, it } from '@jest/globals'
import { readPrivateKey, requireCaKey } from '../../src/certificates/keys.ts'
import { makeLeaf, privateKey, type Kind } from '../../testing/certificates.ts'
import { errorOf } from '../support/errors.ts'

const PASSPHRASE = 'correct horse battery staple'
const KINDS: readonly Kind[] = ['RSA 2048', 'EC P-256', 'EC P-384', 'EC P-521']

function read(text: string, passphrase = ''): KeyObject {
  const pem = { input: 'ca-private-key', text }
  return readPrivateKey(pem, {
    input: 'ca-private-key-passphrase',
    values: passphrase === '' ? [] : [passphrase],
  })
}

function plain(key: KeyObject, type: 'pkcs8' | 'pkcs1' | 'sec1'): string {
  return key.export({ type, format: 'pem' }).toString()
}

function encrypted(key: KeyObject, type: 'pkcs8' | 'pkcs1' | 'sec1', cipher: string): string {
  return key.export({ type, format: 'pem', cipher, passphrase: PASSPHRASE }).toString()
}

/** Returns the older form: PKCS#1 for RSA, SEC1 for EC. */
function oldForm(key: KeyObject): 'pkcs1' | 'sec1' {
  return key.asymmetricKeyType === 'rsa' ? 'pkcs1' : 'sec1'
}

const FORMS: readonly [string, (key: KeyObject) => string][] = [
  ['PKCS#8', (key) => plain(key, 'pkcs8')],
  ['PKCS#1 or SEC1', (key) => plain(key, oldForm(key))],
  ['PKCS#8 encrypted with PBES2', (key) => encrypted(key, 'pkcs8', 'aes-256-cbc')],
  ['the old encrypted form with AES', (key) => encrypted(key, oldForm(key), 'aes-128-cbc')],
  ['the old encrypted form with 3DES', (key) => encrypted(key, oldForm(key), 'des-ede3-cbc')],
  ['the old encrypted form with Camellia', (key) => encrypted(key, oldForm(key), 'camellia-256-cbc')],
  ['the old encrypted form with ARIA', (key) => encrypted(key, oldForm(key), 'aria-256-cbc')],
]

const LAYOUTS: readonly [string, (pem: string) => string][] = [
  ['as it is', (pem) => pem],
  ['with Windows line ends', (pem) => pem.replaceAll('\n', '\r\n')],
  ['with escaped line ends', (pem) => pem.replaceAll('\n', '\\n')],
  ['with escaped Windows line ends', (pem) => pem.replaceAll('\n', '\\r\\n')],
  ['indented, as in YAML', (pem) => pem.replaceAll(/^/gm, '      ')],
  ['with spaces for line ends', (pem) => pem.replaceAll('\n', ' ')],
  ['with text around it', (pem) => `Bag Attributes\n  friendlyName: ca\n${pem}\ntrailing words\n`],
  ['re-wrapped at 76', (pem) => rewrapped(pem, 76)],
  ['re-wrapped at 20', (pem) => rewrapped(pem, 20)],
  ['with its body in one line', (pem) => rewrapped(pem, 100_000)],
  ['without a line end after END', (pem) => pem.trimEnd()],
  ['after a certificate', (pem) => `-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n${pem}`],
  ['after a block without its end', (pem) => `-----BEGIN CERTIFICATE-----\nAAAA\n${pem}`],
  ['before a block without its beginning', (pem) => `${pem}AAAA\n-----END CERTIFICATE-----\n`],
  [
    'after EC PARAMETERS',
    (pem) => `-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n${pem}`,
  ],
]

function rewrapped(pem: string, width: number): string {
  const lines = pem.trim().split('\n')
  const bodyAt = lines.indexOf('') + 1 || 1
  const body = lines.slice(bodyAt, -1).join('')
  return [
    ...lines.slice(0, bodyAt),
    ...(body.match(new RegExp(`.{1,${width}}`, 'g')) ?? []),
    ...lines.slice(-1),
  ].join('\n')
}

describe.each(KINDS)('a private key, %s,', (kind) => {
  const key = privateKey(kind)
  const cases = FORMS.flatMap(([form, write]) =>
    LAYOUTS.map(([layout, lay]) => ({ form, layout, text: lay(write(key)) })),
  )

  it.each(cases)('is read as $form, $layout', ({ text }) => {
    const found = read(text, PASSPHRASE)
    expect(found.equals(key)).toBe(true)
  })

  it('is of a kind that the service supports', () => {
    const { type, ...detail } = requireCaKey(key, 'The key')
    expect(`${type.toUpperCase()} ${Object.values(detail).join('')}`).toBe(kind)
  })
})

describe('an encrypted private key', () => {
  const key = privateKey('EC P-256')
  const texts = [encrypted(key, 'pkcs8', 'aes-256-cbc'), encrypted(key, 'sec1', 'aes-256-cbc')]

  it.each(texts)('needs its passphrase', async (text) => {
    expect(await errorOf(() => read(text))).toMatch(
      /^The private key in ca-private-key is encrypted, but ca-private-key-passphrase is not set\. Set/,
    )
  })

  it.each(texts)('is refused with a wrong passphrase, whatever that decrypts to', async (text) => {
    // Enough repetitions for the one in 256 that decrypts to valid padding.
    for (let n = 0; n < 600; n++) {
      const error = await errorOf(() => read(text, `wrong passphrase ${n}`))
      expect(error).toMatch(
        /^The private key in ca-private-key could not be decrypted with ca-private-key-passphrase\. Check the passphrase/,
      )
      expect(error).not.toContain('wrong passphrase')
    }
  })

  it('is refused with its own error when Node does not support the cipher', async () => {
    const text = encrypted(key, 'sec1', 'aes-128-cbc').replace('AES-128-CBC', 'DES-CBC')
    expect(await errorOf(() => read(text, PASSPHRASE))).toMatch(
      /encrypted with DES-CBC, which Node.js does not support/,
    )
  })

  it('is distinguished from a plain key, for which a passphrase is ignored', () => {
    expect(read(plain(key, 'pkcs8'), PASSPHRASE).equals(key)).toBe(true)
  })
})

describe('an input for a private key', () => {
  const key = privateKey('EC P-256')
  const publicPem = createPublicKey(key).export({ type: 'spki', format: 'pem' }).toString()

  it.each([
    ['a public key', publicPem, /^The input ca-private-key contains a public key\. Use a private key\.$/],
    ['a key cut off', plain(key, 'pkcs8').slice(0, 100), /contains no complete PEM block/],
    [
      'the END line of another block',
      framed('PRIVATE KEY', 'EC PRIVATE KEY'),
      /contains no complete PEM block/,
    ],
    [
      'END before BEGIN',
      '-----END PRIVATE KEY-----\nAAAA\n-----BEGIN PRIVATE KEY-----',
      /no complete PEM block/,
    ],
    ['a name in small letters', framed('Private Key', 'Private Key'), /contains no complete PEM block/],
    ['a name that never ends', framed('A'.repeat(65), 'A'.repeat(65)), /contains no complete PEM block/],
    ['dashes in a block', framed('PRIVATE KEY', 'PRIVATE KEY', '-----'), /contains no complete PEM block/],
    [
      'a damaged key',
      '-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----',
      /^The private key in ca-private-key cannot be read\. It may be damaged/,
    ],
    [
      "a key in OpenSSH's form",
      '-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----',
      /is in the OpenSSH format, which Node\.js does not support\. Convert it/,
    ],
    [
      'a certificate request',
      '-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE REQUEST-----',
      /contains a certificate request\. Use a private key/,
    ],
    [
      'another kind of PEM block',
      '-----BEGIN X509 CRL-----\nAAAA\n-----END X509 CRL-----',
      /contains a list of revoked certificates \(CRL\)/,
    ],
  ])('refuses %s', async (_, text, message) => {
    const error = await errorOf(() => read(text))
    expect(error).toMatch(message)
    expect(error).not.toContain('MIG')
  })

  it('names no more than three kinds of blocks', async () => {
    const text = ['X509 CRL', 'CERTIFICATE', 'PUBLIC KEY', 'A', 'B']
      .map((label) => framed(label, label))
      .join('')
    expect(await errorOf(() => read(text))).toBe(
      'The input ca-private-key contains a list of revoked certificates (CRL) and a certificate and a public key. Use a private key. Check that ca-certificate and ca-private-key are not swapped.',
    )
  })

  it('refuses a certificate', async () => {
    const { pem } = await makeLeaf()
    expect(await errorOf(() => read(pem))).toBe(
      'The input ca-private-key contains a certificate. Use a private key. Check that ca-certificate and ca-private-key are not swapped.',
    )
  })
})

function framed(begin: string, end: string, body = 'AAAA'): string {
  return `-----BEGIN ${begin}-----\n${body}\n-----END ${end}-----\n`
}

describe('a key of a kind that the service does not support', () => {
  it.each([
    ['an Ed25519 key', () => generateKeyPairSync('ed25519').privateKey],
    ['an Ed448 key', () => generateKeyPairSync('ed448').privateKey],
    ['a key of type x25519', () => generateKeyPairSync('x25519').privateKey],
    ['a DSA key', () => generateKeyPairSync('dsa', { modulusLength: 1024, divisorLength: 160 }).privateKey],
    [
      'an RSA key for PSS signatures only',
      () => generateKeyPairSync('rsa-pss', { modulusLength: 2048 }).privateKey,
    ],
    ['an RSA key of 1024 bits', () => generateKeyPairSync('rsa', { modulusLength: 1024 }).privateKey],
    [
      'an EC key on the curve secp256k1',
      () => generateKeyPairSync('ec', { namedCurve: 'secp256k1' }).privateKey,
    ],
    [
      'an EC key on the curve secp224r1',
      () => generateKeyPairSync('ec', { namedCurve: 'secp224r1' }).privateKey,
    ],
  ])('is refused with its own error: %s', async (words, make) => {
    const key = read(plain(make(), 'pkcs8'))
    expect(await errorOf(() => requireCaKey(key, 'The key in ca-private-key'))).toBe(
      `The key in ca-private-key is ${words}, which ApsaraMQ for MQTT does not support. ` +
        'Use a CA with an RSA key of 2048 to 8192 bits, or an EC key on P-256, P-384 or P-521.',
    )
  })

  it('is refused when it is longer than 8,192 bits', async () => {
    // A mock, because generating such a key takes a minute.
    const key: unknown = { asymmetricKeyType: 'rsa', asymmetricKeyDetails: { modulusLength: 8193 } }
    expect(await errorOf(() => requireCaKey(key as KeyObject, 'It'))).toMatch(
      /^It is an RSA key of 8193 bits/,
    )
  })
})

const hasOpenssl = spawnSync('openssl', ['version']).status === 0

describe('keys that openssl writes', () => {
  it('are tested in CI', () => {
    expect(hasOpenssl || process.env['CI'] === undefined).toBe(true)
  })

  const rows: readonly [string, string][] = [
    ['genrsa -traditional 2048', 'rsa'],
    ['genrsa -aes256 -traditional -passout pass:sixteen-or-longer 2048', 'rsa'],
    ['genpkey -algorithm RSA -aes-256-cbc -pass pass:sixteen-or-longer', 'rsa'],
    ['ecparam -name secp384r1 -genkey', 'ec'],
    ['ecparam -name prime256v1 -genkey -noout', 'ec'],
    ['genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-521 -aes128 -pass pass:sixteen-or-longer', 'ec'],
  ]
  // Skipped where openssl is not installed. The test above checks that CI has it.
  ;(hasOpenssl ? it : it.skip).each(rows)('are read: openssl %s', (command, type) => {
    const text = execFileSync('openssl', command.split(' '), {
      stdio: ['ignore', 'pipe', 'ignore'],
    }).toString()
    expect(read(text, 'sixteen-or-longer').asymmetricKeyType).toBe(type)
  })
})
