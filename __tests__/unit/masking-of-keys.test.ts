import { generateKeyPairSync } from 'node:crypto'
import { describe, expect, it } from '@jest/globals'
import { hide } from '../../demo/runner.ts'
import { clean, maskPrivateKeys } from '../../src/runner/masking.ts'
import { withEnvironment } from '../support/in-process.ts'

/** The values of the `::add-mask::` commands, as the runner takes them apart. */
async function masksOf(text: string): Promise<string[]> {
  const { stdout, result } = await withEnvironment({}, () => maskPrivateKeys(text))
  expect(result).toBe(text)
  return stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      expect(line).toMatch(/^::add-mask::[\w+/=]{16,}$/)
      return line.slice('::add-mask::'.length)
    })
}

const pair = generateKeyPairSync('rsa', { modulusLength: 2048 })
const pem = pair.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
const body = pem.split('\n').slice(1, -2)

describe('a private key', () => {
  it('is masked line by line, and its BEGIN and END lines are not', async () => {
    const masks = await masksOf(pem)
    expect(masks).toEqual(body.filter((line) => line.length >= 16))
    expect(hide('-----BEGIN PRIVATE KEY-----', masks)).toBe('-----BEGIN PRIVATE KEY-----')
    for (const line of masks) expect(hide(`before ${line} after`, masks)).toBe('before *** after')
  })

  it('with a short last line masks no ordinary text', async () => {
    const masks = await masksOf(
      `-----BEGIN PRIVATE KEY-----\n${'A1b2'.repeat(16)}\n${'c3D4'.repeat(4)}\nAA==\n-----END PRIVATE KEY-----\n`,
    )
    expect(masks).toEqual(['A1b2'.repeat(16), 'c3D4'.repeat(4)])
    expect(hide('the output AA== of a step', masks)).toBe('the output AA== of a step')
  })

  it.each([
    ['with Windows line ends', pem.replaceAll('\n', '\r\n')],
    ['with escaped line ends', pem.replaceAll('\n', '\\n')],
    ['with escaped Windows line ends', pem.replaceAll('\n', '\\r\\n')],
    ['indented', pem.replaceAll(/^/gm, '   ')],
    ['with spaces for line ends', pem.replaceAll('\n', ' ')],
    ['without an END line', pem.slice(0, pem.indexOf('-----END'))],
    [
      'between certificates',
      `-----BEGIN CERTIFICATE-----\n${'C'.repeat(64)}\n-----END CERTIFICATE-----\n${pem}`,
    ],
  ])('is masked %s', async (_, text) => {
    expect(await masksOf(text)).toEqual(body.filter((line) => line.length >= 16))
  })

  it('is masked in the old encrypted form, but for its headers', async () => {
    const cipher = { cipher: 'aes-256-cbc', passphrase: 'of-the-key' }
    const text = pair.privateKey.export({ type: 'pkcs1', format: 'pem', ...cipher }).toString()
    const [, , salt] = text.split('\n')
    const masks = await masksOf(text)
    expect(masks).toEqual(
      text
        .split('\n')
        .slice(4, -2)
        .filter((line) => line.length >= 16),
    )
    expect(masks).not.toContain(salt)
  })

  it('is redacted in what this action prints, each line and the whole', async () => {
    const key = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey
    const text = key.export({ type: 'sec1', format: 'pem' }).toString()
    await masksOf(text)
    expect(clean(`a ${text.split('\n')[1] ?? ''} b`)).toBe('a *** b')
    expect(clean(`could not read: ${text}`).trim()).toBe('could not read: *** EC PRIVATE KEY-----')
  })

  it('is masked when there are two in a text', async () => {
    const other = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey
    const [line = ''] = await masksOf(other.export({ type: 'sec1', format: 'pem' }).toString())
    expect(await masksOf(pem + other.export({ type: 'sec1', format: 'pem' }).toString())).toEqual(
      expect.arrayContaining([line, ...body.filter((one) => one.length >= 16)]),
    )
  })
})

describe('what is no private key', () => {
  it.each([
    ['a public key', pair.publicKey.export({ type: 'spki', format: 'pem' }).toString()],
    ['a certificate', `-----BEGIN CERTIFICATE-----\n${'C'.repeat(64)}\n-----END CERTIFICATE-----`],
    ['a path', '/home/runner/ca.key'],
    ['nothing', ''],
  ])('is not masked: %s', async (_, text) => {
    expect(await masksOf(text)).toEqual([])
  })
})
