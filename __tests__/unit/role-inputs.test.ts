import { describe, expect, it } from '@jest/globals'
import { ActionError } from '../../src/errors.ts'
import { readCredentialPlan, readSecrets } from '../../src/inputs/credentials.ts'
import { inputs, withEnvironment } from '../support/in-process.ts'

const arn = 'acs:ram::1234567890123456:role/devices'
const accessKey = { 'access-key-id': 'id', 'access-key-secret': 'secret' }

async function read(given: Record<string, string>, env: Record<string, string> = {}) {
  const { result, thrown } = await withEnvironment(
    { ...inputs({ ...accessKey, 'role-to-assume': arn, ...given }), ...env },
    () =>
      readCredentialPlan(process.env, readSecrets(process.env), () => ({
        host: 'sts.example',
        origin: '',
        input: 'sts-endpoint',
      })),
  )
  return {
    role: result?.role,
    error: thrown instanceof ActionError ? thrown.describe((text) => text) : undefined,
  }
}

describe('the role to assume', () => {
  it('is optional', async () => {
    expect(await read({ 'role-to-assume': '' })).toEqual({ role: undefined, error: undefined })
  })

  it('has the minimum session duration by default', async () => {
    expect((await read({})).role).toMatchObject({ arn, sessionSeconds: 900 })
  })

  it('has the session of the inputs', async () => {
    const { role } = await read({ 'role-session-name': 'me@example.com', 'role-session-expiration': '3600' })
    expect(role).toEqual({
      arn,
      sessionName: 'me@example.com',
      sessionSeconds: 3600,
      stsEndpoint: { host: 'sts.example', origin: '', input: 'sts-endpoint' },
    })
  })

  it.each([
    [
      { 'role-to-assume': 'devices' },
      /^Invalid role-to-assume: "devices".*acs:ram::1234567890123456:role\/NAME/,
    ],
    [{ 'role-to-assume': 'arn:aws:iam::1:role/x' }, /^Invalid role-to-assume: /],
    [{ 'role-to-assume': `an ${arn}` }, /^Invalid role-to-assume: /],
    [{ 'role-to-assume': `${arn} or two` }, /^Invalid role-to-assume: /],
    [{ 'role-session-name': 'a' }, /^Invalid role-session-name: "a"\. Use 2 to 64 letters/],
    [{ 'role-session-name': 'with space' }, /^Invalid role-session-name: /],
    [{ 'role-session-name': 'x'.repeat(65) }, /^Invalid role-session-name: /],
    [
      { 'role-session-expiration': '899' },
      /^Invalid role-session-expiration: "899"\. Use a whole number of seconds, 900 to 43200/,
    ],
    [{ 'role-session-expiration': '43201' }, /^Invalid role-session-expiration: /],
    [{ 'role-session-expiration': '15m' }, /^Invalid role-session-expiration: "15m"/],
  ])('is refused: %j', async (given, text) => {
    expect((await read(given)).error).toMatch(text)
  })
})

describe('the default session name', () => {
  it.each([
    ['acme/devices', '123456', 'acme-devices-123456'],
    ['acme/devices.io_x', '1', 'acme-devices.io_x-1'],
    [
      'a'.repeat(39) + '/' + 'b'.repeat(100),
      '12345678901',
      `${'a'.repeat(39)}-${'b'.repeat(12)}-12345678901`,
    ],
    ['', '', 'github-actions-run'],
    ['acme/geräte', '7', 'acme-ger-te-7'],
    ['acme/devices', '1'.repeat(10) + '2'.repeat(20), `acme-devices-${'2'.repeat(20)}`],
  ])('consists of %s and run %s', async (repository, runId, name) => {
    const { role } = await read({}, { GITHUB_REPOSITORY: repository, GITHUB_RUN_ID: runId })
    expect(role?.sessionName).toBe(name)
    expect(role?.sessionName).toMatch(/^[\w.@-]{2,64}$/)
  })

  it('also works outside a workflow', async () => {
    expect((await read({})).role?.sessionName).toBe('github-actions-run')
  })
})
