import { describe, expect, it } from '@jest/globals'
import type { EmulatorConfig } from '../../emulator/world/config.ts'
import { makeCa } from '../../testing/certificates.ts'
import { withKey } from '../../testing/registered-cas.ts'
import { emulated, type Inputs } from '../support/emulated.ts'

const allow = (...actions: string[]) => ({
  Version: '1' as const,
  Statement: [{ Effect: 'Allow' as const, Action: actions, Resource: ['*'] }],
})
const secret = 'the-secret'
const world: EmulatorConfig = {
  accounts: [{ id: '1111111111111111' }],
  instances: [
    { id: 'post-cn-foreign', accountId: '1111111111111111' },
    { id: 'post-cn-basic', edition: 'basic' },
  ],
  accessKeys: [
    { id: 'inactive', secret, status: 'inactive' },
    { id: 'expired', secret, securityToken: 'token', expiration: '2026-01-01T00:00:00Z' },
    { id: 'temporary', secret, securityToken: 'token', expiration: '2126-01-01T00:00:00Z' },
    { id: 'without-access', secret, policy: allow('mq:GetRegisterCode') },
    { id: 'without-operation', secret, policy: allow('mq:MqttInstanceAccess') },
  ],
}

describe('a refusal fails at the first attempt, with a fix', () => {
  const service = emulated(world)

  it.each<[string, Inputs, RegExp]>([
    [
      'an unknown instance',
      { 'instance-id': 'post-cn-none' },
      /Instance post-cn-none does not exist.*MqttInstanceNotFound.*Check/,
    ],
    [
      'an instance of another account',
      { 'instance-id': 'post-cn-foreign' },
      /does not belong.*MqttOwnerCheckError/,
    ],
    ['another edition', { 'instance-id': 'post-cn-basic' }, /edition.*ApiNotSupport.*Enterprise Platinum/],
    ['an unknown key', { 'access-key-id': 'nobody' }, /InvalidAccessKeyId\.NotFound.*access-key-id/],
    ['an inactive key', key('inactive'), /disabled.*InvalidAccessKeyId\.Inactive.*Enable/],
    ['a wrong secret', { 'access-key-secret': 'wrong' }, /secret does not belong.*SignatureDoesNotMatch/],
    [
      'an expired token',
      { ...key('expired'), 'security-token': 'token' },
      /expired \(InvalidSecurityToken\.Expired/,
    ],
    ['a wrong token', { ...key('temporary'), 'security-token': 'other' }, /InvalidSecurityToken\.Malformed/],
    [
      'the instance action missing',
      key('without-access'),
      /NoPermission.*mq:GetRegisterCode and mq:MqttInstanceAccess/,
    ],
    [
      'the operation missing',
      key('without-operation'),
      /NoPermission.*mq:GetRegisterCode and mq:MqttInstanceAccess/,
    ],
  ])('%s', async (_, inputs, text) => {
    const run = await service.getRegisterCode(inputs)
    expect(run.exitCode).toBe(1)
    expect(run.outputs).toEqual({})
    const [request, ...more] = await service.emulator.requests()
    expect(more).toEqual([])
    expect(run.annotations).toEqual([expect.stringMatching(text)])
    expect(run.annotations[0]).toContain(`request ${request?.requestId ?? ''}`)
  })
})

describe('a refusal in XML', () => {
  const service = emulated()

  it('is explained like a refusal in JSON', async () => {
    const error = '<Code>NoPermission</Code><Message>Not you.</Message><RequestId>3F2A</RequestId>'
    const headers = { 'content-type': 'text/xml;charset=utf-8' }
    const fault = { status: 403, headers, body: `<?xml version="1.0"?><Error>${error}</Error>` }
    await service.emulator.setFaults([{ operation: 'GetRegisterCode', fault }])
    const run = await service.getRegisterCode()
    expect(run.annotations).toEqual([
      expect.stringMatching(/has no RAM permission for .*NoPermission: Not you; request 3F2A/),
    ])
  })
})

describe('a clock that is 20 minutes off', () => {
  const service = emulated({ clockOffsetSeconds: 20 * 60 })

  it('is reported with both times', async () => {
    const run = await service.getRegisterCode()
    expect(run.annotations).toEqual([
      expect.stringMatching(
        /clock of this runner.*InvalidTimeStamp\.Expired.*The runner's clock: .* The service's clock: /,
      ),
    ])
    expect(await service.emulator.requests()).toHaveLength(1)
  })
})

describe('a clock that is 14 minutes ahead', () => {
  const service = emulated({ clockOffsetSeconds: -14 * 60 })

  it('does not prevent a registration', async () => {
    const run = await service.register(withKey(await makeCa()))
    expect(run).toMatchObject({ exitCode: 0, outputs: { created: 'true' } })
  })

  it('is reported with both times when the CA itself is not valid yet', async () => {
    const run = await service.register(withKey(await makeCa({ notBefore: new Date() })))
    expect(run).toMatchObject({ exitCode: 1, outputs: {} })
    expect(run.annotations).toEqual([
      expect.stringMatching(/CertificateContentError.*The runner's clock: .* The service's clock: /),
    ])
  })
})

describe('the HTTP statuses that newer documentation shows', () => {
  const service = emulated({ ...world, statuses: 'later' })

  it('do not change the error', async () => {
    const run = await service.getRegisterCode({ 'instance-id': 'post-cn-none' })
    expect(run.annotations).toEqual([expect.stringMatching(/Instance post-cn-none does not exist/)])
    expect(await service.emulator.requests()).toMatchObject([{ status: 400 }])
  })
})

function key(id: string): Inputs {
  return { 'access-key-id': id, 'access-key-secret': secret }
}
