import { generateKeyPairSync } from 'node:crypto'
import { describe, expect, it, jest } from '@jest/globals'
import { hide } from '../../testing/run-step.ts'
import { clean, maskLines } from '../../src/runner/masking.ts'
import { withEnvironment } from '../support/in-process.ts'

const WITHHELD = '(message withheld: it contains a secret)'

/** Returns the values of the `::add-mask::` commands, as the runner reads them. */
async function masksOf(text: string): Promise<string[]> {
  const { stdout, result } = await withEnvironment({}, () => maskLines(text))
  expect(result).toBe(text)
  return stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      expect(line).toMatch(/^::add-mask::./)
      return line.slice('::add-mask::'.length).replaceAll('%25', '%')
    })
}

const pair = generateKeyPairSync('rsa', { modulusLength: 2048 })
const pem = pair.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
const body = pem.split('\n').slice(1, -2)
const base64 = body.join('')

function wrapped(width: number): string {
  const lines = base64.match(new RegExp(`.{1,${width}}`, 'g')) ?? []
  return ['-----BEGIN PRIVATE KEY-----', ...lines, '-----END PRIVATE KEY-----', ''].join('\n')
}

describe('a private key', () => {
  it('is masked line by line, without its BEGIN and END lines', async () => {
    const masks = await masksOf(pem)
    expect(masks).toEqual(body.filter((line) => line.length >= 8))
    expect(hide('-----BEGIN PRIVATE KEY-----', masks)).toBe('-----BEGIN PRIVATE KEY-----')
    for (const line of masks) expect(hide(`before ${line} after`, masks)).toBe('before *** after')
  })

  it('with a short last line masks no ordinary text', async () => {
    const masks = await masksOf(
      `-----BEGIN PRIVATE KEY-----\n${'A1b2'.repeat(16)}\n${'c3D4'.repeat(2)}\nAA==\n-----END PRIVATE KEY-----\n`,
    )
    expect(masks).toEqual(['A1b2'.repeat(16), 'c3D4'.repeat(2)])
    expect(hide('the output AA== of a step', masks)).toBe('the output AA== of a step')
  })

  it.each([
    ['with Windows line ends', pem.replaceAll('\n', '\r\n')],
    ['with the line ends of old Mac files', pem.replaceAll('\n', '\r')],
    ['with escaped line ends', pem.replaceAll('\n', '\\n')],
    ['with escaped Windows line ends', pem.replaceAll('\n', '\\r\\n')],
    ['with line ends escaped twice', pem.replaceAll('\n', '\\\\n')],
    ['with line ends escaped three times', pem.replaceAll('\n', '\\\\\\\\n')],
    ['indented', pem.replaceAll(/^/gm, '   ')],
    ['with trailing white space', pem.replaceAll('\n', ' \t\n')],
    ['without an END line', pem.slice(0, pem.indexOf('-----END'))],
    ['without a BEGIN line', pem.slice(pem.indexOf('\n') + 1)],
    ['with the BEGIN and END lines of another form', pem.replaceAll('PRIVATE KEY', 'RSA PRIVATE KEY')],
  ])('is masked %s', async (_, text) => {
    expect(await masksOf(text)).toEqual(body.filter((line) => line.length >= 8))
  })

  it.each([
    ['with spaces in place of line ends', pem.replaceAll('\n', ' ')],
    ['with a dash missing', pem.replaceAll('-----', '----')],
    ['under an unknown name', pem.replaceAll('PRIVATE KEY', 'KEY OF OURS')],
    ['between other words', `key: "${pem.replaceAll('\n', '\\n')}"`],
    [
      'between certificates',
      `-----BEGIN CERTIFICATE-----\n${'C'.repeat(64)}\n-----END CERTIFICATE-----\n${pem}`,
    ],
  ])('has each of its lines masked %s', async (_, text) => {
    const masks = await masksOf(text)
    for (const line of body) expect(hide(`before ${line} after`, masks)).toBe('before *** after')
  })

  it.each([76, 64, 20, 8, 7, 5, 4])('is masked when its lines have %i characters', async (width) => {
    const lines = wrapped(width).split('\n').slice(1, -2)
    const whole = lines.filter(({ length }) => length === width)
    expect(await masksOf(wrapped(width))).toEqual(expect.arrayContaining([...new Set(whole)]))
  })

  it('is masked in the old encrypted form, with its headers', async () => {
    const cipher = { cipher: 'aes-256-cbc', passphrase: 'of-the-key' }
    const text = pair.privateKey.export({ type: 'pkcs1', format: 'pem', ...cipher }).toString()
    const lines = text.split('\n').slice(1, -2)
    const masks = await masksOf(text)
    for (const line of lines.filter(({ length }) => length >= 8)) expect(masks).toContain(line)
  })

  it.each([
    ['PKCS#8', 'PRIVATE KEY'],
    ['PKCS#1', 'RSA PRIVATE KEY'],
    ['SEC1', 'EC PRIVATE KEY'],
    ['encrypted', 'ENCRYPTED PRIVATE KEY'],
    ['of OpenSSH', 'OPENSSH PRIVATE KEY'],
    ['parameters', 'EC PARAMETERS'],
    ['a certificate', 'CERTIFICATE'],
    ['an older certificate', 'X509 CERTIFICATE'],
    ['a public key', 'PUBLIC KEY'],
  ])('leaves its frame lines unmasked: %s', async (_, label) => {
    const frame = [`-----BEGIN ${label}-----`, `-----END ${label}-----`]
    expect(await masksOf(frame.join('\nQUJDREVGR0g=\n'))).toEqual(['QUJDREVGR0g='])
  })

  it('is masked when a text contains two', async () => {
    const other = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey
    const [line = ''] = await masksOf(other.export({ type: 'sec1', format: 'pem' }).toString())
    expect(await masksOf(pem + other.export({ type: 'sec1', format: 'pem' }).toString())).toEqual(
      expect.arrayContaining([line, ...body.filter((one) => one.length >= 8)]),
    )
  })
})

describe('a text passed as a private key', () => {
  it.each([
    ['a path', 'keys/of the CA.key', ['keys/of the CA.key']],
    ['a password of one word', 'swordfish', ['swordfish']],
    ['words', 'two words\nand three more', ['two words', 'and three more']],
    ['short lines', 'one\nfour\nfive5', ['four', 'five5']],
    ['one short line', 'one\nfour', []],
    ['nothing', '', []],
    ['white space', ' \n \t\r\n', []],
    ['a percent sign', '100% of it\n', ['100% of it']],
    [
      'a long word in a line',
      `key=${'k'.repeat(16)} -v`,
      [`key=${'k'.repeat(16)} -v`, `key=${'k'.repeat(16)}`],
    ],
    [
      'words of a line',
      `${'k'.repeat(15)} ${'w'.repeat(16)}`,
      [`${'k'.repeat(15)} ${'w'.repeat(16)}`, 'w'.repeat(16)],
    ],
    ['a repeated line', 'twice-there\ntwice-there', ['twice-there']],
  ])('is masked whatever it contains: %s', async (_, text, masks) => {
    expect(await masksOf(text)).toEqual(masks)
  })
})

describe('a key in the output of an action', () => {
  const text = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    .privateKey.export({ type: 'pkcs8', format: 'pem' })
    .toString()
  const key = text.split('\n').slice(1, -2).join('')

  it.each([
    ['a line', (): string => text.split('\n')[1] ?? ''],
    ['the whole', () => text],
    ['the whole in one line', () => key],
    ['another width', () => (key.match(/.{1,10}/g) ?? []).join('\n')],
    ['with escaped line ends', () => JSON.stringify(text)],
  ])('is withheld: %s', async (_, echo) => {
    await masksOf(text)
    expect(clean(`could not read ${echo()}`)).toBe(WITHHELD)
  })

  it('is withheld when only the end of a line and the start of the next are printed', async () => {
    // Imports the module again, without the secrets of other tests.
    jest.resetModules()
    const fresh = await import('../../src/runner/masking.ts')
    const [, first = '', second = ''] = text.split('\n')
    const piece = `${first.slice(-11)}\n${second.slice(0, 11)}`
    await withEnvironment({}, () => fresh.maskLines(text))
    expect(fresh.cleanForeign(`It said ${piece}.`)).toBe(WITHHELD)
    // A Latin letter, also with an accent, could be the next one in the key.
    expect(fresh.cleanForeign(`ж${first.slice(-11)}ж`)).not.toBe(WITHHELD)
  })

  it('is printed when it contains only the frame lines', async () => {
    await masksOf(text)
    for (const frame of ['-----BEGIN PRIVATE KEY-----', '-----END PRIVATE KEY-----'])
      expect(clean(frame)).toBe(frame)
  })
})
