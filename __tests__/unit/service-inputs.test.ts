import { readFileSync } from 'node:fs'
import { describe, expect, it } from '@jest/globals'
import { parse } from 'yaml'
import { ActionError } from '../../src/errors.ts'
import { readSecrets } from '../../src/inputs/credentials.ts'
import { readServiceInputs } from '../../src/inputs/service.ts'
import { inputs, withEnvironment } from '../support/in-process.ts'

const key = { 'access-key-id': 'id', 'access-key-secret': 'secret' }

async function read(given: Record<string, string>, env: Record<string, string> = {}) {
  const { result, thrown } = await withEnvironment({ ...inputs({ ...key, ...given }), ...env }, () =>
    readServiceInputs(process.env, readSecrets(process.env)),
  )
  return { read: result, error: thrown instanceof ActionError ? thrown.describe((text) => text) : undefined }
}

describe('the endpoint', () => {
  it.each([
    [{ 'region-id': 'cn-hangzhou' }, 'onsmqtt.cn-hangzhou.aliyuncs.com'],
    [{ 'region-id': ' eu-central-1 ', network: 'public' }, 'onsmqtt.eu-central-1.aliyuncs.com'],
    [{ 'region-id': 'cn-hangzhou', network: 'vpc' }, 'onsmqtt-vpc.cn-hangzhou.aliyuncs.com'],
    [{ 'region-id': 'mq-internet-access' }, 'onsmqtt.mq-internet-access.aliyuncs.com'],
    [{ endpoint: 'mqtt.example.com' }, 'mqtt.example.com'],
    [{ endpoint: 'localhost:8443', 'region-id': 'cn-hangzhou' }, 'localhost:8443'],
    [{ endpoint: 'm:1' }, 'm:1'],
    [{ endpoint: '[::1]:443' }, '[::1]:443'],
    [{ endpoint: '127.0.0.1:1' }, '127.0.0.1:1'],
  ])('of %j is %s', async (given, endpoint) => {
    expect((await read(given)).read?.endpoint.host).toBe(endpoint)
  })

  it.each(['ALIBABA_CLOUD_REGION_ID', 'ALIBABACLOUD_REGION_ID', 'ALICLOUD_REGION'])(
    'uses the region of %s',
    async (name) => {
      expect((await read({}, { [name]: ' cn-beijing ' })).read).toMatchObject({
        regionId: 'cn-beijing',
        endpoint: { host: 'onsmqtt.cn-beijing.aliyuncs.com' },
      })
    },
  )

  it('prefers the region of the input to that of the environment', async () => {
    const { read: found } = await read(
      { 'region-id': 'cn-hangzhou' },
      { ALIBABA_CLOUD_REGION_ID: 'cn-beijing' },
    )
    expect(found?.regionId).toBe('cn-hangzhou')
  })
})

describe('the origin of an endpoint', () => {
  const VPC_ONLY = 'Some regions have a VPC endpoint only: they need network: vpc, and a runner in the VPC.'
  const spelled = (name: string): string =>
    `The region in this host name is set by ${name}. It may be mistyped. ${VPC_ONLY}`
  const zone = (id: string, region: string): string =>
    `The region in this host name is set by region-id. "${id}" looks like a zone: use its region, ${region}.`

  it.each<[Record<string, string>, string]>([
    [
      { endpoint: 'mqtt.example', 'region-id': 'cn-hangzhou-b' },
      'The input endpoint sets this host: check it.',
    ],
    ...['cn-hangzou', 'us-east-1', 'me-east-1', 'mq-internet-access', 'cn-shenzhen-finance-1', 'a'].map(
      (id): [Record<string, string>, string] => [{ 'region-id': id }, spelled('region-id')],
    ),
    [
      { 'region-id': 'cn-wulanchabu', network: 'vpc' },
      'The region in this host name is set by region-id. It may be mistyped. Some regions have no VPC endpoint: they need network: public.',
    ],
    [{ 'region-id': 'cn-hangzhou-b' }, zone('cn-hangzhou-b', 'cn-hangzhou')],
    [{ 'region-id': 'cn-hangzhou-i', network: 'vpc' }, zone('cn-hangzhou-i', 'cn-hangzhou')],
    [{ 'region-id': 'cn-shanghai-finance-1a' }, zone('cn-shanghai-finance-1a', 'cn-shanghai-finance-1')],
    [{ 'region-id': 'ap-southeast-1a' }, zone('ap-southeast-1a', 'ap-southeast-1')],
    [{ 'region-id': 'us-east-1b' }, zone('us-east-1b', 'us-east-1')],
  ])('of %j: %s', async (given, origin) => {
    expect((await read(given)).read?.endpoint.origin).toBe(origin)
  })

  it('names the environment variable of the region, and the input of the STS endpoint', async () => {
    const env = { ALICLOUD_REGION: 'cn-hangzou' }
    const given = { 'role-to-assume': 'acs:ram::1:role/r', 'sts-endpoint': 'sts.example' }
    const { read: found } = await read(given, env)
    expect(found?.endpoint.origin).toBe(spelled('ALICLOUD_REGION, unless region-id is set'))
    expect(found?.credentials.role?.stsEndpoint.origin).toBe(
      'The input sts-endpoint sets this host: check it.',
    )
  })
})

describe('the endpoint of STS', () => {
  const role = { 'role-to-assume': 'acs:ram::1:role/r', 'region-id': 'cn-hangzhou' }

  it.each([
    [role, 'sts.cn-hangzhou.aliyuncs.com'],
    [{ ...role, network: 'vpc' }, 'sts-vpc.cn-hangzhou.aliyuncs.com'],
    [{ ...role, 'sts-endpoint': 'sts.example.com:8443' }, 'sts.example.com:8443'],
  ])('of %j is %s', async (given, stsEndpoint) => {
    expect((await read(given)).read?.credentials).toMatchObject({
      role: { stsEndpoint: { host: stsEndpoint } },
    })
  })
})

describe('an invalid input', () => {
  it.each<[Record<string, string>, RegExp]>([
    [
      {},
      /Neither region-id nor endpoint is set\..*ALIBABA_CLOUD_REGION_ID, ALIBABACLOUD_REGION_ID, ALICLOUD_REGION\./,
    ],
    [
      { endpoint: 'https://mqtt.example.com' },
      /^Invalid endpoint: "https:\/\/mqtt.*without a scheme or path/,
    ],
    [{ endpoint: 'mqtt.example.com/path' }, /^Invalid endpoint: .*without a scheme or path/],
    [{ endpoint: 'user@mqtt.example.com' }, /^Invalid endpoint: "\*\*\*@mqtt\.example\.com"/],
    [{ endpoint: 'https://user:hidden@mqtt.example.com' }, /^Invalid endpoint: "\*\*\*@mqtt\.example\.com"/],
    [
      { endpoint: 'https://user:hid@den/x@mqtt.example.com:1' },
      /^Invalid endpoint: "\*\*\*@mqtt\.example\.com:1"/,
    ],
    [{ endpoint: `${'a'.repeat(300)}/` }, /^Invalid endpoint: "a{200}…"\. Use host/],
    [{ endpoint: 'mqtt.example.com:70000' }, /^Invalid endpoint: /],
    [{ endpoint: 'mqtt.example.com:' }, /^Invalid endpoint: /],
    [{ endpoint: 'mqtt example' }, /^Invalid endpoint: /],
    [{ endpoint: '[::1' }, /^Invalid endpoint: /],
    [{ 'region-id': 'cn.evil.example/' }, /^Invalid region-id: "cn.evil.example\/".*such as cn-hangzhou/],
    [{ 'region-id': 'cn_hangzhou' }, /^Invalid region-id: /],
    [{ 'region-id': 'cn-hangzhou', network: 'private' }, /^Invalid network: "private"\. Use public or vpc\./],
    [{ 'region-id': 'cn-hangzhou', network: 'VPC' }, /^Invalid network: "VPC"/],
    ...['0', '-1', '1.5', '1e2', 'abc', '60s', '0x10', '99999999999999999999', '21601'].map(
      (text): [Record<string, string>, RegExp] => [
        { 'region-id': 'cn-hangzhou', timeout: text },
        /^Invalid timeout: ".*"\. Use a whole number of seconds, 1 to 21600\./,
      ],
    ),
    ...['0', '-1', '2.0', 'five', '101'].map((text): [Record<string, string>, RegExp] => [
      { 'region-id': 'cn-hangzhou', 'max-attempts': text },
      /^Invalid max-attempts: ".*"\. Use a whole number of attempts, 1 to 100\./,
    ]),
  ])('is refused: %j', async (given, text) => {
    const { read: found, error } = await read(given)
    expect(found).toBeUndefined()
    expect(error).toMatch(text)
  })

  it('is also refused in the environment', async () => {
    expect((await read({}, { ALICLOUD_REGION: 'a/b' })).error).toMatch(/^Invalid ALICLOUD_REGION: "a\/b"/)
  })
})

describe('the limits', () => {
  it('are 60 seconds and 5 attempts by default', async () => {
    const startMs = performance.now()
    const { read: found } = await read({ 'region-id': 'cn-hangzhou' })
    expect(found?.transport.maxAttempts).toBe(5)
    expect(found?.transport.deadlineMs).toBeGreaterThanOrEqual(startMs + 60_000)
    expect(found?.transport.deadlineMs).toBeLessThanOrEqual(performance.now() + 60_000)
  })

  it('are what the inputs set', async () => {
    const { read: found } = await read({ 'region-id': 'cn-hangzhou', timeout: '007', 'max-attempts': '1' })
    expect(found?.transport.maxAttempts).toBe(1)
    expect(found?.transport.deadlineMs).toBeLessThanOrEqual(performance.now() + 7_000)
  })
})

describe.each(['action.yml', 'register/action.yml'])('the defaults in %s', (file) => {
  const declared = parse(readFileSync(file, 'utf8')) as {
    readonly inputs: Readonly<Record<string, { readonly default?: string }>>
  }
  const defaults = Object.entries(declared.inputs).flatMap(([name, { default: value }]) =>
    value === undefined ? [] : [[name, value] as const],
  )

  it('are those of the code', async () => {
    const given = { 'role-to-assume': 'acs:ram::1:role/r', 'region-id': 'cn-hangzhou' }
    const summarize = async (more: Readonly<Record<string, string>>) => {
      const startMs = performance.now()
      const { read: found } = await read({ ...given, ...more })
      const { deadlineMs = 0, maxAttempts } = found?.transport ?? {}
      const timeout = Math.round((deadlineMs - startMs) / 1000)
      return { endpoint: found?.endpoint, credentials: found?.credentials, maxAttempts, timeout }
    }
    expect(defaults.length).toBeGreaterThan(4)
    expect(await summarize(Object.fromEntries(defaults))).toEqual(await summarize({}))
  })
})
