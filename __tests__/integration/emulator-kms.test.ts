import { createHash, createPublicKey, randomBytes, randomUUID, verify } from 'node:crypto'
import { beforeAll, describe, expect, it } from '@jest/globals'
import { signRpc, timeOf } from '../../testing/signed-request.ts'
import { emulated } from '../support/emulated.ts'
import { callKms, type Answer } from '../support/calls.ts'

const OTHER_ACCOUNT = '1000000000000002'
const secret = randomBytes(20).toString('hex')
const policy = (...statements: readonly [effect: 'Allow' | 'Deny', action: string, resource: string][]) => ({
  Version: '1' as const,
  Statement: statements.map(([Effect, Action, Resource]) => ({ Effect, Action, Resource })),
})

const kms = emulated({
  accounts: [{}, { id: OTHER_ACCOUNT }],
  accessKeys: [
    {},
    { id: 'of-another-account', accountId: OTHER_ACCOUNT, secret },
    { id: 'of-mqtt', secret, policy: policy(['Allow', 'mq:*', '*']) },
    { id: 'of-one-key', secret, policy: policy(['Allow', 'kms:*', 'acs:kms:*:*:key/key-plain']) },
    {
      id: 'of-a-reader',
      secret,
      policy: policy(['Allow', 'kms:*', '*'], ['Deny', 'kms:AsymmetricSign', '*']),
    },
  ],
  kmsKeys: [
    { alias: 'device-ca', versions: 3 },
    { id: 'key-plain' },
    { id: 'key-secp256k1', keySpec: 'EC_P256K' },
    { id: 'key-sm2', keySpec: 'EC_SM2' },
    { id: 'key-symmetric', keySpec: 'Aliyun_AES_256' },
    { id: 'key-decrypts', keySpec: 'RSA_2048', keyUsage: 'ENCRYPT/DECRYPT' },
    { id: 'key-disabled', keyState: 'Disabled' },
    { id: 'key-deleted-soon', keyState: 'PendingDeletion' },
    { id: 'key-without-material', keyState: 'PendingImport' },
    { id: 'key-denied', denies: ['kms:AsymmetricSign'] },
    { id: 'key-not-public', isPublic: false },
    { id: 'key-in-shanghai', regionId: 'cn-shanghai' },
  ],
})

type Query = Readonly<Record<string, string>>
type Deviation = Parameters<typeof callKms>[3]
type Body = Readonly<Record<string, unknown>>

const call = async (operation: string, query: Query = {}, deviation: Deviation = {}): Promise<Answer> =>
  await callKms(kms.emulator, operation, query, deviation)
const as = (accessKeyId: string) => ({ accessKey: { accessKeyId, accessKeySecret: secret } })
const digestOf = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('base64')
const DIGEST = digestOf(Buffer.from('x'))

async function versionsOf(KeyId: string): Promise<string[]> {
  const { KeyVersions } = await call('ListKeyVersions', { KeyId, PageSize: '100' })
  const { KeyVersion = [] } = (KeyVersions ?? {}) as { KeyVersion?: readonly { KeyVersionId: string }[] }
  return KeyVersion.map(({ KeyVersionId }) => KeyVersionId)
}

/** The parameters of a signature with the first version of a key. */
async function signingWith(KeyId: string, Algorithm = 'ECDSA_SHA_256'): Promise<Query> {
  const [KeyVersionId = ''] = await versionsOf(KeyId)
  return { KeyId, KeyVersionId, Algorithm, Digest: DIGEST }
}

/** Makes a key, and returns its ID. */
async function created(KeySpec: string): Promise<string> {
  const { KeyMetadata } = await call('CreateKey', { KeySpec })
  return (KeyMetadata as { KeyId: string }).KeyId
}

describe('a key that was made', () => {
  it.each([
    ['EC_P256', 'ECDSA_SHA_256'],
    ['EC_P256K', 'ECDSA_SHA_256'],
    ['RSA_2048', 'RSA_PKCS1_SHA_256'],
    ['RSA_3072', 'RSA_PKCS1_SHA_256'],
    ['RSA_4096', 'RSA_PKCS1_SHA_256'],
  ])('of %s signs, and node:crypto verifies with its public key', async (spec, algorithm) => {
    const signing = await signingWith(await created(spec), algorithm)
    const { PublicKey } = await call('GetPublicKey', signing)
    const publicKey = createPublicKey(String(PublicKey))
    for (let round = 0; round < 8; round++) {
      const bytes = randomBytes(40)
      const { Value, ...named } = await call('AsymmetricSign', { ...signing, Digest: digestOf(bytes) })
      const { KeyId, KeyVersionId } = signing
      expect(named).toEqual({ status: 200, RequestId: expect.any(String), KeyId, KeyVersionId })
      expect(verify('sha256', bytes, publicKey, Buffer.from(String(Value), 'base64'))).toBe(true)
    }
  })

  it('is described, and is in the list of keys', async () => {
    const { accountId, regionId } = kms.emulator.info
    const KeyId = await created('EC_P256')
    const Arn = `acs:kms:${regionId}:${accountId}:key/${KeyId}`
    const [PrimaryKeyVersion] = await versionsOf(KeyId)
    expect(await call('DescribeKey', { KeyId })).toMatchObject({
      status: 200,
      KeyMetadata: {
        ...{
          KeyId,
          Arn,
          PrimaryKeyVersion,
          KeySpec: 'EC_P256',
          KeyUsage: 'SIGN/VERIFY',
          KeyState: 'Enabled',
        },
        ...{ ProtectionLevel: 'SOFTWARE', Creator: accountId },
        CreationDate: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/),
      },
    })
    const { Keys } = await call('ListKeys', { PageSize: '100' })
    expect(Keys).toMatchObject({ Key: expect.arrayContaining([{ KeyId, KeyArn: Arn }]) })
  })

  it('is symmetric by default', async () => {
    const { KeyMetadata } = await call('CreateKey')
    expect(KeyMetadata).toMatchObject({ KeySpec: 'Aliyun_AES_256', KeyUsage: 'ENCRYPT/DECRYPT' })
  })
})

describe('AsymmetricVerify', () => {
  it.each([
    ['EC_P256', 'ECDSA_SHA_256'],
    ['EC_P256K', 'ECDSA_SHA_256'],
    ['RSA_2048', 'RSA_PKCS1_SHA_256'],
  ])('accepts a signature of %s, and refuses a changed one', async (spec, algorithm) => {
    const signing = await signingWith(await created(spec), algorithm)
    const { Value } = await call('AsymmetricSign', signing)
    const signature = Buffer.from(String(Value), 'base64')
    const isValid = async (value: Buffer, digest = DIGEST): Promise<unknown> =>
      (await call('AsymmetricVerify', { ...signing, Digest: digest, Value: value.toString('base64') }))[
        'Value'
      ]
    expect(await isValid(signature)).toBe(true)
    for (let at = 0; at < signature.length; at += 5) {
      const changed = Buffer.from(signature)
      changed.writeUInt8(changed.readUInt8(at) ^ 1, at)
      expect(await isValid(changed)).toBe(false)
    }
    expect(await isValid(signature, digestOf(Buffer.from('y')))).toBe(false)
    const numbers = signature.subarray(4)
    const others = {
      'without its first byte': signature.subarray(1),
      'without its last byte': signature.subarray(0, -1),
      'with another byte': Buffer.concat([signature, Buffer.of(0)]),
      'with a zero that DER forbids': Buffer.concat([
        Buffer.of(0x30, signature.readUInt8(1) + 1, 0x02, signature.readUInt8(3) + 1, 0),
        numbers,
      ]),
      'of two zeros': Buffer.from('3006020100020100', 'hex'),
    }
    for (const [name, other] of Object.entries(others))
      expect([name, await isValid(other)]).toEqual([name, false])
  })

  it('refuses the signature of another version', async () => {
    const { kmsKeyId } = kms.emulator.info
    const signing = await signingWith(kmsKeyId)
    const [, KeyVersionId = ''] = await versionsOf(kmsKeyId)
    const { Value } = await call('AsymmetricSign', signing)
    const { Value: isValid } = await call('AsymmetricVerify', {
      ...signing,
      KeyVersionId,
      Value: String(Value),
    })
    expect(isValid).toBe(false)
  })
})

describe('versions of a key', () => {
  const keyId = (): string => kms.emulator.info.kmsKeyId

  it('each have a key pair of their own', async () => {
    const versions = await versionsOf(keyId())
    expect(new Set(versions).size).toBe(3)
    const keys = await Promise.all(
      versions.map(
        async (KeyVersionId) => (await call('GetPublicKey', { KeyId: keyId(), KeyVersionId }))['PublicKey'],
      ),
    )
    expect(new Set(keys).size).toBe(3)
  })

  it('are shown in pages', async () => {
    const all = await versionsOf(keyId())
    const page = await call('ListKeyVersions', { KeyId: keyId(), PageNumber: '2', PageSize: '2' })
    expect(page).toMatchObject({ PageNumber: 2, PageSize: 2, TotalCount: 3 })
    expect(page['KeyVersions']).toMatchObject({ KeyVersion: [{ KeyId: keyId(), KeyVersionId: all[2] }] })
    const after = await call('ListKeyVersions', { KeyId: keyId(), PageNumber: '3', PageSize: '2' })
    expect(after['KeyVersions']).toEqual({ KeyVersion: [] })
  })

  it('can be made, up to 50', async () => {
    const { KeyVersion, status } = await call('CreateKeyVersion', { KeyId: keyId() })
    expect(status).toBe(200)
    const { KeyVersionId } = KeyVersion as { KeyVersionId: string }
    expect(await versionsOf(keyId())).toHaveLength(4)
    expect(await call('GetPublicKey', { KeyId: keyId(), KeyVersionId })).toMatchObject({ status: 200 })
    for (let count = 4; count < 50; count++) await call('CreateKeyVersion', { KeyId: keyId() })
    expect(await call('CreateKeyVersion', { KeyId: keyId() })).toMatchObject(
      refusal('Rejected.LimitExceeded', 400),
    )
    expect(await versionsOf(keyId())).toHaveLength(50)
  })
})

describe('an alias', () => {
  it('of the config names its key, in every operation', async () => {
    const { kmsKeyId } = kms.emulator.info
    const signing = { ...(await signingWith(kmsKeyId)), KeyId: 'alias/device-ca' }
    for (const operation of ['DescribeKey', 'ListKeyVersions', 'GetPublicKey', 'AsymmetricSign']) {
      expect(await call(operation, signing)).toMatchObject({ status: 200 })
    }
    expect(await call('AsymmetricSign', signing)).toMatchObject({ KeyId: kmsKeyId })
  })

  it('can be made, once', async () => {
    const query = { KeyId: 'key-plain', AliasName: 'alias/another-ca' }
    expect(await call('CreateAlias', query)).toMatchObject({ status: 200 })
    const { KeyMetadata } = await call('DescribeKey', { KeyId: 'alias/another-ca' })
    expect(KeyMetadata).toMatchObject({ KeyId: 'key-plain' })
    expect(await call('CreateAlias', query)).toMatchObject(refusal('AliasAlreadyExists', 400))
  })
})

describe('the state of a key', () => {
  it('is changed by the operations, and decides whether it signs', async () => {
    const signing = await signingWith('key-plain')
    const KeyId = 'key-plain'
    const signs = async (): Promise<Answer> => await call('AsymmetricSign', signing)
    const stateOf = async (): Promise<unknown> =>
      ((await call('DescribeKey', { KeyId }))['KeyMetadata'] as Body)['KeyState']
    await call('DisableKey', { KeyId })
    expect(await stateOf()).toBe('Disabled')
    expect(await signs()).toMatchObject(refusal('Rejected.Disabled', 409))
    expect(await call('CreateKeyVersion', { KeyId })).toMatchObject(refusal('Rejected.Disabled', 409))
    await call('EnableKey', { KeyId })
    expect(await stateOf()).toBe('Enabled')
    expect(await signs()).toMatchObject({ status: 200 })
    await call('ScheduleKeyDeletion', { KeyId, PendingWindowInDays: '7' })
    expect(await stateOf()).toBe('PendingDeletion')
    expect(await signs()).toMatchObject(refusal('Rejected.PendingDeletion', 409))
    for (const operation of ['EnableKey', 'DisableKey']) {
      expect(await call(operation, { KeyId })).toMatchObject(refusal('Rejected.StateModifiedFailed', 409))
    }
  })

  it.each([
    ['key-disabled', 'Rejected.Disabled'],
    ['key-deleted-soon', 'Rejected.PendingDeletion'],
    ['key-without-material', 'Rejected.PendingImport'],
  ])('of %s can come from the config', async (KeyId, code) => {
    const signing = await signingWith(KeyId)
    for (const operation of ['GetPublicKey', 'AsymmetricSign', 'AsymmetricVerify']) {
      expect(await call(operation, { ...signing, Value: 'AAAA' })).toMatchObject(refusal(code, 409))
    }
    expect(await call('DescribeKey', { KeyId })).toMatchObject({ status: 200 })
  })
})

describe('a request is refused', () => {
  let signing: Query
  beforeAll(async () => {
    signing = await signingWith('key-plain')
  })
  const NOT_FOUND = randomUUID()

  it.each<[string, string, Query, string, number]>([
    ['an unknown key', 'DescribeKey', { KeyId: NOT_FOUND }, 'Forbidden.KeyNotFound', 404],
    ['an unknown key to sign', 'AsymmetricSign', { KeyId: NOT_FOUND }, 'Forbidden.KeyNotFound', 404],
    ['the key of another region', 'DescribeKey', { KeyId: 'key-in-shanghai' }, 'Forbidden.KeyNotFound', 404],
    ['an unknown alias', 'DescribeKey', { KeyId: 'alias/none' }, 'Forbidden.AliasNotFound', 404],
    ['an unknown version', 'GetPublicKey', { KeyVersionId: NOT_FOUND }, 'Forbidden.KeyVersionNotFound', 404],
    [
      'an unknown version to sign',
      'AsymmetricSign',
      { KeyVersionId: NOT_FOUND },
      'Forbidden.KeyVersionNotFound',
      404,
    ],
    ['no key', 'DescribeKey', { KeyId: '' }, 'MissingParameter', 400],
    ['no version', 'GetPublicKey', { KeyVersionId: '' }, 'MissingParameter', 400],
    ['no digest', 'AsymmetricSign', { Digest: '' }, 'MissingParameter', 400],
    [
      'a short digest',
      'AsymmetricSign',
      { Digest: randomBytes(31).toString('base64') },
      'InvalidParameter',
      400,
    ],
    [
      'a long digest',
      'AsymmetricSign',
      { Digest: randomBytes(33).toString('base64') },
      'InvalidParameter',
      400,
    ],
    [
      'a digest in base64url',
      'AsymmetricSign',
      { Digest: Buffer.alloc(32, 0xff).toString('base64url') },
      'InvalidParameter',
      400,
    ],
    ['a digest in hex', 'AsymmetricSign', { Digest: '00'.repeat(32) }, 'InvalidParameter', 400],
    ['an algorithm of RSA', 'AsymmetricSign', { Algorithm: 'RSA_PKCS1_SHA_256' }, 'InvalidParameter', 400],
    ['an unknown algorithm', 'AsymmetricSign', { Algorithm: 'ECDSA_SHA_384' }, 'InvalidParameter', 400],
    ['no signature to verify', 'AsymmetricVerify', { Value: '' }, 'MissingParameter', 400],
    ['an unknown key spec', 'CreateKey', { KeySpec: 'EC_P521' }, 'InvalidParameter', 400],
    ['an unknown key usage', 'CreateKey', { KeySpec: 'EC_P256', KeyUsage: 'SIGN' }, 'InvalidParameter', 400],
    ['a symmetric key that signs', 'CreateKey', { KeyUsage: 'SIGN/VERIFY' }, 'InvalidParameter', 400],
    ['page 0', 'ListKeyVersions', { PageNumber: '0' }, 'InvalidParameter', 400],
    ['a page of 101', 'ListKeyVersions', { PageSize: '101' }, 'InvalidParameter', 400],
    ['an alias without its prefix', 'CreateAlias', { AliasName: 'device-ca' }, 'InvalidParameter', 400],
    ['a deletion in 6 days', 'ScheduleKeyDeletion', { PendingWindowInDays: '6' }, 'InvalidParameter', 400],
    ['a symmetric key to sign', 'AsymmetricSign', { KeyId: 'key-symmetric' }, 'UnsupportedOperation', 400],
    [
      'the public key of a symmetric key',
      'GetPublicKey',
      { KeyId: 'key-symmetric' },
      'UnsupportedOperation',
      400,
    ],
    [
      'another version of a symmetric key',
      'CreateKeyVersion',
      { KeyId: 'key-symmetric' },
      'Rejected.UnsupportedOperation',
      400,
    ],
    [
      'a key for decryption to sign',
      'AsymmetricSign',
      { KeyId: 'key-decrypts' },
      'UnsupportedOperation',
      400,
    ],
    [
      'a signature of SM2',
      'AsymmetricSign',
      { KeyId: 'key-sm2', Algorithm: 'SM2DSA' },
      'InvalidParameter',
      400,
    ],
    ['a key that is not public', 'AsymmetricSign', { KeyId: 'key-not-public' }, 'UnsupportedOperation', 400],
    [
      'the public key of one that is not public',
      'GetPublicKey',
      { KeyId: 'key-not-public' },
      'UnsupportedOperation',
      400,
    ],
    [
      'a key whose policy denies it',
      'AsymmetricSign',
      { KeyId: 'key-denied' },
      'Forbidden.NoPermission',
      403,
    ],
  ])('with %s', async (_, operation, query, code, status) => {
    // The version of the key, unless that is what is wrong.
    const { KeyId } = query
    const base = KeyId?.startsWith('key-') === true ? await signingWith(KeyId) : signing
    const all = operation === 'CreateKey' ? query : { ...base, Value: 'AAAA', ...query }
    expect(await call(operation, all)).toMatchObject(refusal(code, status))
  })

  it('of RSA with RSA_PSS, which is not emulated', async () => {
    const pss = await signingWith(kms.emulator.info.kmsRsaKeyId, 'RSA_PSS_SHA_256')
    expect(await call('AsymmetricSign', pss)).toMatchObject(refusal('InvalidParameter', 400))
  })

  it.each<[string, string, Deviation, string, number]>([
    [
      'with a wrong secret',
      'DescribeKey',
      { accessKey: { accessKeyId: 'of-a-reader', accessKeySecret: 'wrong' } },
      'SignatureDoesNotMatch',
      400,
    ],
    ['with an unknown access key', 'DescribeKey', as('nobody'), 'InvalidAccessKeyId.NotFound', 404],
    [
      'at another time',
      'DescribeKey',
      { time: timeOf(new Date(Date.now() - 20 * 60_000)) },
      'InvalidTimeStamp.Expired',
      400,
    ],
    ['with another version of the API', 'DescribeKey', { version: '2020-04-20' }, 'InvalidVersion', 400],
    ['by another method', 'DescribeKey', { method: 'PUT' as 'GET' }, 'UnsupportedHTTPMethod', 400],
    [
      'at the endpoint of another product',
      'DescribeKey',
      { host: 'onsmqtt.cn-hangzhou.aliyuncs.com' },
      'InvalidAction.NotFound',
      404,
    ],
    ['without any permission in KMS', 'DescribeKey', as('of-mqtt'), 'Forbidden.NoPermission', 403],
    ['without permission to make keys', 'CreateKey', as('of-one-key'), 'Forbidden.NoPermission', 403],
    [
      'by a RAM policy that denies signing',
      'AsymmetricSign',
      as('of-a-reader'),
      'Forbidden.NoPermission',
      403,
    ],
    [
      'with the key of another account',
      'DescribeKey',
      as('of-another-account'),
      'Forbidden.KeyNotFound',
      404,
    ],
  ])('%s', async (_, operation, deviation, code, status) => {
    const answer = await call(operation, signing, deviation)
    expect(answer).toMatchObject(refusal(code, status))
  })

  it('on another key than RAM allows, whether it exists or not', async () => {
    expect(await call('AsymmetricSign', signing, as('of-one-key'))).toMatchObject({ status: 200 })
    for (const KeyId of ['key-disabled', 'key-none', 'alias/none']) {
      const answer = await call('DescribeKey', { KeyId }, as('of-one-key'))
      expect(answer).toMatchObject(refusal('Forbidden.NoPermission', 403))
    }
  })

  it('with a nonce that was used', async () => {
    const nonce = randomUUID()
    expect(await call('DescribeKey', signing, { nonce })).toMatchObject({ status: 200 })
    expect(await call('DescribeKey', signing, { nonce })).toMatchObject(refusal('SignatureNonceUsed', 400))
  })
})

describe('a request', () => {
  it('can be signed in its query, and sent with GET or POST', async () => {
    const signing = await signingWith('key-plain')
    for (const method of ['GET', 'POST'] as const) {
      expect(await call('AsymmetricSign', signing, { sign: signRpc, method })).toMatchObject({ status: 200 })
      expect(await call('AsymmetricSign', signing, { method })).toMatchObject({ status: 200 })
    }
  })

  it.each(['kms.cn-shanghai.aliyuncs.com', 'kms-vpc.cn-shanghai.aliyuncs.com'])(
    'at %s finds the keys of that region',
    async (host) => {
      expect(await call('DescribeKey', { KeyId: 'key-in-shanghai' }, { host })).toMatchObject({ status: 200 })
      const refused = await call('DescribeKey', { KeyId: 'key-plain' }, { host })
      expect(refused).toMatchObject({ ...refusal('Forbidden.KeyNotFound', 404), HostId: host })
    },
  )
})

describe('a reset', () => {
  it('forgets keys that were made, aliases and states, and keeps the key pairs of the config', async () => {
    const { emulator } = kms
    const { kmsKeyId, kmsRsaKeyId } = emulator.info
    const publicKeys = async (): Promise<unknown[]> =>
      await Promise.all(
        [kmsKeyId, kmsRsaKeyId, 'key-plain'].map(
          async (KeyId) => (await call('GetPublicKey', await signingWith(KeyId)))['PublicKey'],
        ),
      )
    const before = await publicKeys()
    expect(before).not.toContain(undefined)
    const made = await created('EC_P256')
    await call('CreateAlias', { KeyId: made, AliasName: 'alias/made' })
    await call('CreateKeyVersion', { KeyId: kmsKeyId })
    await call('DisableKey', { KeyId: 'key-plain' })
    await emulator.reset()
    expect(await call('DescribeKey', { KeyId: made })).toMatchObject(refusal('Forbidden.KeyNotFound', 404))
    expect(await call('DescribeKey', { KeyId: 'alias/made' })).toMatchObject(
      refusal('Forbidden.AliasNotFound', 404),
    )
    expect(await call('DescribeKey', { KeyId: 'alias/device-ca' })).toMatchObject({ status: 200 })
    expect(await versionsOf(kmsKeyId)).toHaveLength(3)
    expect(await publicKeys()).toEqual(before)
  })
})

describe('flow control', () => {
  const none = emulated({ accounts: [{ callsPerSecond: 0 }] })
  it('has the limit of the account if that is lower', async () => {
    const { info } = none.emulator
    const answer = await callKms(none.emulator, 'DescribeKey', { KeyId: info.kmsKeyId })
    expect(answer).toMatchObject(refusal('Rejected.Throttling', 429))
  })
})

/** What a refusal has in common. */
function refusal(Code: string, status: number) {
  const text: unknown = expect.stringMatching(/./)
  return { status, Code, Message: text, RequestId: text, HostId: text }
}
