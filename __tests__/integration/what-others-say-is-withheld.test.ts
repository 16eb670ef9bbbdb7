import { randomBytes } from 'node:crypto'
import { beforeAll, describe, expect, it } from '@jest/globals'
import { emulated, keyless, workingInputs } from '../support/emulated.ts'
import { runStepInProcess } from '../support/step-in-process.ts'
import { runStep } from '../../testing/run-step.ts'
import { makeCa } from '../../testing/certificates.ts'
import { piecesIn } from '../support/leaks.ts'
import { snOf, trust, withKey } from '../../testing/registered-cas.ts'

const service = emulated()
beforeAll(() => {
  trust(service.emulator)
})

// A token in the form that STS and GitHub use, and an access key secret. A service could send back both.
const part = (bytes: number): string => randomBytes(bytes).toString('base64url')
const TOKEN = `${part(30)}.${part(200)}.${part(64)}`
const SECRET = randomBytes(15).toString('base64')

const base64 = (text: string): string => Buffer.from(text).toString('base64')
const hex = (text: string): string => Buffer.from(text).toString('hex')
const wrapped = (text: string): string => text.replace(/.{76}/g, '$&\r\n')
const swapped = (text: string): string =>
  text.replace(/[a-z]/gi, (letter) => (/[a-z]/.test(letter) ? letter.toUpperCase() : letter.toLowerCase()))

const SPELLINGS: readonly [string, (secret: string) => string][] = [
  ['as it is', (secret) => secret],
  ['wrapped at 76', wrapped],
  ['without its first character', (secret) => secret.slice(1)],
  ['without its last character', (secret) => secret.slice(0, -1)],
  ['without one in the middle', (secret) => secret.slice(0, 15) + secret.slice(16)],
  ['in capitals', (secret) => secret.toUpperCase()],
  ['in the other case', swapped],
  ['with its dots replaced', (secret) => secret.replaceAll('.', '[dot]')],
  ['with a space behind each letter', (secret) => secret.replace(/./g, '$& ')],
  ['in hex', hex],
  [
    'in hex with colons',
    (secret) =>
      hex(secret)
        .toUpperCase()
        .replace(/..(?=.)/g, '$&:'),
  ],
  ['in base64', base64],
  ['in base64 and wrapped', (secret) => wrapped(base64(secret))],
  ['in base64 in small letters', (secret) => base64(secret).toLowerCase()],
  ['in the base64 of a longer text', (secret) => base64(`user:${secret}`)],
  ['in the base64 of a base64', (secret) => base64(base64(secret))],
  ['in the hex of a base64', (secret) => hex(base64(secret))],
  ['in a URL', encodeURIComponent],
  ['in a URL twice, each character', (secret) => hex(secret).replace(/../g, '%25$&')],
  ['in JSON in numbers', (secret) => secret.replace(/./g, (c) => `\\u00${hex(c)}`)],
  ['in HTML', (secret) => secret.replace(/./g, (c) => `&#x${hex(c)};`)],
]

/** Runs one spelling through dist/, and the others in this process, which is faster. */
const runWith = (spelling: string): typeof runStep => (spelling === 'as it is' ? runStep : runStepInProcess)

function expectWithheld(run: Awaited<ReturnType<typeof runStep>>, secrets: readonly string[]): string {
  expect(run.exitCode).toBe(1)
  expect(run.annotations).toHaveLength(1)
  expect(piecesIn(run, secrets)).toEqual([])
  return run.annotations[0] ?? ''
}

const answer = (body: Record<string, string>, status = 403) => ({ status, body: JSON.stringify(body) })

describe('a message of the service that contains a secret', () => {
  it.each(SPELLINGS)('%s is withheld, but code, request ID and fix are shown', async (spelling, spell) => {
    const secrets = { 'access-key-secret': SECRET, 'security-token': TOKEN }
    for (const secret of Object.values(secrets)) {
      await service.emulator.reset()
      const fault = answer({ Code: 'NoPermission', Message: `Denied: ${spell(secret)}`, RequestId: 'A-1' })
      await service.emulator.setFaults([{ operation: 'GetRegisterCode', fault }])
      const run = await runWith(spelling)(
        '.',
        { ...workingInputs(service.emulator), ...secrets },
        { env: { NODE_EXTRA_CA_CERTS: service.emulator.info.caFile, RUNNER_DEBUG: '1' } },
      )
      expect(expectWithheld(run, Object.values(secrets))).toMatch(
        /^This access key has no RAM permission for .*\(NoPermission: \(message withheld: it contains a secret\); request A-1\)\. In one policy, grant/,
      )
    }
  })

  it('is shown when it contains no secret', async () => {
    const fault = answer({ Code: 'NoPermission', Message: 'The user is not authorized.', RequestId: 'A-1' })
    await service.emulator.setFaults([{ operation: 'GetRegisterCode', fault }])
    const run = await service.getRegisterCode({ 'security-token': TOKEN })
    expect(run.annotations).toEqual([
      expect.stringContaining('(NoPermission: The user is not authorized; request A-1)'),
    ])
  })

  it.each(['Code', 'RequestId'])('is also withheld in the field %s', async (field) => {
    const id = hex(SECRET).toUpperCase()
    const known = { Code: 'NoPermission', Message: 'No.', RequestId: 'A-1' }
    for (const status of [403, 500]) {
      await service.emulator.reset()
      const fault = answer({ ...known, [field]: id }, status)
      await service.emulator.setFaults([{ operation: 'GetRegisterCode', fault, times: 'always' }])
      const run = await service.getRegisterCode({ 'access-key-secret': SECRET, 'max-attempts': '2' })
      expectWithheld(run, [SECRET])
    }
  })

  it('is not shown when it is in a content type, but a usual content type is shown', async () => {
    const fault = (type: string) => ({ status: 502, headers: { 'content-type': type }, body: '<html>' })
    for (const [type, told] of [
      ['text/HTML; charset=utf-8', '(text/html)'],
      [`text/${hex(SECRET)}`, '(another content type)'],
    ] as const) {
      await service.emulator.setFaults([{ operation: 'GetRegisterCode', fault: fault(type), times: 2 }])
      const run = await service.getRegisterCode({ 'access-key-secret': SECRET, 'max-attempts': '2' })
      expect(expectWithheld(run, [SECRET])).toContain(told)
    }
  })
})

describe('a CA name from the service', () => {
  it.each([
    ['in capitals', (secret: string) => secret.toUpperCase()],
    ['with dots between its letters', (secret: string) => Array.from(secret).join('.')],
  ])('is withheld in an error of the action when it is a secret %s', async (_, spell) => {
    const ca = await makeCa()
    const words = 'correct horse battery staple'
    const data = { Sn: snOf(ca), CaName: spell(words), CaContent: ca.pem, Status: '0' }
    const fault = { status: 200, body: JSON.stringify({ Data: data }) }
    await service.emulator.setFaults([{ operation: 'GetCaCertificate', fault, times: 'always' }])
    const run = await service.register({ ...withKey(ca), 'access-key-secret': words })
    expect(run.annotations).toEqual([
      expect.stringMatching(
        /under the name "\(message withheld: it contains a secret\)", but it is inactive/,
      ),
    ])
    expect(piecesIn(run, [words])).toEqual([])
  })
})

describe('an error code from the service', () => {
  it('is withheld when it is a part of a passphrase, also in the error about an unknown state', async () => {
    const passphrase = 'correcthorsebatterystaple'
    await service.emulator.setFaults([
      { operation: 'RegisterCaCertificate', fault: { code: 'correcthorsebatt', status: 500 } },
      { operation: 'GetCaCertificate', fault: { code: 'FindCaBySnError' } },
      { operation: 'GetCaCertificate', fault: 'html', times: 'always' },
    ])
    const run = await service.register({
      ...withKey(await makeCa()),
      'ca-private-key-passphrase': passphrase,
      'max-attempts': '1',
    })
    expect(run.annotations).toEqual([
      expect.stringMatching(
        /^It is unknown whether .*: \(message withheld: it contains a secret\), HTTP 500/,
      ),
    ])
    expect(run.log).not.toContain('correcthorse')
  })
})

describe('a message of the token endpoint that contains the request token', () => {
  it.each(SPELLINGS)('%s is withheld', async (spelling, spell) => {
    const fault = answer({ message: `No: ${spell(TOKEN)}` })
    await service.emulator.setFaults([{ operation: 'GitHubIdToken', fault }])
    const { inputs, env } = keyless(service.emulator)
    const run = await runWith(spelling)('.', inputs, {
      env: { ...env, ACTIONS_ID_TOKEN_REQUEST_TOKEN: TOKEN },
    })
    expect(expectWithheld(run, [TOKEN])).toMatch(
      /gave no OIDC token \(HTTP 403: \(message withheld: it contains a secret\)\)\. Check that the job has/,
    )
    for (const one of TOKEN.split('.')) expect(run.masks).toContain(one)
  })
})
