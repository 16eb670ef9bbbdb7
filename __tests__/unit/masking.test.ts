import { describe, expect, it, jest } from '@jest/globals'
import { withEnvironment } from '../support/in-process.ts'

const WITHHELD = '(message withheld: it contains a secret)'
const TOKEN = 'eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJyZXBvOmFjbWUvZGV2aWNlcyJ9.c2lnbmF0dXJlIG9mIHRoZSB0b2tlbg'

/** Imports the module again with only these secrets, because it never forgets one. */
async function masking(...secrets: readonly string[]) {
  jest.resetModules()
  const module = await import('../../src/runner/masking.ts')
  const { stdout } = await withEnvironment({}, () => secrets.map(module.mask))
  return { ...module, stdout }
}

describe('masking', () => {
  it('sends the runner the value with escaped line ends and percent signs', async () => {
    const { stdout } = await masking('50%\nof a secret')
    expect(stdout).toBe('::add-mask::50%25%0Aof a secret\n')
  })

  it.each(['', ' ', '\n'])('ignores a blank value: %j', async (blank) => {
    const { stdout, mask, clean, cleanForeign } = await masking(blank)
    expect(stdout).toBe('')
    expect(mask(blank)).toBe(blank)
    expect(clean('a b')).toBe('a b')
    expect(cleanForeign('a b\n')).toBe('a b ')
  })

  it('masks each part of a token, because a log can show a single part', async () => {
    const { stdout } = await masking(TOKEN)
    const masks = [TOKEN, ...TOKEN.split('.')].map((value) => `::add-mask::${value}\n`)
    expect(stdout).toBe(masks.join(''))
  })

  it.each([
    'one.two.three',
    'seven77.seven77.seven77',
    'longenough.longenough',
    'a.b.c',
    'long enough.long enough.longenough',
  ])('masks no parts of other texts: %s', async (value) => {
    expect((await masking(value)).stdout).toBe(`::add-mask::${value}\n`)
  })

  it('does not mask a certificate, but prints no line of it', async () => {
    const lines = [
      'MIIBizCCATGgAwIBAgIRAPNOyAy7pIdchlIJWOM3hkwCgYIKoZIzj0EAwIwIjEg',
      'aRDWknHaiLd0IajvOlRaRDWknHaiLd0Iajv',
    ]
    const pem = ['-----BEGIN CERTIFICATE-----', ...lines, '-----END CERTIFICATE-----', ''].join('\n')
    const { withholdCertificate, clean } = await masking()
    const { stdout, result } = await withEnvironment({}, () => withholdCertificate(pem))
    expect(stdout).toBe('')
    expect(result).toBe(pem)
    const overTwoLines = `${lines[0]?.slice(-11) ?? ''}\n${lines[1]?.slice(0, 6) ?? ''}`
    const echoes = [pem, encodeURIComponent(pem), JSON.stringify(pem), ...lines, overTwoLines]
    for (const echo of echoes) expect(clean(`It said ${echo}.`)).toBe(WITHHELD)
    for (const frame of ['-----BEGIN CERTIFICATE-----', '-----END CERTIFICATE-----']) {
      expect(clean(frame)).toBe(frame)
    }
  })
})

describe('a text of the action', () => {
  it('is withheld when it contains a piece of a long secret', async () => {
    const { clean } = await masking('Xk3vQ9mZt7LpW2rB8nYc')
    expect(clean('It is Xk3vQ9mZt7LpW2rB8nYc.')).toBe(WITHHELD)
    expect(clean('It is 9mZt7LpW2rB8.')).toBe(WITHHELD)
    expect(clean('It is 9mZt7LpW2rB.')).toBe('It is 9mZt7LpW2rB.')
  })

  it('can contain single words of a passphrase', async () => {
    const { clean, cleanForeign } = await masking('my security token 2026')
    expect(clean('The security token is missing')).toBe('The security token is missing')
    expect(cleanForeign('The security token is missing')).toBe(WITHHELD)
    expect(clean('The token 2026 is missing')).toBe('The token 2026 is missing')
    expect(clean('The security-token-2026 is missing')).toBe(WITHHELD)
  })

  it('shows stars instead of a short secret', async () => {
    const { clean } = await masking('tuna-7', 'two words', 'taken: :apart', '\tone\r\n\u200btwo \n', '$&')
    expect(clean('It is tuna-7, and tuna-7.')).toBe('It is ***, and ***.')
    expect(clean('tuna-8')).toBe('tuna-8')
    expect(clean('a $& b')).toBe('a *** b')
    expect(clean('a\n\tone\r\n\u200btwo \n\nb')).toBe('a *** b')
  })

  it('shows stars instead of a long secret without a digit', async () => {
    const { clean } = await masking('correct horse battery staple')
    expect(clean('The input is "correct horse battery staple".')).toBe('The input is "***".')
  })

  it('shows stars when only the cleaning completes a secret', async () => {
    const { clean } = await masking('two words', 'taken: :apart')
    expect(clean('two\nwords')).toBe('***')
    expect(clean('taken::apart')).toBe('***')
  })

  it('shows stars instead of the longer of two secrets that start alike', async () => {
    const { clean } = await masking('tuna', 'tuna-and')
    expect(clean('tuna-and, tuna')).toBe('***, ***')
  })

  it('contains no piece of a secret after it is cut', async () => {
    const { clean } = await masking('NEEDLE-9-HAYSTACK', 'tuna-7')
    expect(clean(`${'x'.repeat(995)}NEEDLE-9-HAYSTACK`)).toBe(WITHHELD)
    expect(clean(`${'x'.repeat(997)}tuna-7`)).toBe(`${'x'.repeat(997)}***`)
    expect(clean(`${'x'.repeat(998)}tuna-7`)).toBe(`${'x'.repeat(998)}**…`)
  })

  it('says that it was withheld, even when that message is a secret', async () => {
    const { clean, cleanForeign } = await masking('secret', 'message', 'q1w2e3r4t5y6')
    expect(clean('q1w2e3r4t5y6')).toBe(WITHHELD)
    expect(clean(cleanForeign('A secret.'))).toBe(WITHHELD)
    expect(clean(`A secret (${WITHHELD}), a message`)).toBe(`A *** (${WITHHELD}), a ***`)
  })

  it('contains no signature, although it is not masked', async () => {
    const { clean } = await masking()
    expect(clean('SignedHeaders=host,Signature=0a1b2c, and so on')).toBe(
      'SignedHeaders=host,Signature=***, and so on',
    )
  })
})

describe('a text of the service', () => {
  it.each([
    ['unchanged', 'tuna-7'],
    ['in another case', 'TUNA 7'],
    ['URL-encoded', '%74una%2D7'],
    ['in JSON', 'tuna\\u002d7'],
    ['in base64', Buffer.from('tuna-7').toString('base64')],
    ['in the base64 of a longer text', Buffer.from('user:tuna-7!').toString('base64')],
    ['in hex', Buffer.from('tuna-7').toString('hex')],
    ['among other letters', 'xtuna7x'],
  ])('is withheld when it contains a short secret %s', async (_, spelled) => {
    const { cleanForeign, unlessSecret } = await masking('tuna-7')
    expect(cleanForeign(`It is ${spelled}.`)).toBe(WITHHELD)
    expect(unlessSecret(spelled)).toBe('')
  })

  it('is withheld when it literally contains a secret without letters', async () => {
    const { cleanForeign } = await masking('!?', 'ab')
    expect(cleanForeign('What!?')).toBe(WITHHELD)
    expect(cleanForeign('What! ?')).toBe('What! ?')
    expect(cleanForeign('about')).toBe(WITHHELD)
    expect(cleanForeign('a-b')).toBe('a-b')
    expect(cleanForeign(Buffer.from('ab').toString('base64'))).toBe(WITHHELD)
  })

  it.each(['3F2A0000-1111-2222-3333-444455556666', '00f26900ba87', ''])(
    'is kept as an ID when it contains no secret: %j',
    async (id) => {
      expect((await masking('tuna-7', TOKEN)).unlessSecret(id)).toBe(id)
    },
  )
})

describe('any text', () => {
  it.each([
    ['a line end', 'one\r\n::error::two', 'one : :error: :two'],
    ['a workflow command', '::set-output name=a::b', ': :set-output name=a: :b'],
    ['an ARN, which stays unchanged', 'acs:ram::123:role/x at [::1]:443', 'acs:ram::123:role/x at [::1]:443'],
    ['several colons', ':::::', ': : : : :'],
    ['the older form of a command', 'text ##[error]oh', 'text # #[error]oh'],
    ['a terminal sequence', '\u001b[31mred', ' [31mred'],
    ['a line separator', 'one\u2028::two', 'one : :two'],
  ])('is harmless with %s', async (_, text, cleaned) => {
    const { clean, cleanForeign } = await masking()
    expect(clean(text)).toBe(cleaned)
    expect(cleanForeign(text)).toBe(cleaned)
  })

  it('is limited in length', async () => {
    const { clean, cleanForeign } = await masking()
    for (const cleaned of [clean, cleanForeign]) {
      expect(cleaned('y'.repeat(20_000))).toBe(`${'y'.repeat(1000)}…`)
      expect(cleaned('y'.repeat(1000))).toBe('y'.repeat(1000))
      expect(cleaned('y'.repeat(20), 10)).toBe(`${'y'.repeat(10)}…`)
    }
  })
})
