import { describe, expect, it } from '@jest/globals'
import { ActionError } from '../../src/errors.ts'
import { readCredentialPlan, readSecrets } from '../../src/inputs/credentials.ts'
import { inputs, withEnvironment } from '../support/in-process.ts'

async function read(env: Record<string, string>) {
  const { result, thrown, stdout } = await withEnvironment(env, () =>
    readCredentialPlan(process.env, readSecrets(process.env), () => ({
      host: 'sts.example',
      origin: '',
      input: 'sts-endpoint',
    })),
  )
  const masks = stdout.split('\n').filter(Boolean)
  return {
    found: result?.kind === 'keys' ? { accessKey: result.accessKey, source: result.source } : undefined,
    error: thrown instanceof ActionError ? thrown.describe((text) => text) : undefined,
    masks,
  }
}

const current = {
  ALIBABA_CLOUD_ACCESS_KEY_ID: 'id-1',
  ALIBABA_CLOUD_ACCESS_KEY_SECRET: 'secret-1',
  ALIBABA_CLOUD_SECURITY_TOKEN: 'token-1',
}
const older = {
  ALIBABACLOUD_ACCESS_KEY_ID: 'id-2',
  ALIBABACLOUD_ACCESS_KEY_SECRET: 'secret-2',
  ALIBABACLOUD_SECURITY_TOKEN: 'token-2',
}
const oldest = {
  ALICLOUD_ACCESS_KEY: 'id-3',
  ALICLOUD_SECRET_KEY: 'secret-3',
  ALICLOUD_SECURITY_TOKEN: 'token-3',
}
const explicit = inputs({ 'access-key-id': 'id-0', 'access-key-secret': 'secret-0' })

describe('the access key', () => {
  it.each([
    [
      'the inputs before everything else',
      { ...explicit, ...current },
      'id-0',
      'secret-0',
      undefined,
      'from the inputs',
    ],
    [
      'the current spelling before the older ones',
      { ...current, ...older, ...oldest },
      'id-1',
      'secret-1',
      'token-1',
      'from the environment (ALIBABA_CLOUD_ACCESS_KEY_ID)',
    ],
    [
      'the second spelling',
      { ...older, ...oldest },
      'id-2',
      'secret-2',
      'token-2',
      'from the environment (ALIBABACLOUD_ACCESS_KEY_ID)',
    ],
    [
      'the third spelling',
      oldest,
      'id-3',
      'secret-3',
      'token-3',
      'from the environment (ALICLOUD_ACCESS_KEY)',
    ],
  ])('comes from %s', async (_, env, accessKeyId, accessKeySecret, securityToken, source) => {
    const { found } = await read(env)
    expect(found).toEqual({ accessKey: { accessKeyId, accessKeySecret, securityToken }, source })
  })

  it('is never combined with a security token from another source', async () => {
    const { found } = await read({ ...explicit, ALIBABA_CLOUD_SECURITY_TOKEN: 'foreign' })
    expect(found?.accessKey.securityToken).toBeUndefined()
  })

  it('is trimmed', async () => {
    const { found } = await read(inputs({ 'access-key-id': ' id-0\n', 'access-key-secret': '\tsecret-0 \n' }))
    expect(found?.accessKey).toMatchObject({ accessKeyId: 'id-0', accessKeySecret: 'secret-0' })
    const spaced = Object.fromEntries(Object.entries(older).map(([name, value]) => [name, ` ${value}\n`]))
    expect((await read(spaced)).found?.accessKey).toEqual({
      accessKeyId: 'id-2',
      accessKeySecret: 'secret-2',
      securityToken: 'token-2',
    })
  })

  it('has all its secrets masked, including those that are not used', async () => {
    const { masks } = await read({ ...explicit, ...current, ...older, ...oldest })
    expect(masks).toEqual(
      ['secret-0', 'secret-1', 'token-1', 'secret-2', 'token-2', 'secret-3', 'token-3'].map(
        (value) => `::add-mask::${value}`,
      ),
    )
  })

  it.each([
    [inputs({ 'access-key-id': 'id-0' }), 'access-key-id without access-key-secret'],
    [inputs({ 'access-key-secret': 'secret-0' }), 'access-key-secret without access-key-id'],
    [
      inputs({ 'access-key-id': 'id-0', 'security-token': 'token-0' }),
      'access-key-id and security-token without access-key-secret',
    ],
    [inputs({ 'security-token': 'token-0' }), 'security-token without access-key-id and access-key-secret'],
    [
      { ALIBABA_CLOUD_ACCESS_KEY_ID: 'id-1', ALIBABACLOUD_ACCESS_KEY_SECRET: 'secret-2' },
      'ALIBABA_CLOUD_ACCESS_KEY_ID without ALIBABA_CLOUD_ACCESS_KEY_SECRET',
    ],
    [{ ...inputs({ 'access-key-id': 'id-0' }), ...current }, 'access-key-id without access-key-secret'],
  ])('is refused when it is incomplete: %j', async (env, what) => {
    const { found, error } = await read(env)
    expect(found).toBeUndefined()
    expect(error).toContain(
      `Incomplete access key: ${what}. An access key is an ID and a secret, and a security token if it is temporary.`,
    )
    expect(error).toMatch(/or none there\. An unset secret or variable is passed as an empty string\.$/)
  })

  it.each([
    ['access-key-id', { 'access-key-id': 'two words', 'access-key-secret': 'secret-0' }],
    [
      'security-token',
      { 'access-key-id': 'id-0', 'access-key-secret': 'secret-0', 'security-token': 'a\nb' },
    ],
    [
      'security-token',
      { 'access-key-id': 'id-0', 'access-key-secret': 'secret-0', 'security-token': 'gerät' },
    ],
  ])('is refused without being shown when a header cannot contain it: %s', async (name, given) => {
    const { error } = await read(inputs(given))
    expect(error).toMatch(
      new RegExp(
        `^Invalid ${name}: it contains white space, control characters or non-ASCII characters\\. Copy it again, complete`,
      ),
    )
    expect(error).not.toContain(given[name as keyof typeof given])
  })

  it('has its secret masked even when the ID is missing', async () => {
    expect((await read(inputs({ 'access-key-secret': 'secret-0' }))).masks).toEqual(['::add-mask::secret-0'])
  })

  it('is missing when it is set nowhere', async () => {
    expect(await read({})).toMatchObject({
      found: undefined,
      error: expect.stringMatching(/^No credentials found\. Set role-to-assume/) as unknown,
    })
  })
})
