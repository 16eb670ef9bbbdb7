import { describe, expect, it } from '@jest/globals'
import { clean, mask, redactCertificate } from '../../src/runner/masking.ts'
import { withEnvironment } from '../support/in-process.ts'

describe('masking', () => {
  it('tells the runner, with the line ends and per cents of the value escaped', async () => {
    const { stdout } = await withEnvironment({}, () => mask('50%\nof a secret'))
    expect(stdout).toBe('::add-mask::50%25%0Aof a secret\n')
  })

  it.each(['', ' ', '\n'])('leaves a blank value alone: %j', async (blank) => {
    const { stdout, result } = await withEnvironment({}, () => mask(blank))
    expect(stdout).toBe('')
    expect(result).toBe(blank)
    expect(clean('a b')).toBe('a b')
  })

  it.each([
    ['as it is', (secret: string) => secret],
    ['URL-encoded', encodeURIComponent],
    ['as the SDK encodes it', (secret: string) => encodeURIComponent(secret).replaceAll('*', '%2A')],
    ['in JSON', (secret: string) => JSON.stringify(secret)],
    ['in base64', (secret: string) => Buffer.from(secret).toString('base64')],
    ['URL-encoded in lower case', (secret: string) => encodeURIComponent(secret).toLowerCase()],
    [
      'URL-encoded but for its slashes',
      (secret: string) => encodeURIComponent(secret).replaceAll('%2F', '/'),
    ],
    [
      'in numbers of JSON',
      (secret: string) =>
        secret.replace(/./g, (c) => `\\u00${c.charCodeAt(0).toString(16).padStart(2, '0')}`),
    ],
    ['in JSON with escaped slashes', (secret: string) => JSON.stringify(secret).replaceAll('/', '\\/')],
    ['in HTML', (secret: string) => secret.replace(/[^a-z]/g, (c) => `&#x${c.charCodeAt(0).toString(16)};`)],
    ['in JSON, URL-encoded', (secret: string) => encodeURIComponent(JSON.stringify(secret).slice(1, -1))],
    ['URL-encoded twice', (secret: string) => encodeURIComponent(encodeURIComponent(secret))],
    [
      'as the SDK encodes it, URL-encoded',
      (secret: string) => encodeURIComponent(encodeURIComponent(secret).replaceAll('*', '%2A')),
    ],
    ['in base64 for URLs', (secret: string) => Buffer.from(secret).toString('base64url')],
  ])('redacts a masked value %s', async (_, spell) => {
    const secret = 'k/e+y*"=\\ of>?~'
    await withEnvironment({}, () => mask(secret))
    const text = clean(`before ${spell(secret)} after`)
    expect(text).toMatch(/^before "?\*\*\*=*"? after$/)
  })

  it.each(['', 'a', 'ab', 'abc'])(
    'redacts a masked value inside of a text in base64, behind %j',
    async (before) => {
      await withEnvironment({}, () => mask('a-long-enough-secret'))
      const text = clean(Buffer.from(`${before}a-long-enough-secret!!!`).toString('base64'))
      expect(text).toMatch(/^.{0,7}\*\*\*.{0,7}$/)
    },
  )

  it('redacts one with the letters of base64 that URLs cannot have, inside of a text in base64', async () => {
    await withEnvironment({}, () => mask('>>>???ooo~~~///'))
    const text = Buffer.from('user:>>>???ooo~~~///!').toString('base64')
    expect(text).toMatch(/[+].*[/]/)
    expect(clean(text)).toMatch(/^.{0,7}\*\*\*.{0,7}$/)
  })

  it('leaves base64 alone in which a short value may stand by chance', async () => {
    await withEnvironment({}, () => [mask('7 bytes'), mask('8-bytes!')])
    const [short, long] = ['a 7 bytes', 'a 8-bytes!'].map((text) => Buffer.from(text).toString('base64'))
    expect(clean(short ?? '')).toBe(short)
    expect(clean(long ?? '')).toContain('***')
  })

  it('redacts several secrets in an escaped text, in whatever order they became known', async () => {
    await withEnvironment({}, () => ['third', 'second', 'first'].map((name) => mask(`${name}-secret`)))
    expect(clean('%66irst-secret, %73econd-secret and %74hird-secret.')).toBe('***, *** and ***.')
    expect(clean('%66irst-secret%73econd-secret.')).toBe('******.')
  })

  it('redacts two secrets that overlap in an escaped text as one', async () => {
    await withEnvironment({}, () => [mask('overlapping-one'), mask('one-and-another')])
    expect(clean('an %6Fverlapping-%6Fne-and-another.')).toBe('an ***.')
  })

  it.each([
    ['neither is escaped', 'an overlapping-one-and-another.'],
    ['the first is escaped', 'an %6Fverlapping-one-and-another.'],
    ['the second is escaped', 'an overlapping-one-and-%61nother.'],
  ])('redacts two secrets that overlap as one when %s', async (_, text) => {
    await withEnvironment({}, () => [mask('overlapping-one'), mask('one-and-another')])
    expect(clean(text)).toBe('an ***.')
    await withEnvironment({}, () => [mask('a-longer-overlap-of-x'), mask('x-and-y')])
    expect(clean('a-longer-overlap-of-x-and-y')).toBe('***')
  })

  it('redacts two secrets that overlap when only the cleaning completes the second', async () => {
    await withEnvironment({}, () => [mask('first-part'), mask('part of-the-rest')])
    expect(clean('first-part\nof-the-rest')).toBe('***')
  })

  it('redacts an escaped secret behind one that ends as an escape begins', async () => {
    await withEnvironment({}, () => [mask('ends-in-\\'), mask('/\n\n+slashes')])
    expect(clean('ends-in-\\%2F\n%0A%2Bslashes')).toBe('******')
  })

  it('redacts a secret with line ends and control characters, whatever stands around it', async () => {
    await withEnvironment({}, () => mask('\tone\r\n\u200btwo \n'))
    expect(clean('a\n\tone\r\n\u200btwo \n\nb')).toBe('a***b')
  })

  it('redacts a secret whose line ends are escaped in part', async () => {
    await withEnvironment({}, () => mask('one\r\n\ntwo'))
    expect(clean('one%0D\n%0Atwo, one\\r\\n\ntwo')).toBe('***, ***')
  })

  it('redacts a secret of one letter in a long row of it, without a place for each', async () => {
    await withEnvironment({}, () => mask('q'.repeat(20)))
    expect(clean('q'.repeat(100_000))).toBe('***')
  })

  it('redacts a secret that overlaps itself', async () => {
    await withEnvironment({}, () => mask('tick-tock-tick'))
    expect(clean('tick-tock-tick-tock-tick')).toBe('***')
  })

  it('redacts a verification certificate, in which the code stands over two lines', async () => {
    const lines = [
      'MIIBizCCATGgAwIBAgIRAPNOyAy7pIdchlIJWOM3hkwCgYIKoZIzj0EAwIwIjEg',
      'aRDWknHaiLd0IajvOlRaRDWknHaiLd0Iajv',
    ]
    const pem = ['-----BEGIN CERTIFICATE-----', ...lines, '-----END CERTIFICATE-----', ''].join('\n')
    const { stdout } = await withEnvironment({}, () => redactCertificate(pem))
    expect(stdout).toBe('')
    for (const echo of [pem, encodeURIComponent(pem), JSON.stringify(pem)]) {
      for (const line of lines) expect(clean(echo)).not.toContain(line.slice(20))
    }
  })

  it('redacts signatures, which nobody masked', () => {
    expect(clean('SignedHeaders=host,Signature=0a1b2c, and so on')).toBe(
      'SignedHeaders=host,Signature=***, and so on',
    )
  })

  it('can mask what no URL can hold', async () => {
    await withEnvironment({}, () => mask('half a pair \ud800'))
    expect(clean('half a pair \ud800')).toBe('***')
  })

  it('redacts the longer of two secrets whole when the shorter is its beginning', async () => {
    await withEnvironment({}, () => [mask('swordfish'), mask('swordfish-and-more')])
    expect(clean('swordfish-and-more, swordfish')).toBe('***, ***')
  })

  it('redacts a secret that only the cleaning completes', async () => {
    await withEnvironment({}, () => mask('two words'))
    expect(clean('two\nwords')).toBe('***')
    await withEnvironment({}, () => mask('taken: :apart'))
    expect(clean('taken::apart')).toBe('***')
  })

  it('leaves no piece of a secret behind the cut', async () => {
    await withEnvironment({}, () => mask('NEEDLE-IN-A-HAYSTACK'))
    expect(clean('x'.repeat(995) + 'NEEDLE-IN-A-HAYSTACK')).not.toContain('NEEDLE')
  })
})

describe('the text of others', () => {
  it.each([
    ['a line end', 'one\r\n::error::two', 'one : :error: :two'],
    ['a workflow command', '::set-output name=a::b', ': :set-output name=a: :b'],
    ['an ARN, which stays as it is', 'acs:ram::123:role/x at [::1]:443', 'acs:ram::123:role/x at [::1]:443'],
    ['a row of colons', ':::::', ': : : : :'],
    ['the older form of a command', 'text ##[error]oh', 'text # #[error]oh'],
    ['a terminal sequence', '\u001b[31mred', ' [31mred'],
    ['a line separator', 'one\u2028::two', 'one : :two'],
  ])('cannot start anything with %s', (_, text, cleaned) => {
    expect(clean(text)).toBe(cleaned)
  })

  it('is bounded in length', () => {
    expect(clean('y'.repeat(10_000))).toBe(`${'y'.repeat(1000)}…`)
    expect(clean('y'.repeat(1000))).toBe('y'.repeat(1000))
  })
})
