import { describe, expect, it } from '@jest/globals'
import { withNames, type Names } from '../../emulator/action/inputs.ts'
import { parseConfig, type Config } from '../../emulator/world/config.ts'
import { makeWorld } from '../../emulator/world/make-world.ts'

const names: Names = {
  regionId: 'cn-hangzhou',
  instanceId: 'post-cn-x',
  accountId: '42',
  role: 'register',
  oidcProvider: 'github',
}
const job = { subject: 'repo:octo/sensors:pull_request', claims: { ref: 'refs/pull/7/merge', run_id: '9' } }

function worldOf(config: Config, given: Partial<Names> = {}) {
  return makeWorld(withNames(config, { ...names, ...given }, job))
}

describe('the emulated world', () => {
  it('uses the names of the workflow, and defaults for the rest', () => {
    const { defaults, instances, roles } = worldOf({})
    expect(defaults).toMatchObject({
      account: { id: '42' },
      instance: { id: 'post-cn-x', accountId: '42' },
      role: { arn: 'acs:ram::42:role/register' },
      oidcProvider: { arn: 'acs:ram::42:oidc-provider/github' },
    })
    expect([instances.size, roles.size]).toEqual([1, 1])
  })

  it('trusts the claims of the ID token of the job', () => {
    const [statement] = worldOf({}).defaults.role.trustPolicy.Statement
    expect(statement).toMatchObject({
      Principal: { Federated: ['acs:ram::42:oidc-provider/github'] },
      Condition: { StringLike: { 'oidc:sub': ['repo:octo/sensors:*'] } },
    })
    const config = { idToken: { subject: 'octo-sensors', claims: { run_id: '1' } } }
    const world = worldOf(config)
    expect(world.idToken).toMatchObject({
      ...config.idToken,
      claims: { ref: 'refs/pull/7/merge', run_id: '1' },
    })
    expect(world.defaults.role.trustPolicy.Statement[0]?.Condition?.StringLike).toEqual({
      'oidc:sub': ['octo-sensors'],
    })
  })

  it.each<[string, NonNullable<Config['instances']>]>([
    ['has no ID', [{ edition: 'basic' }, { id: 'other' }]],
    ['has the same ID', [{ id: 'other' }, { id: 'post-cn-x', edition: 'basic' }]],
    ['is marked as default', [{ id: 'other' }, { id: 'third', default: true, edition: 'basic' }]],
  ])('keeps the default entry of the config, which %s', (_, instances) => {
    const world = worldOf({ instances })
    expect(world.defaults.instance).toMatchObject({ id: 'post-cn-x', edition: 'basic' })
    expect([...world.instances.keys()].sort()).toEqual(['other', 'post-cn-x'])
  })

  it('is the default one when the workflow sets no names', () => {
    const nothing = { instanceId: undefined, accountId: undefined, role: undefined, oidcProvider: undefined }
    const { defaults } = worldOf({ roles: [{ id: 'mine', default: true }] }, nothing)
    expect(defaults.instance.id).toMatch(/^post-cn-/)
    expect(defaults.role.id).toBe('mine')
  })
})

describe('a config', () => {
  it('has at most one default entry in a list', () => {
    expect(() => makeWorld({ accounts: [{ id: '1', default: true }, {}] })).toThrow(
      'accounts[1] is a second default entry',
    )
  })

  it('is not quoted in errors', () => {
    expect(() => parseConfig('{"accessKeys":[{"secret":"hunter2"},}')).toThrow(
      /^the value is not JSON: (?!.*hunter)/,
    )
    expect(() => parseConfig('hunter2')).toThrow(/^the value is not JSON: (?!.*hunter)/)
  })
})
