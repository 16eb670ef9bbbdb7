import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { connect as connectTls, type ConnectionOptions, type TLSSocket } from 'node:tls'
import { afterAll, afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { startEmulator, type Emulator } from '../../emulator/start.ts'
import {
  DAY_MS,
  makeCa,
  makeLeaf,
  makeRequestPem,
  privateKey,
  privateKeyPem,
  type Issued,
} from '../../testing/certificates.ts'
import { snOf, withKey } from '../../testing/registered-cas.ts'
import { runStep } from '../../testing/run-step.ts'
import { callMqtt } from '../support/calls.ts'
import { closed, connectDevice, endConnections, passMessage, type Identity } from '../support/devices.ts'
import { emulated } from '../support/emulated.ts'
import { startJob } from '../support/job.ts'
import { untilGone } from '../support/processes.ts'

const ca = await makeCa({ subject: 'CN=devices' })
const inactiveCa = await makeCa({ subject: 'CN=inactive' })
const namesake = await makeCa({ subject: 'CN=devices' })
const unregistered = await makeCa({ subject: 'CN=unregistered' })
const issue = async (issuer: Issued, options: Parameters<typeof makeLeaf>[0] = {}): Promise<Issued> =>
  await makeLeaf({ issuer, ...options })
const known = await issue(ca)
const ofInactiveCa = await issue(inactiveCa)
const deactivated = await issue(ca)
const expired = { notBefore: new Date(Date.now() - 2 * DAY_MS), notAfter: new Date(Date.now() - DAY_MS) }
const early = { notBefore: new Date(Date.now() + DAY_MS) }
const knownAndExpired = await issue(ca, expired)

endConnections()
const shared = emulated({
  instances: [
    {
      caCertificates: [{ certificate: ca.pem }, { certificate: inactiveCa.pem, status: 'inactive' }],
      deviceCertificates: [
        { certificate: known.pem },
        { certificate: ofInactiveCa.pem },
        { certificate: deactivated.pem, status: 'inactive' },
        { certificate: knownAndExpired.pem },
      ],
    },
  ],
})

const identityOf = ({ pem, key }: Pick<Issued, 'pem' | 'key'>): Identity => ({
  cert: pem,
  key: privateKeyPem(key),
})
const connect = async (device: Issued | undefined, options = {}) =>
  await connectDevice(shared.emulator, device === undefined ? {} : identityOf(device), options)
/** What the client of npm `mqtt` says about a refused device. */
const REFUSED = 'Client network socket disconnected before secure TLS connection was established'
const logOf = async () =>
  (await shared.emulator.requests('MqttConnect')).map(({ status, code, parameters }) => [
    status,
    code,
    parameters,
  ])

async function statusOf(device: Issued, issuer = ca): Promise<unknown> {
  const query = { CaSn: snOf(issuer), DeviceSn: snOf(device) }
  const { Code, Data } = await callMqtt(shared.emulator, 'GetDeviceCertificate', query)
  return Code ?? (Data as { Status: string }).Status
}

/** The certificate, the outcome, and the CA. */
const ACCEPTED: [string, Issued, outcome: string, issuer: Issued][] = [
  ['is known and active', known, 'Known', ca],
  ['is known and active, and its CA is not', ofInactiveCa, 'Known', inactiveCa],
  ['is not known, from an active CA', await issue(ca), 'Registered', ca],
  ['is of RSA', await issue(ca, { kind: 'RSA 2048' }), 'Registered', ca],
  [
    'has the serial number of another CA’s',
    await issue(ca, { serialNumber: snOf(ofInactiveCa) }),
    'Registered',
    ca,
  ],
]
/** The certificate, the reason, and the CA if one has the name of the issuer. */
const REFUSALS: [string, Issued | undefined, reason: string, issuer: Issued | undefined][] = [
  ['is known and inactive', deactivated, 'DeviceInactive', ca],
  ['is from an unknown CA', await issue(unregistered), 'CaUnknown', undefined],
  ['is self-signed', await makeCa(), 'CaUnknown', undefined],
  ['is not known, from an inactive CA', await issue(inactiveCa), 'CaInactive', inactiveCa],
  ['has a wrong signature', await issue(namesake), 'SignatureInvalid', ca],
  [
    'has the serial number of a known one and a wrong signature',
    await issue(namesake, { serialNumber: snOf(known) }),
    'SignatureInvalid',
    ca,
  ],
  ['is expired', await issue(ca, expired), 'CertificateExpired', ca],
  ['is known and expired', knownAndExpired, 'CertificateExpired', ca],
  ['is not valid yet', await issue(ca, early), 'CertificateNotYetValid', ca],
  ['is missing', undefined, 'NoCertificate', undefined],
]

describe('a device whose certificate', () => {
  it.each(ACCEPTED)('%s connects', async (_, device, outcome, issuer) => {
    const client = await connect(device)
    expect(await passMessage(client, client)).toBe('hello')
    const parameters = { CaSn: snOf(issuer), DeviceSn: snOf(device), Outcome: outcome }
    expect(await logOf()).toEqual([[200, null, parameters]])
    expect(await statusOf(device, issuer)).toBe('1')
  })

  it.each(REFUSALS)('%s is refused', async (_, device, reason, issuer) => {
    await expect(connect(device)).rejects.toThrow(REFUSED)
    const parameters = {
      CaSn: issuer === undefined ? '' : snOf(issuer),
      DeviceSn: device === undefined ? '' : snOf(device),
      Outcome: reason,
    }
    expect(await logOf()).toEqual([[403, reason, parameters]])
    const { Data } = await callMqtt(shared.emulator, 'ListDeviceCertificate', { PageNo: '1', PageSize: '1' })
    expect(Data).toMatchObject({ Total: 4 })
  })

  it('is from one of two CAs with one name is registered with its own', async () => {
    await shared.register(withKey(namesake))
    const device = await issue(namesake)
    await connect(device)
    expect(await statusOf(device, namesake)).toBe('1')
    await callMqtt(shared.emulator, 'DeleteCaCertificate', { Sn: snOf(namesake) })
    expect(await statusOf(device, namesake)).toBe('FindDeviceBySnError')
    await expect(connect(device)).rejects.toThrow(REFUSED)
  })
})

describe('a certificate that issue-device-certificates made, for a CA that register registered', () => {
  it('connects, is refused while it is inactive, and is registered again after it is deleted', async () => {
    const { emulator, register } = shared
    const key = privateKey('EC P-256')
    const issuer = await makeCa({ subject: 'CN=my CA', withKeyIdentifier: false })
    const { 'ca-name': name = '', ...inputs } = withKey(issuer)
    const request = await makeRequestPem('device-1', key)
    expect(await register({ 'ca-name': name, ...inputs })).toMatchObject({ exitCode: 0 })
    const step = await runStep('issue-device-certificates', { 'certificate-requests': request, ...inputs })
    const device = { pem: step.outputs['certificate'] ?? '', key }
    const online = async () => await connectDevice(emulator, identityOf(device))
    const change = async (operation: string): Promise<void> => {
      const { DeviceCertificateVOS } = (
        await callMqtt(emulator, 'ListDeviceCertificateByCaSn', {
          CaSn: snOf(issuer),
          PageNo: '1',
          PageSize: '10',
        })
      )['Data'] as { DeviceCertificateVOS: readonly Record<string, string>[] }
      expect(DeviceCertificateVOS).toMatchObject([{ DeviceName: 'device-1' }])
      const [{ CaSn = '', DeviceSn = '' } = {}] = DeviceCertificateVOS
      expect(await callMqtt(emulator, operation, { CaSn, DeviceSn })).toMatchObject({ status: 200, DeviceSn })
    }

    const first = await online()
    expect(await passMessage(await online(), first)).toBe('hello')
    await change('InactivateDeviceCertificate')
    await expect(online()).rejects.toThrow(REFUSED)
    // An open connection stays open.
    expect(await passMessage(first, first)).toBe('hello')
    await change('ActiveDeviceCertificate')
    await online()
    await change('DeleteDeviceCertificate')
    await online()
    await change('DeleteDeviceCertificate')
    const outcomes = (await logOf()).map(([, , parameters]) => (parameters as { Outcome: string }).Outcome)
    expect(outcomes).toEqual(['Registered', 'Known', 'DeviceInactive', 'Known', 'Registered'])
  })
})

describe('the request log', () => {
  it('shows no password, no user name and no register code', async () => {
    const password = randomBytes(20).toString('hex')
    const user = `Signature|${randomBytes(6).toString('hex')}`
    const { RegisterCode } = await callMqtt(shared.emulator, 'GetRegisterCode')
    const verification = await issue(ca, { subject: `CN=${String(RegisterCode)}` })
    await connect(verification, { username: user, password })
    const log = JSON.stringify(await shared.emulator.requests())
    for (const secret of [password, user, String(RegisterCode), verification.pem])
      expect(log).not.toContain(secret)
  })
})

describe('the broker', () => {
  const handshake = async (options: ConnectionOptions): Promise<TLSSocket> => {
    const [host, port] = shared.emulator.info.mqttEndpoint.split(':')
    const socket = connectTls({
      host: host ?? '',
      port: Number(port),
      ca: readFileSync(shared.emulator.info.caFile),
      ...options,
    })
    await once(socket, 'secureConnect')
    return socket
  }

  it('speaks TLS 1.2 only', async () => {
    const socket = await handshake(identityOf(known))
    expect(socket.getProtocol()).toBe('TLSv1.2')
    socket.destroy()
    await expect(handshake({ minVersion: 'TLSv1.3' })).rejects.toThrow(/protocol version/)
  })

  it('decides again about a device that wants to resume its TLS session', async () => {
    const identity = identityOf(known) as ConnectionOptions
    const first = await handshake(identity)
    const session = first.getSession()
    first.destroy()
    const second = await handshake({ ...identity, session })
    expect(second.isSessionReused()).toBe(false)
    second.destroy()
    const query = { CaSn: snOf(ca), DeviceSn: snOf(known) }
    await callMqtt(shared.emulator, 'InactivateDeviceCertificate', query)
    await expect(handshake({ ...identity, session })).rejects.toThrow()
    const outcomes = (await logOf()).map(([, code]) => code)
    expect(outcomes).toEqual([null, null, 'DeviceInactive'])
  })

  it('disconnects all devices and forgets their messages when the emulator is reset', async () => {
    const device = await connect(await issue(ca))
    await device.publishAsync('devices/1', 'old', { qos: 1, retain: true })
    const isClosed = closed(device)
    await shared.emulator.reset()
    await isClosed
    const again = await connect(known)
    expect(await passMessage(again, again)).toBe('hello')
    expect(await logOf()).toMatchObject([[200, null, { Outcome: 'Known' }]])
  })
})

describe('an emulator that ends', () => {
  let emulator: Emulator
  beforeEach(async () => {
    emulator = await startEmulator({ config: { instances: [{ caCertificates: [{ certificate: ca.pem }] }] } })
  })
  afterAll(async () => {
    await emulator.stop()
  })

  it('closes the connections of devices at once', async () => {
    const device = await connectDevice(emulator, identityOf(known))
    const isClosed = closed(device)
    await emulator.stop()
    await isClosed
    await untilGone(emulator.pid)
  })
})

describe('the action, from its bundle', () => {
  // One for each test, because the end of a job removes its folder.
  let job: ReturnType<typeof startJob>
  beforeEach(() => {
    job = startJob({ GITHUB_REPOSITORY: 'octo/sensors', GITHUB_REF: 'refs/heads/main' })
  })
  afterEach(async () => {
    await job.end()
  })

  it('has a broker at its output mqtt-endpoint, and lists the connections at its end', async () => {
    const config = JSON.stringify({ instances: [{ caCertificates: [{ certificate: ca.pem }] }] })
    const { outputs, exitCode } = await job.step('emulator', { config })
    expect(exitCode).toBe(0)
    const { 'mqtt-endpoint': mqttEndpoint = '', 'ca-file': caFile = '' } = outputs
    const device = await connectDevice(
      { info: { ...shared.emulator.info, mqttEndpoint, caFile } },
      identityOf(known),
    )
    expect(await passMessage(device, device)).toBe('hello')
    const isClosed = closed(device)
    const [ended] = await job.end()
    await isClosed
    expect(ended).toMatchObject({ exitCode: 0, stderr: '', annotations: [] })
    expect(ended?.log).toMatch(/MqttConnect {14}200$/m)
  })

  it('has its broker at mqtt-port, or says that the port is in use', async () => {
    const server = createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    const inputs = { 'mqtt-port': String(port) }
    const { annotations } = await job.step('emulator', inputs)
    expect(annotations).toEqual([
      expect.stringMatching(`^The emulator did not start \\(port ${port} is in use\\)\\..* mqtt-port`),
    ])
    server.close()
    await once(server, 'close')
    const { outputs } = await job.step('emulator', inputs)
    expect(outputs).toMatchObject({ 'mqtt-endpoint': `127.0.0.1:${port}` })
  })

  it('refuses an invalid mqtt-port', async () => {
    const { annotations } = await job.step('emulator', { 'mqtt-port': '0' })
    expect(annotations).toEqual([
      'Invalid mqtt-port: "0". Use a port from 1 to 65535, or leave it empty for any free port.',
    ])
  })
})
