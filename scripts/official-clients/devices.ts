import { X509Certificate } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { StartupLine } from '../../emulator/run.ts'
import { makeCa, makeRequestPem, privateKey, privateKeyPem } from '../../testing/certificates.ts'
import { snOf, withKey } from '../../testing/registered-cas.ts'
import { runStep } from '../../testing/run-step.ts'
import type { Check } from '../checks.ts'
import {
  makeCall,
  refused,
  runPython,
  succeeded,
  type Client,
  type ClientCall,
  type Outcome,
} from './client.ts'

type Body = Readonly<Record<string, unknown>>

/** Connects devices with paho-mqtt, and reads, lists, changes and deletes their certificates with each client. */
export async function checkDevices(
  programs: string,
  info: StartupLine,
  clients: readonly Client[],
): Promise<Check[]> {
  const folder = mkdtempSync(join(tmpdir(), 'devices-'))
  try {
    const checks: Check[] = []
    for (const client of clients) {
      const device = await makeDevice(`device of ${client}`, info, folder)
      checks.push(...checkDevice(device, client, programs, info))
    }
    return checks
  } finally {
    rmSync(folder, { recursive: true })
  }
}

function checkDevice(device: Device, client: Client, programs: string, info: StartupLine): Check[] {
  const { name, caSn: CaSn, certificate } = device
  const own = { CaSn, DeviceSn: snOf({ certificate }) }
  const call = (operation: string, parameters: ClientCall['parameters'] = own): Outcome => {
    const method = /^(Get|List)/.test(operation) ? 'GET' : 'POST'
    const all = { MqttInstanceId: info.instanceId, ...parameters }
    return makeCall({ client, operation, method, parameters: all }, info, programs)
  }
  const connects = (when: string): Check => {
    const { received, error = '' } = connect(device, programs, info)
    return [`paho-mqtt: ${name} connects ${when}`, received?.join() === name, error]
  }
  const isRefused = (when: string): Check => {
    const { error = 'connected' } = connect(device, programs, info)
    return [`paho-mqtt: ${name} is refused ${when}`, error.includes(REFUSED), error]
  }
  const shows = (status: string, body = call('GetDeviceCertificate').body): boolean => {
    const { Data } = body ?? {}
    return isOf(device, (Data ?? {}) as Body, status)
  }
  const lists = (operation: string, parameters: ClientCall['parameters']): Check =>
    succeeded(
      `${client}, ${operation}: the device`,
      call(operation, { ...parameters, PageNo: '1', PageSize: '100' }),
      ({ Data }) => {
        const { DeviceCertificateVOS = [] } = (Data ?? {}) as { DeviceCertificateVOS?: readonly Body[] }
        return DeviceCertificateVOS.some((fields) => isOf(device, fields, '1'))
      },
    )
  const changes = (operation: string, isDone: () => boolean): Check =>
    succeeded(
      `${client}, ${operation}`,
      call(operation),
      (body) => body['DeviceSn'] === own.DeviceSn && isDone(),
    )
  const isGone = () => call('GetDeviceCertificate').code === 'FindDeviceBySnError'
  return [
    refused(
      `${client}, GetDeviceCertificate: before it connects`,
      call('GetDeviceCertificate'),
      'FindDeviceBySnError',
    ),
    connects('for the first time'),
    succeeded(`${client}, GetDeviceCertificate: active`, call('GetDeviceCertificate'), (body) =>
      shows('1', body),
    ),
    lists('ListDeviceCertificate', {}),
    lists('ListDeviceCertificateByCaSn', { CaSn }),
    changes('InactivateDeviceCertificate', () => shows('0')),
    isRefused('while its certificate is inactive'),
    changes('ActiveDeviceCertificate', () => shows('1')),
    connects('while it is active again'),
    changes('DeleteDeviceCertificate', isGone),
    connects('after its certificate was deleted'),
    [`${client}, GetDeviceCertificate: registered again`, shows('1')],
    succeeded(
      `${client}, DeleteCaCertificate: with its device`,
      call('DeleteCaCertificate', { Sn: CaSn }),
      isGone,
    ),
    isRefused('without its CA'),
  ]
}

/** What OpenSSL says in Python about a connection that ends during the handshake. */
const REFUSED = 'EOF occurred in violation of protocol'

function connect(
  { name, files }: Device,
  programs: string,
  { mqttEndpoint, caFile }: StartupLine,
): { readonly received?: readonly string[]; readonly error?: string } {
  const [host = '', port = ''] = mqttEndpoint.split(':')
  return runPython(
    'device.py',
    { host, port: Number(port), caFile, message: name, ...files },
    programs,
  ) as object
}

/** Tells whether the service shows the certificate of a device. */
function isOf({ name, caSn, certificate }: Device, fields: Body, status: string): boolean {
  return Object.entries({
    CaSn: caSn,
    DeviceSn: snOf({ certificate }),
    DeviceName: name,
    DeviceContent: certificate.toString().replaceAll('\n', String.raw`\n`),
    ValidBegin: String(certificate.validFromDate.getTime()),
    ValidEnd: String(certificate.validToDate.getTime()),
    Status: status,
  }).every(([field, value]) => fields[field] === value)
}

type Device = {
  readonly name: string
  readonly caSn: string
  readonly certificate: X509Certificate
  /** Paths of its certificate and its key. */
  readonly files: { readonly certificate: string; readonly key: string }
}

/** Registers a new CA, and issues a certificate to a device, both through `dist/`. */
async function makeDevice(name: string, info: StartupLine, folder: string): Promise<Device> {
  const ca = await makeCa({ subject: `CN=CA of ${name}` })
  const { 'ca-name': caName = '', ...signer } = withKey(ca)
  const { regionId, instanceId, endpoint, accessKeyId, accessKeySecret } = info
  const service = { 'region-id': regionId, 'instance-id': instanceId, endpoint }
  const keys = { 'access-key-id': accessKeyId, 'access-key-secret': accessKeySecret }
  const env = { NODE_EXTRA_CA_CERTS: info.caFile }
  const key = privateKey('EC P-256')
  const request = await makeRequestPem(name, key)
  const registered = await runStep('register', { ...service, ...keys, 'ca-name': caName, ...signer }, { env })
  const issued = await runStep('issue-device-certificates', { 'certificate-requests': request, ...signer })
  for (const { exitCode, log } of [registered, issued]) if (exitCode !== 0) throw new Error(log)
  const pem = issued.outputs['certificate'] ?? ''
  const files = { certificate: join(folder, `${name}.crt`), key: join(folder, `${name}.key`) }
  writeFileSync(files.certificate, pem)
  writeFileSync(files.key, privateKeyPem(key))
  return { name, caSn: snOf(ca), certificate: new X509Certificate(pem), files }
}
