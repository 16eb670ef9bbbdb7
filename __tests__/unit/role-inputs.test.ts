import { describe, expect, it } from '@jest/globals'
import { ActionError } from '../../src/errors.ts'
import { readRole } from '../../src/inputs/credentials.ts'
import { inputs, withEnvironment } from '../support/in-process.ts'

const arn = 'acs:ram::1234567890123456:role/devices'

async function read(given: Record<string, string>, env: Record<string, string> = {}) {
  const { result, thrown } = await withEnvironment(
    { ...inputs({ 'role-to-assume': arn, ...given }), ...env },
    () => readRole(process.env),
  )
  return { role: result, error: thrown instanceof ActionError ? thrown.describe((text) => text) : undefined }
}

describe('the role to assume', () => {
  it('is none when none is given', async () => {
    expect(await read({ 'role-to-assume': '' })).toEqual({ role: undefined, error: undefined })
  })

  it('has the shortest session there is', async () => {
    expect((await read({})).role).toMatchObject({ arn, sessionSeconds: 900 })
  })

  it('has the session that the inputs say', async () => {
    const { role } = await read({ 'role-session-name': 'me@example.com', 'role-session-expiration': '3600' })
    expect(role).toEqual({ arn, sessionName: 'me@example.com', sessionSeconds: 3600 })
  })

  it.each([
    [{ 'role-to-assume': 'devices' }, /role-to-assume is "devices".*acs:ram::1234567890123456:role\/NAME/],
    [{ 'role-to-assume': 'arn:aws:iam::1:role/x' }, /role-to-assume is/],
    [{ 'role-to-assume': `an ${arn}` }, /role-to-assume is/],
    [{ 'role-to-assume': `${arn} or two` }, /role-to-assume is/],
    [{ 'role-session-name': 'a' }, /role-session-name is "a"\. It takes 2 to 64 letters/],
    [{ 'role-session-name': 'with space' }, /role-session-name is/],
    [{ 'role-session-name': 'x'.repeat(65) }, /role-session-name is/],
    [
      { 'role-session-expiration': '899' },
      /role-session-expiration is "899"\. It takes a whole number of seconds from 900 to 43200/,
    ],
    [{ 'role-session-expiration': '43201' }, /role-session-expiration is/],
    [{ 'role-session-expiration': '15m' }, /role-session-expiration is "15m"/],
  ])('is refused: %j', async (given, text) => {
    expect((await read(given)).error).toMatch(text)
  })
})

describe('the name of the session, when none is given', () => {
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
  ])('is made of %s and run %s', async (repository, runId, name) => {
    const { role } = await read({}, { GITHUB_REPOSITORY: repository, GITHUB_RUN_ID: runId })
    expect(role?.sessionName).toBe(name)
    expect(role?.sessionName).toMatch(/^[\w.@-]{2,64}$/)
  })

  it('is made outside of a workflow too', async () => {
    expect((await read({})).role?.sessionName).toBe('github-actions-run')
  })
})
