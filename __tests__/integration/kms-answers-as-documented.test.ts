import { createHash, verify } from 'node:crypto'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import type { IncomingMessage } from 'node:http'
import { request } from 'node:https'
import { json } from 'node:stream/consumers'
import { describe, expect, it } from '@jest/globals'
import { signAcs3 } from '../../testing/signed-request.ts'
import { emulated } from '../support/emulated.ts'

const ELSEWHERE = 'eu-central-1'
const DIGEST = Buffer.alloc(32, 7).toString('base64')

const others = emulated({
  kmsKeys: [
    { default: true, id: 'here', alias: 'devices' },
    { id: 'there', alias: 'devices', regionId: ELSEWHERE },
    { id: 'pending-import', keyState: 'PendingImport' },
    { id: 'pending-deletion', keyState: 'PendingDeletion' },
    { id: 'disabled', keyState: 'Disabled' },
    { id: 'symmetric', keySpec: 'Aliyun_AES_256' },
    { id: 'fifty', versions: 50 },
  ],
  accessKeys: [
    {},
    {
      id: 'no-aliases',
      secret: 'secret',
      policy: {
        Version: '1',
        Statement: [{ Effect: 'Allow', Action: 'kms:*', Resource: 'acs:kms:*:*:key/*' }],
      },
    },
  ],
})

type Answer = { readonly status: number | undefined; readonly body: Readonly<Record<string, unknown>> }
type Query = Readonly<Record<string, string>>

/** Calls KMS under a name of a region, which the TLS certificate must cover. */
async function call(
  operation: string,
  query: Query,
  { at = others.emulator, regionId = 'cn-hangzhou', keys = {} } = {},
): Promise<Answer> {
  const host = `kms.${regionId}.aliyuncs.com`
  const accessKey = { ...keysOf(at), ...keys }
  const signed = signAcs3({ endpoint: host, accessKey, operation, query, version: '2016-01-20' })
  const port = at.info.endpoint.split(':').at(-1)
  const path = `/?${signed.query}`
  const ca = readFileSync(at.info.caFile)
  const outgoing = request({
    ...{ host: '127.0.0.1', port, servername: host, path, ca, agent: false },
    headers: signed.headers,
  })
  outgoing.end()
  const [response] = (await once(outgoing, 'response')) as [IncomingMessage]
  return { status: response.statusCode, body: (await json(response)) as Answer['body'] }
}

function keysOf({ info: { accessKeyId, accessKeySecret } }: typeof others.emulator) {
  return { accessKeyId, accessKeySecret }
}

function refusal(status: number, Code: string, Message?: string) {
  return { status, body: { Code, ...(Message !== undefined && { Message }) } }
}

describe('a state in which a key cannot be changed', () => {
  it.each<[id: string, operation: string, query?: Query]>([
    ['pending-deletion', 'EnableKey'],
    ['pending-deletion', 'DisableKey'],
    ['pending-deletion', 'ScheduleKeyDeletion', { PendingWindowInDays: '7' }],
    ['pending-deletion', 'CreateAlias', { AliasName: 'alias/new' }],
    ['pending-import', 'EnableKey'],
    ['pending-import', 'DisableKey'],
  ])('of %s refuses %s', async (KeyId, operation, query = {}) => {
    expect(await call(operation, { KeyId, ...query })).toMatchObject(
      refusal(409, 'Rejected.StateModifiedFailed', 'Keystate modified failed.'),
    )
  })

  it.each([
    ['pending-import', 'ScheduleKeyDeletion', { PendingWindowInDays: '30' }],
    ['pending-import', 'CreateAlias', { AliasName: 'alias/new' }],
    ['disabled', 'EnableKey', {}],
    ['disabled', 'DisableKey', {}],
  ])('of %s allows %s', async (KeyId, operation, query) => {
    expect(await call(operation, { KeyId, ...query })).toMatchObject({ status: 200 })
  })
})

describe('a new version', () => {
  it.each([
    ['disabled', 409, 'Rejected.Disabled'],
    ['pending-deletion', 409, 'Rejected.PendingDeletion'],
    ['pending-import', 409, 'Rejected.PendingImport'],
    ['symmetric', 400, 'Rejected.UnsupportedOperation'],
    ['fifty', 400, 'Rejected.LimitExceeded'],
  ])('of the key %s is refused with %i %s', async (KeyId, status, code) => {
    expect(await call('CreateKeyVersion', { KeyId })).toMatchObject(refusal(status, code))
  })
})

describe('an alias', () => {
  const keyOf = async (KeyId: string, regionId?: string): Promise<unknown> => {
    const { body } = await call('DescribeKey', { KeyId }, { ...(regionId !== undefined && { regionId }) })
    return (body['KeyMetadata'] as { KeyId?: string } | undefined)?.KeyId ?? body['Code']
  }

  it('names one key in each region', async () => {
    expect(await keyOf('alias/devices')).toBe('here')
    expect(await keyOf('alias/devices', ELSEWHERE)).toBe('there')
    expect(await call('CreateAlias', { KeyId: 'fifty', AliasName: 'alias/devices' })).toMatchObject(
      refusal(400, 'AliasAlreadyExists', 'AliasName Already Exists.'),
    )
    expect(await keyOf('alias/devices')).toBe('here')
  })

  it('is forgotten with the rest of what happened', async () => {
    expect(await call('CreateAlias', { KeyId: 'fifty', AliasName: 'alias/new' })).toMatchObject({
      status: 200,
    })
    expect(await keyOf('alias/new')).toBe('fifty')
    await others.emulator.reset()
    expect(await keyOf('alias/new')).toBe('Forbidden.AliasNotFound')
  })

  it.each(['devices', 'alias/', 'alias/acs/rds', `alias/${'a'.repeat(250)}`])(
    'cannot be %p',
    async (AliasName) => {
      expect(await call('CreateAlias', { KeyId: 'fifty', AliasName })).toMatchObject(
        refusal(400, 'InvalidParameter', 'The specified parameter "AliasName" is not valid.'),
      )
    },
  )

  it('needs a permission on the alias too', async () => {
    const keys = { accessKeyId: 'no-aliases', accessKeySecret: 'secret' }
    const query = { KeyId: 'fifty', AliasName: 'alias/new' }
    expect(await call('DescribeKey', { KeyId: 'fifty' }, { keys })).toMatchObject({ status: 200 })
    expect(await call('CreateAlias', query, { keys })).toMatchObject(refusal(403, 'Forbidden.NoPermission'))
  })
})

it('a key can be named by its ARN', async () => {
  const { accountId } = others.emulator.info
  const KeyId = `acs:kms:cn-hangzhou:${accountId}:key/here`
  expect(await call('DescribeKey', { KeyId })).toMatchObject({
    status: 200,
    body: { KeyMetadata: { KeyId: 'here', Arn: KeyId } },
  })
  expect(await call('DescribeKey', { KeyId: KeyId.replace('hangzhou', 'beijing') })).toMatchObject(
    refusal(404, 'Forbidden.KeyNotFound'),
  )
})

it('a parameter that is missing is named', async () => {
  const message = 'The parameter "KeyVersionId" is needed but not provided.'
  for (const operation of ['GetPublicKey', 'AsymmetricSign', 'AsymmetricVerify']) {
    expect(await call(operation, { KeyId: 'here' })).toMatchObject(refusal(400, 'MissingParameter', message))
  }
})

it('an unknown version is refused', async () => {
  expect(await call('GetPublicKey', { KeyId: 'here', KeyVersionId: 'none' })).toMatchObject(
    refusal(404, 'Forbidden.KeyVersionNotFound', 'The specified Key version is not found.'),
  )
})

it('a dry run checks everything, and always fails', async () => {
  const sign = { ...(await versionOf('here')), Algorithm: 'ECDSA_SHA_256' }
  const { status } = await call('AsymmetricSign', { ...sign, Digest: DIGEST, DryRun: 'false' })
  expect(status).toBe(200)
  expect(await call('AsymmetricSign', { ...sign, Digest: DIGEST, DryRun: 'true' })).toMatchObject(
    refusal(400, 'DryRunOperationError'),
  )
  expect(await call('AsymmetricSign', { ...sign, Digest: 'short', DryRun: 'true' })).toMatchObject(
    refusal(400, 'InvalidParameter', 'The specified parameter "Digest" is not valid.'),
  )
})

describe('a signature of an EC key', () => {
  const message = Buffer.from('verified with node:crypto')
  const Digest = createHash('sha256').update(message).digest('base64')
  const raw = emulated({ ecdsaFormat: 'raw', kmsKeys: [{ id: 'k1', keySpec: 'EC_P256K' }] })

  it.each([
    ['here', others, 'der'],
    ['k1', raw, 'ieee-p1363'],
    ['default', raw, 'ieee-p1363'],
  ] as const)(
    'of the key %s has the format that the config says',
    async (name, { emulator: at }, dsaEncoding) => {
      const sign = await versionOf(name === 'default' ? at.info.kmsKeyId : name, at)
      const { body } = await call('AsymmetricSign', { ...sign, Algorithm: 'ECDSA_SHA_256', Digest }, { at })
      const { PublicKey: key } = (await call('GetPublicKey', sign, { at })).body as { PublicKey: string }
      const signature = Buffer.from(String(body['Value']), 'base64')
      expect(verify('sha256', message, { key, dsaEncoding }, signature)).toBe(true)
    },
  )
})

async function versionOf(
  KeyId: string,
  at = others.emulator,
): Promise<{ KeyId: string; KeyVersionId: string }> {
  const { body } = await call('ListKeyVersions', { KeyId }, { at })
  const [version] = (body as { KeyVersions: { KeyVersion: { KeyVersionId: string }[] } }).KeyVersions
    .KeyVersion
  return { KeyId, KeyVersionId: version?.KeyVersionId ?? '' }
}
