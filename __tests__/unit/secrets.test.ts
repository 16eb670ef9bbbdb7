import { randomBytes } from 'node:crypto'
import { beforeEach, describe, expect, it, jest } from '@jest/globals'

type Secrets = typeof import('../../src/runner/secrets.ts')

/** Imports the module again, without any secret. */
let secrets: Secrets
beforeEach(async () => {
  jest.resetModules()
  secrets = await import('../../src/runner/secrets.ts')
})

const hex = (text: string): string => Buffer.from(text).toString('hex')
const base64 = (text: string): string => Buffer.from(text).toString('base64')
const each = (text: string, spell: (hexOfLetter: string) => string): string =>
  Array.from(text, (letter) => spell(hex(letter))).join('')
const wrapped = (text: string, width: number): string =>
  text.replace(new RegExp(`.{${width}}`, 'g'), '$&\r\n')

const half = ({ length }: string): number => Math.floor(length / 2)

/** How a service, a proxy or a library can spell a secret. */
const SPELLINGS: readonly [string, (secret: string) => string][] = [
  ['unchanged', (secret) => secret],
  ['without its first character', (secret) => secret.slice(1)],
  ['without its last character', (secret) => secret.slice(0, -1)],
  ['without its first seven characters', (secret) => secret.slice(7)],
  ['broken in the middle', (secret) => `${secret.slice(0, half(secret))}\n${secret.slice(half(secret))}`],
  ['wrapped at 76', (secret) => wrapped(secret, 76)],
  ['wrapped at 5', (secret) => wrapped(secret, 5)],
  ['in upper case', (secret) => secret.toUpperCase()],
  ['in lower case', (secret) => secret.toLowerCase()],
  ['with spaces for dots', (secret) => secret.replaceAll('.', ' ')],
  ['with underscores for dots', (secret) => secret.replaceAll('.', '_')],
  ['letter by letter', (secret) => Array.from(secret).join(' ')],
  ['with zero-width spaces', (secret) => Array.from(secret).join('\u200b')],
  [
    'in full-width letters',
    (secret) => each(secret, (code) => String.fromCodePoint(parseInt(code, 16) + 0xfee0)),
  ],
  ['in hex', hex],
  ['in upper-case hex', (secret) => hex(secret).toUpperCase()],
  ['in hex with colons', (secret) => each(secret, (code) => `${code}:`)],
  ['in hex with spaces', (secret) => each(secret, (code) => `${code} `)],
  ['in hex with commas and spaces', (secret) => each(secret, (code) => `${code}, `)],
  ['as Node shows bytes', (secret) => `<Buffer${each(secret, (code) => ` ${code}`)}>`],
  ['in base64', base64],
  ['in base64 for URLs', (secret) => Buffer.from(secret).toString('base64url')],
  ['in base64 without padding', (secret) => base64(secret).replaceAll('=', '')],
  ['in base64 of lines', (secret) => wrapped(base64(secret), 76)],
  ['in the base64 of more, at offset 0', (secret) => base64(`abc${secret}!!!`)],
  ['in the base64 of more, at offset 1', (secret) => base64(`a${secret}!!!`)],
  ['in the base64 of more, at offset 2', (secret) => base64(`ab${secret}!!!`)],
  ['in the base64 of more, at offset 0, in lower case', (secret) => base64(`abc${secret}!!!`).toLowerCase()],
  ['in the base64 of more, at offset 1, in lower case', (secret) => base64(`a${secret}!!!`).toLowerCase()],
  ['in the base64 of more, at offset 2, in lower case', (secret) => base64(`ab${secret}!!!`).toLowerCase()],
  ['in base64 of UTF-16', (secret) => Buffer.from(secret, 'utf16le').toString('base64')],
  ['in a header', (secret) => `Authorization: Basic ${base64(`user:${secret}`)}`],
  ['in base64 of base64', (secret) => base64(base64(secret))],
  ['in base64 of base64, at other offsets', (secret) => base64(`a${base64(`ab${secret}`)}`)],
  ['in base64 of base64 of base64', (secret) => base64(base64(base64(secret)))],
  ['in lines of base64 of base64', (secret) => wrapped(base64(base64(secret)), 64)],
  ['in short lines of base64 of base64', (secret) => wrapped(base64(base64(secret)), 10)],
  ['in base64 of base64, behind one other letter', (secret) => `x${base64(base64(secret))}`],
  ['in base64 of base64, behind two other letters', (secret) => `xy${base64(base64(secret))}`],
  ['in base64 of base64, behind three other letters', (secret) => `xyz${base64(base64(secret))}`],
  ['in base64 four times', (secret) => base64(base64(base64(base64(secret))))],
  ['in hex of base64, behind one other digit', (secret) => `0${hex(base64(secret))}`],
  ['in hex of base64', (secret) => hex(base64(secret))],
  [
    'in upper-case hex of base64, with colons',
    (secret) => each(base64(secret), (code) => `${code.toUpperCase()}:`),
  ],
  ['in base64 of hex', (secret) => base64(hex(secret))],
  ['in hex of hex', (secret) => hex(hex(secret))],
  ['URL-encoded', (secret) => each(secret, (code) => `%${code}`)],
  ['URL-encoded in upper case', (secret) => each(secret, (code) => `%${code.toUpperCase()}`)],
  ['URL-encoded twice', (secret) => each(secret, (code) => `%25${code}`)],
  ['URL-encoded three times', (secret) => each(secret, (code) => `%2525${code}`)],
  ['URL-encoded in part', (secret) => secret.replace(/[a-m]/g, (letter) => `%${hex(letter)}`)],
  ['as \\u0041', (secret) => each(secret, (code) => `\\u00${code}`)],
  ['as \\x41', (secret) => each(secret, (code) => `\\x${code}`)],
  ['as \\u{41}', (secret) => each(secret, (code) => `\\u{${code}}`)],
  ['as &#65;', (secret) => each(secret, (code) => `&#${parseInt(code, 16)};`)],
  ['as &#0065;', (secret) => each(secret, (code) => `&#00${parseInt(code, 16)};`)],
  [
    'as &#65; whose & was escaped twice',
    (secret) => each(secret, (code) => `&amp;amp;#${parseInt(code, 16)};`),
  ],
  ['as \\101', (secret) => each(secret, (code) => `\\${parseInt(code, 16).toString(8).padStart(3, '0')}`)],
  ['as \\U00000041', (secret) => each(secret, (code) => `\\U000000${code}`)],
  ['as U+0041', (secret) => each(secret, (code) => `U+00${code} `)],
  ['as &#x41 without an end', (secret) => each(secret, (code) => `&#x${code}`)],
  ['as 0x41', (secret) => each(secret, (code) => `0x${code}, `)],
  ['as JSON of bytes', (secret) => JSON.stringify(Buffer.from(secret))],
  ['with tags', (secret) => Array.from(secret).join('<wbr>')],
  ['with accents', (secret) => Array.from(secret).join('\u0301')],
  ['as &#x41;', (secret) => each(secret, (code) => `&#x${code};`)],
  ['in JSON in a URL', (secret) => encodeURIComponent(JSON.stringify({ token: secret }))],
  ['as \\u0041 in a URL', (secret) => encodeURIComponent(each(secret, (code) => `\\u00${code}`))],
  ['in base64 in JSON in a URL', (secret) => encodeURIComponent(JSON.stringify(wrapped(base64(secret), 76)))],
]

/** Returns a new secret each time, because the result must not depend on its letters. */
function madeToken(): string {
  const part = (claims: object): string => Buffer.from(JSON.stringify(claims)).toString('base64url')
  const header = part({ alg: 'RS256', typ: 'JWT' })
  return `${header}.${part({ sub: 'repo:acme/devices', aud: 'sts' })}.${randomBytes(256).toString('base64url')}`
}

describe.each([
  ['a token', madeToken],
  ['a secret of 20 characters', () => randomBytes(15).toString('base64url').replaceAll(/[-_]/g, 'x')],
])('%s', (_, make) => {
  it.each(SPELLINGS)('is found %s', (_spelling, spell) => {
    const secret = make()
    const text = `The request of user:${spell(secret)}, it was refused.`
    expect(secrets.containsSecret(text)).toBe(false)
    secrets.rememberSecret(secret)
    expect(secrets.containsSecret(text)).toBe(true)
  })
})

describe('hex digits alone', () => {
  const SECRET = 'Xk3vQ9mZt7LpW2rB8nYcH5sD1fGjK4'
  const zeros = '0'.repeat(20)

  it.each([
    ['its hex', hex(SECRET)],
    ['its hex in upper case', hex(SECRET).toUpperCase()],
    ['a part of its hex', hex(SECRET).slice(7, 19)],
    ['its hex between other digits', `${zeros}0${hex(SECRET)}${zeros}`],
    ['its hex behind a sign', `-${hex(SECRET)}`],
    ['the hex of its hex', hex(hex(SECRET))],
    ['the hex of its base64', hex(base64(SECRET))],
    ['the hex of its base64, between other digits', `${zeros}0${hex(base64(SECRET))}${zeros}`],
    ['the hex of its base64 in lines', hex(wrapped(base64(SECRET), 5))],
    ['the hex of its UTF-16', Buffer.from(SECRET, 'utf16le').toString('hex')],
    ['the hex of the base64 of its base64', hex(base64(base64(SECRET)))],
  ])('contain a secret: %s', (_, digits) => {
    expect(secrets.containsSecret(digits)).toBe(false)
    secrets.rememberSecret(SECRET)
    expect(secrets.containsSecret(digits)).toBe(true)
  })

  it('contain a secret of digits', () => {
    secrets.rememberSecret('13274673-8f90-4630-bea1-9cccb25756ad2089473625')
    expect(secrets.containsSecret('00132746738F904630')).toBe(true)
    expect(secrets.containsSecret('00132746738E904630')).toBe(false)
  })
})

describe('a piece of a secret', () => {
  it('consists of any twelve letters and digits in a row', () => {
    const secret = 'q1w2e3r4t5y6u7i8o9p0'
    secrets.rememberSecret(secret)
    for (let at = 0; at + 12 <= secret.length; at++) {
      expect(secrets.containsSecret(`-${secret.slice(at, at + 12)}-`)).toBe(true)
      expect(secrets.containsSecret(`-${secret.slice(at, at + 11)}-`)).toBe(false)
    }
  })

  it('counts in a text of the action when it contains a digit', () => {
    secrets.rememberSecret('the quick brown fox 4 u')
    expect(secrets.containsPieceWithDigit('a quick brown fox jumps')).toBe(false)
    expect(secrets.containsSecret('a quick brown fox jumps')).toBe(true)
    expect(secrets.containsPieceWithDigit('brown-fox-4-u')).toBe(false)
    expect(secrets.containsPieceWithDigit('a brown fox 4u')).toBe(false)
    expect(secrets.containsPieceWithDigit('k brown fox 4 u')).toBe(false)
    expect(secrets.containsPieceWithDigit('ick brown fox 4 u')).toBe(true)
  })

  it('is found for every secret, in any order', () => {
    secrets.rememberSecret('q1w2e3r4t5y6')
    expect(secrets.containsSecret('a1s2d3f4g5h6')).toBe(false)
    secrets.rememberSecret('a1s2d3f4g5h6')
    expect(secrets.containsSecret('a1s2d3f4g5h6')).toBe(true)
    expect(secrets.containsSecret('q1w2e3r4t5y6')).toBe(true)
  })

  it('may contain letters of any script', () => {
    secrets.rememberSecret('Ключ от ворот номер 7')
    expect(secrets.containsSecret(encodeURIComponent('КЛЮЧ ОТ ВОРОТ'))).toBe(false)
    expect(secrets.containsSecret(encodeURIComponent('КЛЮЧ ОТ ВОРОТ НОМЕР'))).toBe(true)
  })
})

describe('a literal secret', () => {
  it.each([
    ['q1w2e3r4t5y', ['q1w2e3r4t5y']],
    ['q1w2', ['q1w2']],
    ['q1w', ['cTF3', 'q1w']],
    ['!?', ['IT8=', '!?']],
    ['q1w2e3r4t5y6', []],
    ['correct horse battery', ['correct horse battery']],
    ['', []],
    [' ', []],
  ])('has no digit, or fewer than twelve letters and digits: %j', (secret, known) => {
    secrets.rememberSecret(secret)
    expect(secrets.literalSecrets()).toEqual(known)
  })

  it('is listed after longer secrets', () => {
    for (const secret of ['tuna', 'tuna-and', 'tuna-a']) secrets.rememberSecret(secret)
    expect(secrets.literalSecrets()).toEqual(['tuna-and', 'tuna-a', 'tuna'])
  })

  it('is found only as a whole', () => {
    secrets.rememberSecret('tuna-7')
    expect(secrets.containsSecret('a TUNA, 7 of them')).toBe(true)
    expect(secrets.containsSecret('a tuna-')).toBe(false)
  })
})

describe('a text that is not withheld', () => {
  const code = '13274673-8f90-4630-bea1-9cccb25756ad2089473625'
  const accessKeySecret = 'Xk3vQ9mZt7LpW2rB8nYcH5sD1fGjK4'

  it.each([
    [
      'an error of the service',
      'User not authorized to operate on the specified resource, or this API does not support RAM.',
    ],
    ['a long error', 'The specified parameter is not valid. '.repeat(200)],
    ['a request ID', '3F2AB5C1-1E0A-5B7C-9F6D-0A1B2C3D4E5F'],
    ['many request IDs', Array.from({ length: 50 }, () => crypto.randomUUID()).join(' ')],
    ['an ARN', 'acs:ram::1234567890123456:role/github-actions-mqtt'],
    ['an instance', 'post-cn-7mz2d3fxyz1 in cn-hangzhou'],
    ['an endpoint', 'onsmqtt.cn-hangzhou.aliyuncs.com:443, through the proxy proxy.example:3128'],
    ['the subject of a CA', 'C=CN, O=Example, CN=Example CA'],
    ['a fingerprint', Array.from(randomBytes(32), (byte) => byte.toString(16).padStart(2, '0')).join(':')],
    ['a serial number', '00f26900ba87c5d4e3f2a1b0'],
    ['base64 of something else', base64('This text contains nothing that would be a secret of anybody.')],
    ['a URL', 'https://www.alibabacloud.com/help/en/apsaramq-for-mqtt?x=%7B%22a%22%3A1%7D'],
    ['eleven letters of a secret', `It is ${accessKeySecret.slice(4, 15)}.`],
    ['eleven letters of a code', `It is ${code.slice(0, 12)}.`],
    ['nothing', ''],
  ])('%s', (_, text) => {
    for (const secret of [code, accessKeySecret, randomBytes(600).toString('base64')])
      secrets.rememberSecret(secret)
    expect(secrets.containsSecret(text)).toBe(false)
    expect(secrets.containsPieceWithDigit(text)).toBe(false)
  })
})
