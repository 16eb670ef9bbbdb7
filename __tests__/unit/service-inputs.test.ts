import { describe, expect, it } from '@jest/globals'
import { ActionError } from '../../src/errors.ts'
import { readServiceInputs } from '../../src/inputs/service.ts'
import { inputs, withEnvironment } from '../support/in-process.ts'

const key = { 'access-key-id': 'id', 'access-key-secret': 'secret' }

async function read(given: Record<string, string>, env: Record<string, string> = {}) {
  const { result, thrown } = await withEnvironment({ ...inputs({ ...key, ...given }), ...env }, () =>
    readServiceInputs(process.env),
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
    expect((await read(given)).read?.endpoint).toBe(endpoint)
  })

  it.each(['ALIBABA_CLOUD_REGION_ID', 'ALIBABACLOUD_REGION_ID', 'ALICLOUD_REGION'])(
    'takes the region from %s',
    async (name) => {
      expect((await read({}, { [name]: ' cn-beijing ' })).read).toMatchObject({
        regionId: 'cn-beijing',
        endpoint: 'onsmqtt.cn-beijing.aliyuncs.com',
      })
    },
  )

  it('takes the region of the input before that of the environment', async () => {
    const { read: found } = await read(
      { 'region-id': 'cn-hangzhou' },
      { ALIBABA_CLOUD_REGION_ID: 'cn-beijing' },
    )
    expect(found?.regionId).toBe('cn-hangzhou')
  })
})

describe('the endpoint of STS', () => {
  const role = { 'role-to-assume': 'acs:ram::1:role/r', 'region-id': 'cn-hangzhou' }

  it.each([
    [role, 'sts.cn-hangzhou.aliyuncs.com'],
    [{ ...role, network: 'vpc' }, 'sts-vpc.cn-hangzhou.aliyuncs.com'],
    [{ ...role, 'sts-endpoint': 'sts.example.com:8443' }, 'sts.example.com:8443'],
  ])('of %j is %s', async (given, stsEndpoint) => {
    expect((await read(given)).read?.credentials).toMatchObject({ role: { stsEndpoint } })
  })
})

describe('a value that an input does not take', () => {
  it.each<[Record<string, string>, RegExp]>([
    [
      {},
      /Neither the input region-id nor endpoint is given\..*ALIBABA_CLOUD_REGION_ID, ALIBABACLOUD_REGION_ID, ALICLOUD_REGION\./,
    ],
    [{ endpoint: 'https://mqtt.example.com' }, /endpoint is "https:\/\/mqtt.*without a scheme/],
    [{ endpoint: 'mqtt.example.com/path' }, /endpoint is .*without a path/],
    [{ endpoint: 'user@mqtt.example.com' }, /endpoint is "\*\*\*@mqtt\.example\.com"/],
    [{ endpoint: 'https://user:hidden@mqtt.example.com' }, /endpoint is "\*\*\*@mqtt\.example\.com"/],
    [{ endpoint: 'https://user:hid@den/x@mqtt.example.com:1' }, /endpoint is "\*\*\*@mqtt\.example\.com:1"/],
    [{ endpoint: `${'a'.repeat(300)}/` }, /endpoint is "a{200}…"\. It takes/],
    [{ endpoint: 'mqtt.example.com:70000' }, /endpoint is/],
    [{ endpoint: 'mqtt.example.com:' }, /endpoint is/],
    [{ endpoint: 'mqtt example' }, /endpoint is/],
    [{ endpoint: '[::1' }, /endpoint is/],
    [{ 'region-id': 'cn.evil.example/' }, /region-id is "cn.evil.example\/".*such as cn-hangzhou/],
    [{ 'region-id': 'cn_hangzhou' }, /region-id is/],
    [{ 'region-id': 'cn-hangzhou', network: 'private' }, /network is "private"\. It takes public or vpc\./],
    [{ 'region-id': 'cn-hangzhou', network: 'VPC' }, /network is "VPC"/],
    ...['0', '-1', '1.5', '1e2', 'abc', '60s', '0x10', '99999999999999999999', '21601'].map(
      (text): [Record<string, string>, RegExp] => [
        { 'region-id': 'cn-hangzhou', timeout: text },
        /timeout is ".*"\. It takes a whole number of seconds from 1 to 21600\./,
      ],
    ),
    ...['0', '-1', '2.0', 'five', '101'].map((text): [Record<string, string>, RegExp] => [
      { 'region-id': 'cn-hangzhou', 'max-attempts': text },
      /max-attempts is ".*"\. It takes a whole number of attempts from 1 to 100\./,
    ]),
  ])('is refused: %j', async (given, text) => {
    const { read: found, error } = await read(given)
    expect(found).toBeUndefined()
    expect(error).toMatch(text)
  })

  it('is refused in the environment too', async () => {
    expect((await read({}, { ALICLOUD_REGION: 'a/b' })).error).toMatch(/ALICLOUD_REGION is "a\/b"/)
  })
})

describe('how long to try', () => {
  it('is 60 seconds and 5 attempts when nothing is said', async () => {
    const startMs = performance.now()
    const { read: found } = await read({ 'region-id': 'cn-hangzhou' })
    expect(found?.transport.maxAttempts).toBe(5)
    expect(found?.transport.deadlineMs).toBeGreaterThanOrEqual(startMs + 60_000)
    expect(found?.transport.deadlineMs).toBeLessThanOrEqual(performance.now() + 60_000)
  })

  it('is what the inputs say', async () => {
    const { read: found } = await read({ 'region-id': 'cn-hangzhou', timeout: '007', 'max-attempts': '1' })
    expect(found?.transport.maxAttempts).toBe(1)
    expect(found?.transport.deadlineMs).toBeLessThanOrEqual(performance.now() + 7_000)
  })
})
