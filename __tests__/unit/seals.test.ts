import { createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto'
import { describe, expect, it } from '@jest/globals'
import fc from '../support/generated.ts'
import { CompactEncrypt, compactDecrypt } from 'jose'
import {
  keyPairSealKey,
  openSeal,
  passphraseSealKey,
  seal,
  type SealedCode,
  type SealKey,
} from '../../src/seal.ts'
import { errorOf } from '../support/errors.ts'

const CODE: SealedCode = {
  registerCode: '13274673-8f90-4630-bea1-9cccb25756ad2089473625',
  instanceId: 'post-cn-7mz2d3fxyz1',
  repository: 'example/devices',
  runId: '17263548901',
}
const RUN = { repository: CODE.repository, runId: CODE.runId }
const PASSPHRASE = 'sixteen or longer'
const HOUR_MS = 3600 * 1000

const COULD_NOT_BE_OPENED =
  /^The seal cannot be opened: seal-key is the wrong key, or sealed-register-code was changed\. Set/

type Pair = { readonly sealing: SealKey; readonly opening: SealKey }

function keyPair(key: KeyObject): Pair {
  return { sealing: keyPairSealKey(createPublicKey(key)), opening: keyPairSealKey(key) }
}
function rsa(modulusLength: number): KeyObject {
  return generateKeyPairSync('rsa', { modulusLength }).privateKey
}
function ec(namedCurve: string): KeyObject {
  return generateKeyPairSync('ec', { namedCurve }).privateKey
}

const passphrase = passphraseSealKey(PASSPHRASE)
const rsaPair = keyPair(rsa(2048))
const ecPair = keyPair(ec('P-256'))
const KEYS: readonly [string, Pair, object][] = [
  ['a passphrase', { sealing: passphrase, opening: passphrase }, { alg: 'PBES2-HS512+A256KW', p2c: 600_000 }],
  ['RSA 2048', rsaPair, { alg: 'RSA-OAEP-256' }],
  ['RSA 3072', keyPair(rsa(3072)), { alg: 'RSA-OAEP-256' }],
  ['EC P-256', ecPair, { alg: 'ECDH-ES+A256KW' }],
  ['EC P-384', keyPair(ec('P-384')), { alg: 'ECDH-ES+A256KW' }],
  ['EC P-521', keyPair(ec('P-521')), { alg: 'ECDH-ES+A256KW' }],
]

function headerOf(sealed: string): Record<string, unknown> {
  const [header = ''] = sealed.split('.')
  return JSON.parse(Buffer.from(header, 'base64url').toString()) as Record<string, unknown>
}

describe.each(KEYS)('a seal made with %s', (_, { sealing, opening }, header) => {
  it('opens in the run that made it', async () => {
    expect(await openSeal(await seal(CODE, sealing), opening, RUN)).toEqual(CODE)
  })

  it('shows only the parameters of its algorithms', async () => {
    const sealed = await seal(CODE, sealing)
    expect(sealed).toMatch(/^[\w-]+(\.[\w-]+){4}$/)
    const found = headerOf(sealed)
    expect(found).toMatchObject({ ...header, enc: 'A256GCM' })
    expect(Object.keys(found).filter((name) => !['alg', 'enc', 'p2s', 'p2c', 'epk'].includes(name))).toEqual(
      [],
    )
    const readable =
      sealed +
      sealed
        .split('.')
        .map((part) => Buffer.from(part, 'base64url').toString('latin1'))
        .join()
    for (const secret of [...Object.values(CODE), PASSPHRASE]) expect(readable).not.toContain(secret)
  })

  it('differs each time', async () => {
    const [one, other] = [await seal(CODE, sealing), await seal(CODE, sealing)]
    const parts = other.split('.')
    const same = one.split('.').filter((part, at) => part === parts[at])
    expect(same.length).toBeLessThanOrEqual(sealing.algorithm === 'RSA-OAEP-256' ? 1 : 0)
  })
})

describe('inside a seal', () => {
  it('there are the claims and the times in seconds', async () => {
    const sealed = await seal(CODE, ecPair.sealing, 1_700_000_000_999)
    const { plaintext } = await compactDecrypt(sealed, ecPair.opening.key)
    expect(JSON.parse(Buffer.from(plaintext).toString())).toEqual({
      register_code: CODE.registerCode,
      instance_id: CODE.instanceId,
      repository: CODE.repository,
      run_id: CODE.runId,
      iat: 1_700_000_000,
      exp: 1_700_000_000 + 24 * 3600,
    })
  })

  it('any code and any names are returned unchanged', async () => {
    const unit = fc.constantFrom(...Array.from('azAZ09-_.:+/=@~'))
    await fc.assert(
      fc.asyncProperty(
        fc.string({ minLength: 8, maxLength: 64, unit }),
        fc.string({ minLength: 1, maxLength: 64, unit }),
        fc.string(),
        fc.string(),
        async (registerCode, instanceId, repository, runId) => {
          const code = { registerCode, instanceId, repository, runId }
          expect(await openSeal(await seal(code, ecPair.sealing), ecPair.opening, code)).toEqual(code)
        },
      ),
    )
  })

  it('any passphrase of 16 characters opens only its own seal', async () => {
    const long = fc.string({ minLength: 16, unit: 'grapheme' })
    await fc.assert(
      fc.asyncProperty(long, long, async (right, wrong) => {
        fc.pre(right !== wrong)
        const sealed = await seal(CODE, passphraseSealKey(right))
        expect(await openSeal(sealed, passphraseSealKey(right), RUN)).toEqual(CODE)
        expect(await errorOf(() => openSeal(sealed, passphraseSealKey(wrong), RUN))).toMatch(
          COULD_NOT_BE_OPENED,
        )
      }),
      // Each run derives a key three times, with 600,000 rounds.
      { numRuns: 2 },
    )
  })
})

describe('a seal that was changed', () => {
  it.each([
    ['RSA', rsaPair],
    ['EC', ecPair],
  ])('in any one character does not open: %s', async (_, { sealing, opening }) => {
    const sealed = await seal(CODE, sealing)
    const other = fc.constantFrom(
      ...Array.from('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.=+/ \n'),
    )
    await fc.assert(
      fc.asyncProperty(fc.nat(sealed.length - 1), other, async (at, char) => {
        fc.pre(sealed[at] !== char)
        const changed = sealed.slice(0, at) + char + sealed.slice(at + 1)
        expect(await errorOf(() => openSeal(changed, opening, RUN))).toMatch(COULD_NOT_BE_OPENED)
      }),
      { numRuns: 300 },
    )
  })

  it('in the bits that base64 does not use, at the end of a part, does not open', async () => {
    const sealed = await seal(CODE, ecPair.sealing)
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
    // The tag has 16 bytes, so that its last character has four unused bits.
    const last = alphabet[alphabet.indexOf(sealed.at(-1) ?? '') + 1] ?? ''
    const changed = sealed.slice(0, -1) + last
    expect(Buffer.from(changed.split('.')[4] ?? '', 'base64url')).toEqual(
      Buffer.from(sealed.split('.')[4] ?? '', 'base64url'),
    )
    expect(await errorOf(() => openSeal(changed, ecPair.opening, RUN))).toMatch(COULD_NOT_BE_OPENED)
  })

  it('in any part does not open with the passphrase', async () => {
    const parts = (await seal(CODE, passphrase)).split('.')
    for (const at of parts.keys()) {
      const changed = parts.map((part, n) => (n === at ? flipFirst(part) : part)).join('.')
      expect(await errorOf(() => openSeal(changed, passphrase, RUN))).toMatch(COULD_NOT_BE_OPENED)
    }
  })

  function flipFirst(part: string): string {
    const bytes = Buffer.from(part, 'base64url')
    bytes[0] = bytes.readUInt8(0) ^ 1
    return bytes.toString('base64url')
  }

  it.each(['', 'text', '....', 'a.b.c.d', 'e30.a.b.c.d', 'bnVsbA.a.b.c.d', 'MQ.a.b.c.d', 'a'.repeat(10_000)])(
    'completely does not open: %j',
    async (sealed) => {
      expect(await errorOf(() => openSeal(sealed, ecPair.opening, RUN))).toMatch(COULD_NOT_BE_OPENED)
    },
  )
})

describe('a seal made for another key', () => {
  it('does not open, with the error of a changed seal', async () => {
    for (const [one, other] of [
      [ecPair, keyPair(ec('P-256'))],
      [ecPair, keyPair(ec('P-384'))],
      [rsaPair, keyPair(rsa(2048))],
    ] as const) {
      const sealed = await seal(CODE, one.sealing)
      expect(await errorOf(() => openSeal(sealed, other.opening, RUN))).toMatch(COULD_NOT_BE_OPENED)
    }
  })

  it.each([
    ['an RSA key', 'a passphrase', rsaPair.sealing, passphrase],
    ['an EC key', 'an RSA key', ecPair.sealing, rsaPair.opening],
    ['a passphrase', 'an EC key', passphrase, ecPair.opening],
  ])('of another kind is reported: %s and %s', async (madeFor, given, sealing, opening) => {
    const sealed = await seal(CODE, sealing)
    expect(await errorOf(() => openSeal(sealed, opening, RUN))).toMatch(
      new RegExp(`^The seal needs ${madeFor}, but seal-key is ${given}\\. Set seal-key to the passphrase`),
    )
  })
})

describe('a seal that was forged', () => {
  type Header = { alg: string; enc: string; zip?: string }

  async function forge(
    claims: unknown,
    header: Header = { alg: 'ECDH-ES+A256KW', enc: 'A256GCM' },
  ): Promise<string> {
    const text = typeof claims === 'string' ? claims : JSON.stringify(claims)
    return await new CompactEncrypt(Buffer.from(text)).setProtectedHeader(header).encrypt(ecPair.sealing.key)
  }
  const open = (sealed: string) => openSeal(sealed, ecPair.opening, RUN)
  const now = Math.floor(Date.now() / 1000)
  const good = {
    register_code: CODE.registerCode,
    instance_id: CODE.instanceId,
    repository: CODE.repository,
    run_id: CODE.runId,
    iat: now,
    exp: now + 24 * 3600,
  }

  it('opens with valid claims and algorithms, so that the cases below test what they name', async () => {
    expect(await open(await forge(good))).toEqual(CODE)
  })

  it.each<[string, Header]>([
    ['key agreement without key wrapping', { alg: 'ECDH-ES', enc: 'A256GCM' }],
    ['a shorter key for wrapping', { alg: 'ECDH-ES+A128KW', enc: 'A256GCM' }],
    ['another content encryption', { alg: 'ECDH-ES+A256KW', enc: 'A128GCM' }],
    ['a content encryption of another family', { alg: 'ECDH-ES+A256KW', enc: 'A256CBC-HS512' }],
    ['compression', { alg: 'ECDH-ES+A256KW', enc: 'A256GCM', zip: 'DEF' }],
  ])('is refused with %s', async (_, header) => {
    expect(await errorOf(async () => open(await forge(good, header)))).toMatch(COULD_NOT_BE_OPENED)
  })

  it.each([{ alg: 'none' }, { alg: 'dir', enc: 'A256GCM' }, { alg: 'A256KW', enc: 'A256GCM' }])(
    'is refused with %j',
    async (header) => {
      const head = Buffer.from(JSON.stringify(header)).toString('base64url')
      const [, ...rest] = (await forge(good)).split('.')
      expect(await errorOf(() => open([head, ...rest].join('.')))).toMatch(COULD_NOT_BE_OPENED)
    },
  )

  it('is refused at once when it needs more rounds than our own, which could take hours', async () => {
    const [head = '', ...rest] = (await seal(CODE, passphrase)).split('.')
    const header = { ...headerOf(head), p2c: 2_000_000_000 }
    const forged = [Buffer.from(JSON.stringify(header)).toString('base64url'), ...rest].join('.')
    const start = performance.now()
    expect(await errorOf(() => openSeal(forged, passphrase, RUN))).toMatch(COULD_NOT_BE_OPENED)
    expect(performance.now() - start).toBeLessThan(200)
  })

  it.each<[string, unknown]>([
    ['text that is not JSON', 'text'],
    ['null', 'null'],
    ['a number', 7],
    ['nothing', {}],
    ['no code', { ...good, register_code: undefined }],
    ['an empty code', { ...good, register_code: '' }],
    ['a code of two lines', { ...good, register_code: `${CODE.registerCode}\ntwo` }],
    ['a code that is too short', { ...good, register_code: '1234567' }],
    ['a code that is too long', { ...good, register_code: 'x'.repeat(65) }],
    ['a code with invalid characters', { ...good, register_code: 'code-für-geräte' }],
    ['a code with shell syntax', { ...good, register_code: '$(12345678)' }],
    ['a code that is a number', { ...good, register_code: 1 }],
    ['no instance', { ...good, instance_id: null }],
    ['an instance without a name', { ...good, instance_id: '' }],
    ['an instance whose name is too long', { ...good, instance_id: 'x'.repeat(65) }],
    ['an instance with shell syntax', { ...good, instance_id: 'post;reboot' }],
    ['no repository', { ...good, repository: undefined }],
    ['a run id that is a number', { ...good, run_id: 17263548901 }],
    ['no time of sealing', { ...good, iat: undefined }],
    ['no expiry', { ...good, exp: undefined }],
    ['an expiry that is text', { ...good, exp: '2099' }],
    ['a negative expiry', { ...good, iat: -1e300, exp: -1e300 }],
    ['a fraction of a second', { ...good, exp: now + 0.5 }],
    ['a time of sealing in the future', { ...good, iat: now + 600, exp: now + 700 }],
    ['an expiry before the sealing', { ...good, iat: now, exp: now - 1 }],
    ['an instance that is two lines', { ...good, instance_id: 'post-cn-x\nregister-code<<E' }],
    ['more than a day between sealing and expiry', { ...good, exp: now + 24 * 3600 + 1 }],
  ])('is refused when it contains %s', async (_, claims) => {
    const error = await errorOf(async () => open(await forge(claims)))
    expect(error).toMatch(/^Invalid sealed-register-code: the seal contains no valid register code\. Pass on/)
    expect(error).not.toContain(CODE.registerCode)
  })
})

describe('a seal from another repository, run or day', () => {
  it('does not open in another repository', async () => {
    const sealed = await seal(CODE, ecPair.sealing)
    const error = await errorOf(() =>
      openSeal(sealed, ecPair.opening, { ...RUN, repository: 'fork/devices' }),
    )
    expect(error).toMatch(
      /^The seal was made in the repository example\/devices, but this is fork\/devices\. A seal/,
    )
    expect(error).not.toContain(CODE.registerCode)
  })

  it('does not open in another run', async () => {
    const sealed = await seal(CODE, ecPair.sealing)
    const error = await errorOf(() => openSeal(sealed, ecPair.opening, { ...RUN, runId: '2' }))
    expect(error).toMatch(/^The seal was made in the workflow run 17263548901, but this is 2\. A seal/)
    expect(error).not.toContain(CODE.registerCode)
  })

  it('opens for 24 hours, and not a second longer', async () => {
    const now = Date.UTC(2026, 5, 15, 12)
    const sealed = await seal(CODE, ecPair.sealing, now)
    expect(await openSeal(sealed, ecPair.opening, RUN, now + 24 * HOUR_MS - 1)).toEqual(CODE)
    const error = await errorOf(() => openSeal(sealed, ecPair.opening, RUN, now + 24 * HOUR_MS))
    expect(error).toMatch(/^The seal expired at 2026-06-16T12:00:00\.000Z\. A seal is valid for 24 hours/)
    expect(error).not.toContain(CODE.registerCode)
  })
})

describe('a key for a seal', () => {
  it.each(['', 'qqq', 'fifteen letters', '🔑'.repeat(15)])(
    'cannot be a passphrase this short: %j',
    async (short) => {
      const error = await errorOf(() => passphraseSealKey(short))
      expect(error).toMatch(
        /^Invalid seal-key: the passphrase has fewer than 16 characters\. Use a long random passphrase/,
      )
      expect(error).not.toContain(short || 'undefined')
    },
  )

  it.each(['sixteen letters!', '🔑'.repeat(16)])('is a passphrase of 16 characters: %j', (long) => {
    expect(passphraseSealKey(long).algorithm).toBe('PBES2-HS512+A256KW')
  })

  it.each<[string, () => KeyObject]>([
    ['an RSA key of 1024 bits', () => rsa(1024)],
    ['an EC key on the curve secp256k1', () => ec('secp256k1')],
    ['an Ed25519 key', () => generateKeyPairSync('ed25519').privateKey],
    ['a key of type x25519', () => generateKeyPairSync('x25519').privateKey],
    [
      'an RSA key for PSS signatures only',
      () => generateKeyPairSync('rsa-pss', { modulusLength: 2048 }).privateKey,
    ],
  ])('cannot be of an unsupported type: %s', async (words, make) => {
    const key = make()
    for (const half of [key, createPublicKey(key)]) {
      expect(await errorOf(() => keyPairSealKey(half))).toBe(
        `Invalid seal-key: ${words} cannot be used for a seal. ` +
          'Use an RSA key with at least 2048 bits, or an EC key on P-256, P-384 or P-521.',
      )
    }
  })
})
