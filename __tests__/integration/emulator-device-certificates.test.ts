import { randomBytes } from 'node:crypto'
import { describe, expect, it } from '@jest/globals'
import { makeCa, makeLeaf } from '../../testing/certificates.ts'
import { snOf } from '../../testing/registered-cas.ts'
import { signRpc } from '../../testing/signed-request.ts'
import { callMqtt, type Answer, type Deviation } from '../support/calls.ts'
import { emulated } from '../support/emulated.ts'

const secret = randomBytes(20).toString('hex')
const key = (id: string, ...allowed: readonly string[]) => ({
  id,
  secret,
  policy: {
    Version: '1' as const,
    Statement: allowed.map((Action) => ({ Effect: 'Allow' as const, Action, Resource: '*' })),
  },
})
const as = (accessKeyId: string): Deviation => ({ accessKey: { accessKeyId, accessKeySecret: secret } })

/** The RAM action of each operation, as Alibaba Cloud's reference names it. */
const RAM_ACTIONS = {
  GetDeviceCertificate: 'mq:GetDeviceCertificate',
  ListDeviceCertificate: 'mq:ListDeviceCertificate',
  ListDeviceCertificateByCaSn: 'mq:ListDeviceCertificateByCaSn',
  ActiveDeviceCertificate: 'mq:ActiveDeviceCertificate',
  InactivateDeviceCertificate: 'mq:UnregisterDeviceCertificate',
  DeleteDeviceCertificate: 'mq:DeleteDeviceCertificate',
}
const OPERATIONS = Object.entries(RAM_ACTIONS)
const CHANGES = ['ActiveDeviceCertificate', 'InactivateDeviceCertificate', 'DeleteDeviceCertificate']

// The first bit of the serial numbers is set, so that the service spells them with a leading zero byte.
const ca = await makeCa({ subject: 'CN=first CA', serialNumber: `9a${randomBytes(8).toString('hex')}` })
const otherCa = await makeCa({ subject: 'CN=other CA' })
const device = await makeLeaf({
  issuer: ca,
  subject: 'O=Example, CN=Gerät 設備',
  serialNumber: `ff${randomBytes(8).toString('hex')}`,
})
const own = { CaSn: snOf(ca), DeviceSn: snOf(device) }

const PLAIN = { validBegin: '1700000000000', validEnd: 'soon' }
const plain = (caSn: string, index: number) => ({
  caSn,
  deviceSn: `0${index}`,
  deviceName: `device ${index}`,
  ...PLAIN,
})
const devices = emulated({
  accessKeys: [
    {},
    ...OPERATIONS.flatMap(([operation, action]) => [
      key(`only-${operation}`, action, 'mq:MqttInstanceAccess'),
      key(`without-access-${operation}`, action),
    ]),
  ],
  instances: [
    {
      caCertificates: [
        { certificate: ca.pem },
        { certificate: otherCa.pem, caName: 'spare', status: 'inactive' },
        { sn: '7e01', caName: 'without a certificate', ...PLAIN },
      ],
      deviceCertificates: [
        { certificate: device.pem },
        { ...plain('7e01', 1), status: 'inactive' },
        plain('7e01', 2),
        plain(own.CaSn, 3),
      ],
    },
    { id: 'post-cn-second00000' },
  ],
})

type Fields = Readonly<Record<string, unknown>>
const call = async (operation: string, query: Readonly<Record<string, string>> = {}, deviation?: Deviation) =>
  await callMqtt(devices.emulator, operation, query, deviation)
const dataOf = ({ Data }: Answer): Fields => (Data ?? {}) as Fields

/** Lists device certificates with pages of one size until a page is not full, and returns their serial numbers. */
async function listed(query: Readonly<Record<string, string>> = {}, pageSize = 100): Promise<string[]> {
  const operation = 'CaSn' in query ? 'ListDeviceCertificateByCaSn' : 'ListDeviceCertificate'
  const all: string[] = []
  for (let page = 1; ; page++) {
    const pages = { PageNo: String(page), PageSize: String(pageSize) }
    const { DeviceCertificateVOS } = dataOf(await call(operation, { ...query, ...pages }))
    const sns = (DeviceCertificateVOS as readonly Fields[]).map(({ DeviceSn }) => String(DeviceSn))
    all.push(...sns)
    if (sns.length < pageSize) return all
  }
}

describe('GetDeviceCertificate', () => {
  it('shows a certificate as the service does', async () => {
    const { certificate, pem } = device
    expect(await call('GetDeviceCertificate', own)).toEqual({
      status: 200,
      RequestId: expect.stringMatching(/^[\dA-F-]{36}$/),
      Data: {
        ...own,
        DeviceName: 'Gerät 設備',
        DeviceContent: pem.replaceAll('\n', String.raw`\n`),
        ValidBegin: String(certificate.validFromDate.getTime()),
        ValidEnd: String(certificate.validToDate.getTime()),
        Status: '1',
      },
    })
    expect(own.DeviceSn).toMatch(/^00ff/)
  })

  it('shows one that a config describes, with any text as a date', async () => {
    const data = dataOf(await call('GetDeviceCertificate', { CaSn: '7e01', DeviceSn: '01' }))
    expect(data).toMatchObject({
      DeviceName: 'device 1',
      ValidBegin: PLAIN.validBegin,
      ValidEnd: 'soon',
      Status: '0',
    })
  })

  it.each<[string, Readonly<Record<string, string>>]>([
    ['unknown', { CaSn: own.CaSn, DeviceSn: '01' }],
    ['of another CA', { CaSn: '7e01', DeviceSn: own.DeviceSn }],
    ['of an unknown CA', { CaSn: 'ff', DeviceSn: own.DeviceSn }],
    ['in another spelling', { ...own, DeviceSn: own.DeviceSn.toUpperCase() }],
    ['of another instance', { ...own, MqttInstanceId: 'post-cn-second00000' }],
  ])('does not find one that is %s, nor does a change', async (_, query) => {
    for (const operation of ['GetDeviceCertificate', ...CHANGES]) {
      expect(await call(operation, query)).toEqual({
        status: 500,
        RequestId: expect.any(String),
        HostId: 'onsmqtt.cn-hangzhou.aliyuncs.com',
        Code: 'FindDeviceBySnError',
        Message: 'Failed to find the device certificate by the SN. Please check sn is valid',
      })
    }
    expect(await listed()).toHaveLength(4)
  })
})

describe('the lists', () => {
  it.each([1, 2, 3, 4, 100])('show every certificate once, in pages of %d', async (size) => {
    expect(await listed({}, size)).toEqual([own.DeviceSn, '01', '02', '03'])
    expect(await listed({ CaSn: '7e01' }, size)).toEqual(['01', '02'])
    expect(await listed({ CaSn: snOf(otherCa) }, size)).toEqual([])
  })

  it('say how many there are, and show nothing beyond the end', async () => {
    const pages = { PageNo: '9', PageSize: '3' }
    const data = { DeviceCertificateVOS: [], PageNo: 9, PageSize: 3 }
    expect(dataOf(await call('ListDeviceCertificate', pages))).toEqual({ ...data, Total: 4 })
    const ofCa = await call('ListDeviceCertificateByCaSn', { ...pages, CaSn: '7e01' })
    expect(dataOf(ofCa)).toEqual({ ...data, Total: 2 })
  })

  it('show the fields of GetDeviceCertificate', async () => {
    const { DeviceCertificateVOS } = dataOf(
      await call('ListDeviceCertificateByCaSn', { CaSn: own.CaSn, PageNo: '1', PageSize: '1' }),
    )
    expect(DeviceCertificateVOS).toEqual([dataOf(await call('GetDeviceCertificate', own))])
  })

  it('are empty or an error for a CA that is not there', async () => {
    const pages = { PageNo: '1', PageSize: '10' }
    expect(await call('ListDeviceCertificateByCaSn', { CaSn: 'ff', ...pages })).toMatchObject({
      status: 500,
      Code: 'FindDeviceBySnError',
    })
  })

  it.each([
    { PageNo: '0', PageSize: '1' },
    { PageNo: '1', PageSize: '101' },
    { PageNo: '1' },
    { PageNo: '1', PageSize: '1', CaSn: '' },
  ])('refuse %j', async (query) => {
    for (const operation of ['ListDeviceCertificate', 'ListDeviceCertificateByCaSn']) {
      if (operation === 'ListDeviceCertificate' && 'CaSn' in query) continue
      expect(await call(operation, query)).toMatchObject({ status: 500, Code: 'ParameterFieldCheckFailed' })
    }
  })
})

describe('changes', () => {
  const statusNow = async (): Promise<unknown> => dataOf(await call('GetDeviceCertificate', own))['Status']

  it.each(['GET', 'POST'] as const)('deactivate and activate, each also twice, with %s', async (method) => {
    for (const [operation, status] of [
      ['InactivateDeviceCertificate', '0'],
      ['InactivateDeviceCertificate', '0'],
      ['ActiveDeviceCertificate', '1'],
      ['ActiveDeviceCertificate', '1'],
    ] as const) {
      expect(await call(operation, own, { method })).toEqual({
        status: 200,
        RequestId: expect.any(String),
        DeviceSn: own.DeviceSn,
      })
      expect(await statusNow()).toBe(status)
      // The list shows it, too, and in the same place.
      const { DeviceCertificateVOS } = dataOf(
        await call('ListDeviceCertificate', { PageNo: '1', PageSize: '1' }),
      )
      expect(DeviceCertificateVOS).toMatchObject([{ DeviceSn: own.DeviceSn, Status: status }])
    }
  })

  it('delete a certificate, until the emulator is reset', async () => {
    expect(await call('DeleteDeviceCertificate', own)).toMatchObject({ status: 200, DeviceSn: own.DeviceSn })
    expect(await call('GetDeviceCertificate', own)).toMatchObject({ Code: 'FindDeviceBySnError' })
    expect(await call('DeleteDeviceCertificate', own)).toMatchObject({ Code: 'FindDeviceBySnError' })
    expect(await listed()).toEqual(['01', '02', '03'])
    await devices.emulator.reset()
    expect(await statusNow()).toBe('1')
  })

  it('delete the certificates of a CA with the CA, and no others', async () => {
    expect(await call('DeleteCaCertificate', { Sn: '7e01' })).toMatchObject({ status: 200 })
    expect(await listed()).toEqual([own.DeviceSn, '03'])
    expect(await call('DeleteCaCertificate', { Sn: own.CaSn })).toMatchObject({ status: 200 })
    expect(await listed()).toEqual([])
  })
})

describe('the CAs of a config', () => {
  it('are like registered ones', async () => {
    const list = await call('ListCaCertificate', { PageNo: '1', PageSize: '10' })
    expect(dataOf(list)['CaCertificateVOS']).toMatchObject([
      { Sn: own.CaSn, CaName: 'first CA', CaContent: ca.pem, Status: '1' },
      { Sn: snOf(otherCa), CaName: 'spare', Status: '0' },
      { Sn: '7e01', CaName: 'without a certificate', ...{ ValidEnd: 'soon', Status: '1' } },
    ])
    expect(await call('InactivateCaCertificate', { Sn: '7e01' })).toMatchObject({ status: 200 })
  })
})

describe.each(OPERATIONS)('%s', (operation, action) => {
  const query = { ...own, PageNo: '1', PageSize: '1' }

  it(`needs ${action} and mq:MqttInstanceAccess, and nothing else`, async () => {
    expect(await call(operation, query, as(`only-${operation}`))).toMatchObject({ status: 200 })
    const denied = { status: 403, Code: 'NoPermission' }
    expect(await call(operation, query, as(`without-access-${operation}`))).toMatchObject({
      ...denied,
      AccessDeniedDetail: expect.objectContaining({ AuthAction: 'mq:MqttInstanceAccess' }),
    })
    const [another = ''] = Object.keys(RAM_ACTIONS).filter((name) => name !== operation)
    expect(await call(operation, query, as(`only-${another}`))).toMatchObject({
      ...denied,
      AccessDeniedDetail: expect.objectContaining({ AuthAction: action }),
    })
  })

  it('can be called with both signatures, on an instance that is there', async () => {
    expect(await call(operation, query, { sign: signRpc })).toMatchObject({ status: 200 })
    const elsewhere = { ...query, MqttInstanceId: 'post-cn-none' }
    expect(await call(operation, elsewhere)).toMatchObject({ status: 500, Code: 'MqttInstanceNotFound' })
  })

  it('is in the request log, and meets faults', async () => {
    await devices.emulator.setFaults([{ operation, fault: { code: 'Throttling.User' } }])
    expect(await call(operation, query)).toMatchObject({ status: 400, Code: 'Throttling.User' })
    expect(await devices.emulator.requests(operation)).toMatchObject([
      { operation, status: 400, code: 'Throttling.User', parameters: { CaSn: own.CaSn } },
    ])
  })
})
