import { isRecord, textIn } from '../../src/attempts/response.ts'
import { derSerialNumber, isSameSerialNumber } from '../../src/certificates/certificate.ts'
import { makeCa, makeLeaf, type Issued } from '../../testing/certificates.ts'
import type { Answer } from '../client.ts'
import { completesHandshake, connectDevice, staysOpen, WATCH_MS } from '../connect-device.ts'
import { ASSUMED, Difference, documented, NotReached, SIMPLIFIED, type Entry, type Part } from '../entry.ts'
import {
  MAX_PAGE_SIZE,
  randomSn,
  requireCode,
  requireSuccess,
  requireThat,
  verify,
  type Fields,
  type OwnCa,
  type Probe,
} from '../probe.ts'

const DAY_MS = 24 * 60 * 60_000
const NAME = 'conformance device'
const BROKER = documented('authentication of devices')
const TEXT_FIELDS = [
  ...['CaSn', 'DeviceSn', 'DeviceName', 'DeviceContent'],
  ...['ValidBegin', 'ValidEnd', 'Status'],
]

/** Certificates of devices. Most checks connect devices to the broker. */
export const DEVICES: Part = {
  title: 'Device certificates and the broker',
  entries: [
    {
      id: 'no-devices',
      statement: 'The list of the devices of a new CA is empty.',
      source: ASSUMED,
      check: async (probe) => {
        const ca = await registerCa(probe, `CN=${probe.name}`)
        probe.learn('deviceCa', ca)
        const { devices } = await page(probe, { CaSn: ca.sn })
        requireThat(devices.length === 0, `it has ${devices.length}`)
      },
    },
    unknownDevice('GetDeviceCertificate'),
    unknownDevice('ActiveDeviceCertificate'),
    unknownDevice('InactivateDeviceCertificate'),
    unknownDevice('DeleteDeviceCertificate'),
    {
      id: 'unknown-ca-of-devices',
      statement:
        'An unknown `CaSn` is `FindDeviceBySnError`, for `GetDeviceCertificate` and `ListDeviceCertificateByCaSn`.',
      source: ASSUMED,
      check: async ({ client, unknownSn }) => {
        const query = { CaSn: unknownSn, DeviceSn: unknownSn, PageNo: '1', PageSize: '1' }
        for (const operation of ['GetDeviceCertificate', 'ListDeviceCertificateByCaSn']) {
          requireCode(await client.call(operation, query), 'FindDeviceBySnError')
        }
      },
    },
    {
      id: 'device-list-fields',
      statement: 'Both lists have `DeviceCertificateVOS`, `PageNo`, `PageSize` and `Total`.',
      source: documented('ListDeviceCertificate'),
      check: async (probe) => {
        for (const query of [{}, { CaSn: probe.known('deviceCa').sn }]) {
          const { data } = await page(probe, query)
          const missing = ['PageNo', 'PageSize', 'Total'].filter((field) => !(field in data))
          requireThat(missing.length === 0, `without ${missing.join(', ')}`)
        }
      },
    },
    {
      id: 'device-page-beyond-end',
      statement: 'A page beyond the end of a list of devices is empty.',
      source: ASSUMED,
      check: async (probe) => {
        const { devices } = await page(probe, { CaSn: probe.known('deviceCa').sn, PageNo: '9' })
        requireThat(devices.length === 0, `it has ${devices.length}`)
      },
    },
    {
      id: 'device-page-size',
      statement: 'A page has at most 100 devices. A larger size is `ParameterFieldCheckFailed`.',
      source: documented('ListDeviceCertificate'),
      check: async ({ client }) => {
        const query = { PageNo: '1', PageSize: String(MAX_PAGE_SIZE + 1) }
        requireCode(await client.call('ListDeviceCertificate', query), 'ParameterFieldCheckFailed')
      },
    },
    {
      id: 'device-connects',
      statement: 'A device whose certificate an active CA issued can connect. It is not known before.',
      source: BROKER,
      check: async (probe) => {
        requireBroker(probe)
        const device = await newDevice(probe)
        requireCode(await look(probe, device), 'FindDeviceBySnError')
        requireThat(await connects(probe, device), 'the broker refused it')
        probe.learn('device', device)
      },
    },
    {
      id: 'device-registered-at-once',
      statement: 'Its certificate is registered at once, and active: its `Status` is `1`.',
      source: BROKER,
      check: async (probe) => {
        const device = connected(probe)
        await probe.expectAtOnce('registered', async () => (await look(probe, device)).code === undefined)
        await requireStatus(probe, device, '1')
      },
    },
    {
      id: 'device-sn-spelling',
      statement: 'The serial number of a device is spelled as that of a CA: lower-case hex of the DER bytes.',
      source: ASSUMED,
      check: async (probe) => {
        const device = connected(probe)
        const { CaSn, DeviceSn } = namesOf(probe, device)
        const listed = (await list(probe, { CaSn })).find((fields) => isAbout(fields, device))
        if (listed === undefined) throw new NotReached('it is not in the list')
        requireThat(
          listed['DeviceSn'] === DeviceSn,
          'it has another spelling, which the next checks do not know',
        )
      },
    },
    {
      id: 'device-fields-are-texts',
      statement: 'All fields of a device certificate are texts.',
      source: documented('GetDeviceCertificate'),
      check: async (probe) => {
        const fields = await fieldsOf(probe, connected(probe))
        const others = TEXT_FIELDS.filter((field) => textIn(fields, field) === undefined)
        requireThat(others.length === 0, `not texts: ${others.join(', ')}`)
      },
    },
    {
      id: 'device-name',
      statement: '`DeviceName` is the common name of the certificate.',
      source: ASSUMED,
      check: async (probe) => {
        const { DeviceName } = await fieldsOf(probe, connected(probe))
        requireThat(DeviceName === NAME, 'it is something else')
      },
    },
    {
      id: 'device-dates',
      statement: '`ValidBegin` and `ValidEnd` are the dates of the certificate, in Unix milliseconds.',
      source: documented('GetDeviceCertificate'),
      check: async (probe) => {
        const device = connected(probe)
        const { ValidBegin, ValidEnd } = await fieldsOf(probe, device)
        const { validFromDate, validToDate } = device.certificate
        const areDates =
          Number(ValidBegin) === validFromDate.getTime() && Number(ValidEnd) === validToDate.getTime()
        requireThat(areDates, `they are ${String(ValidBegin)} and ${String(ValidEnd)}`)
      },
    },
    {
      id: 'device-content',
      statement: '`DeviceContent` is PEM, with the two characters `\\n` for each line end.',
      source: documented('GetDeviceCertificate'),
      check: async (probe) => {
        const device = connected(probe)
        const { DeviceContent } = await fieldsOf(probe, device)
        const content = String(DeviceContent)
        probe.note(
          `the first line is ${
            content
              .split(/\\n|\n/)[0]
              ?.replaceAll('-', ' ')
              .trim() ?? ''
          }`,
        )
        const isEscaped = !content.includes('\n') && content.includes(String.raw`\n`)
        requireThat(isEscaped, 'it has other line ends')
        const base64 = content.replace(/-----[^-]*-----|\\n/g, '')
        requireThat(base64 === device.certificate.raw.toString('base64'), 'it is not that certificate')
      },
    },
    {
      id: 'device-lists',
      statement: 'Both lists show it with the same fields as `GetDeviceCertificate`.',
      source: documented('ListDeviceCertificate'),
      check: async (probe) => {
        const device = connected(probe)
        const names = (fields: Fields) => Object.keys(fields).sort().join(', ')
        const expected = names(await fieldsOf(probe, device))
        for (const query of [{}, { CaSn: probe.known('deviceCa').sn }]) {
          const listed = (await list(probe, query)).find((fields) => isAbout(fields, device))
          if (listed === undefined) throw new Difference('it is not in the list')
          requireThat(names(listed) === expected, `the list has the fields ${names(listed)}`)
        }
      },
    },
    {
      id: 'device-total',
      statement: '`Total` is the number of device certificates.',
      source: documented('ListDeviceCertificate'),
      check: async (probe) => {
        connected(probe)
        requireThat(await connects(probe, await newDevice(probe)), 'the broker refused another device')
        // With this size, the numbers of pages and of certificates differ.
        const { data } = await page(probe, { CaSn: probe.known('deviceCa').sn, PageSize: '2' })
        requireThat(Number(data['Total']) === 2, `with two of them it is ${String(data['Total'])}`)
      },
    },
    {
      id: 'device-inactive',
      statement:
        '`InactivateDeviceCertificate` makes the `Status` `0`, and the device cannot connect from then on.',
      source: BROKER,
      check: async (probe) => {
        const device = connected(probe)
        await change(probe, 'InactivateDeviceCertificate', device)
        await requireStatus(probe, device, '0')
        await change(probe, 'InactivateDeviceCertificate', device)
        await requireRefused(probe, device)
      },
    },
    {
      id: 'device-active-again',
      statement: '`ActiveDeviceCertificate` makes the `Status` `1`, and the device can connect again.',
      source: BROKER,
      check: async (probe) => {
        const device = connected(probe)
        await change(probe, 'ActiveDeviceCertificate', device)
        await requireStatus(probe, device, '1')
        requireThat(await connects(probe, device), 'the broker refused it')
      },
    },
    {
      id: 'open-connection',
      statement: 'An open connection stays open when its certificate is deactivated.',
      source: ASSUMED,
      check: async (probe) => {
        const device = connected(probe)
        const client = await connectDevice(requireBroker(probe), device)
        if (client === undefined) throw new NotReached('the broker refused the device')
        try {
          await change(probe, 'InactivateDeviceCertificate', device)
          requireThat(await staysOpen(client), 'the broker closed it')
          probe.note(`for at least ${WATCH_MS / 1000} s`)
        } finally {
          client.end(true)
          await change(probe, 'ActiveDeviceCertificate', device)
        }
      },
    },
    {
      id: 'device-registered-again',
      statement:
        'A deleted certificate whose CA is active is registered again, and active, when the device connects.',
      source: { ...BROKER, words: 'follows from what is documented' },
      check: async (probe) => {
        const device = connected(probe)
        await change(probe, 'DeleteDeviceCertificate', device)
        requireCode(await look(probe, device), 'FindDeviceBySnError')
        requireThat(await connects(probe, device), 'the broker refused it')
        await requireStatus(probe, device, '1')
      },
    },
    refusal('device-of-unknown-ca', 'A device whose CA is not registered is refused.', BROKER, async () =>
      makeLeaf({ issuer: await makeCa({ subject: 'CN=conformance, not registered' }) }),
    ),
    refusal('device-of-namesake', 'A wrong signature is refused.', BROKER, async (probe) =>
      makeLeaf({ issuer: await makeCa({ subject: `CN=${probe.name}` }) }),
    ),
    refusal('device-expired', 'An expired certificate is refused.', ASSUMED, (probe) =>
      newDevice(probe, { notAfter: new Date(Date.now() - DAY_MS) }),
    ),
    refusal('device-not-valid-yet', 'A certificate that is not valid yet is refused.', ASSUMED, (probe) =>
      newDevice(probe, { notBefore: new Date(Date.now() + DAY_MS) }),
    ),
    refusal('device-without-certificate', 'A device without a certificate is refused.', BROKER),
    {
      id: 'inactive-ca-of-devices',
      statement:
        'While a CA is inactive, devices whose certificates are known and active can connect, and others cannot.',
      source: BROKER,
      check: async (probe) => {
        const device = connected(probe)
        const ca = probe.known('deviceCa')
        await probe.change('InactivateCaCertificate', ca)
        const isAccepted = await connects(probe, device)
        const isOtherAccepted = await connects(probe, await newDevice(probe))
        await probe.change('ActiveCaCertificate', ca)
        requireThat(isAccepted, 'the broker refused the known one')
        requireThat(!isOtherAccepted, 'the broker accepted the other one')
      },
    },
    {
      id: 'ca-of-a-device',
      statement:
        'The broker finds the CA by the issuer name and, if the certificate has one, the authority key identifier. Of two CAs with one name, it finds the one that signed.',
      source: ASSUMED,
      check: async (probe) => {
        connected(probe)
        const namesake = await registerCa(probe, `CN=${probe.name}`)
        const device = await makeLeaf({ issuer: namesake, serialNumber: randomSn() })
        const isAccepted = await connects(probe, device)
        const answer = await look(probe, device, namesake)
        await probe.change('DeleteCaCertificate', namesake)
        requireThat(isAccepted, 'the broker refused a device of the second CA')
        requireSuccess(answer)
      },
    },
    {
      id: 'serial-number-of-two-devices',
      statement: 'Two CAs can issue one serial number. Both certificates are registered.',
      source: ASSUMED,
      check: async (probe) => {
        const device = connected(probe)
        const second = await registerCa(probe, `CN=${probe.name} 2`)
        const same = await makeLeaf({ issuer: second, serialNumber: device.certificate.serialNumber })
        const isAccepted = await connects(probe, same)
        const answer = await look(probe, same, second)
        await probe.change('DeleteCaCertificate', second)
        requireThat(isAccepted, 'the broker refused the second one')
        requireSuccess(answer)
      },
    },
    {
      id: 'ca-with-devices',
      statement: 'Deleting a CA deletes the certificates of its devices, and they cannot connect any more.',
      source: documented('DeleteCaCertificate'),
      check: async (probe) => {
        const ca = probe.known('deviceCa')
        const device = connected(probe)
        await probe.change('DeleteCaCertificate', ca)
        const answer = await look(probe, device)
        if (answer.code === undefined) await change(probe, 'DeleteDeviceCertificate', device)
        requireCode(answer, 'FindDeviceBySnError')
        await requireRefused(probe, device)
      },
    },
    {
      id: 'refusal-in-handshake',
      statement: 'A refused device sees its connection end in the TLS handshake, without an answer in MQTT.',
      source: { ...BROKER, words: 'documented that it is disconnected, but not when' },
      check: async (probe) => {
        connected(probe)
        const stranger = await makeLeaf({
          issuer: await makeCa({ subject: 'CN=conformance, not registered' }),
        })
        const isComplete = await completesHandshake(requireBroker(probe), stranger)
        requireThat(!isComplete, 'the handshake is complete before the connection ends')
      },
    },
    {
      id: 'broker-ignores-names',
      statement: 'The broker accepts any client ID, user name and password.',
      source: SIMPLIFIED,
      unreachable: 'their rules are another matter',
    },
    {
      id: 'broker-of-default-instance',
      statement: 'Only the default instance of the emulator has a broker.',
      source: SIMPLIFIED,
      unreachable: 'it is not about the service',
    },
  ],
}

function unknownDevice(operation: string): Entry {
  return {
    id: `unknown-device-${operation}`,
    statement: `An unknown serial number of a device is \`FindDeviceBySnError\` for \`${operation}\`.`,
    source: documented('GetDeviceCertificate'),
    check: async (probe) => {
      const query = { CaSn: probe.known('deviceCa').sn, DeviceSn: probe.unknownSn }
      requireCode(await probe.client.call(operation, query), 'FindDeviceBySnError')
    },
  }
}

/** @param make the device that must be refused */
function refusal(
  id: string,
  statement: string,
  source: Entry['source'],
  make?: (probe: Probe) => Promise<Issued>,
): Entry {
  return {
    id,
    statement,
    source,
    check: async (probe) => {
      connected(probe)
      await requireRefused(probe, await make?.(probe))
    },
  }
}

function requireBroker({ brokerEndpoint }: Probe): string {
  if (brokerEndpoint !== undefined) return brokerEndpoint
  throw new NotReached('--with-device is not given')
}

/** Returns the device that connected. A refusal means something only if there is one. */
function connected(probe: Probe): Issued {
  requireBroker(probe)
  return probe.known('device')
}

async function registerCa(probe: Probe, subject: string): Promise<OwnCa> {
  const ca = probe.adopt(await makeCa({ subject, serialNumber: randomSn() }))
  requireSuccess(await probe.register(ca, await verify(await probe.code(), ca)))
  return ca
}

async function newDevice(probe: Probe, validity: Parameters<typeof makeLeaf>[0] = {}): Promise<Issued> {
  const issuer = probe.known('deviceCa')
  return await makeLeaf({ subject: `CN=${NAME}`, issuer, serialNumber: randomSn(), ...validity })
}

async function connects(probe: Probe, device: Issued | undefined): Promise<boolean> {
  const client = await connectDevice(requireBroker(probe), device)
  client?.end(true)
  return client !== undefined
}

async function requireRefused(probe: Probe, device: Issued | undefined): Promise<void> {
  requireThat(!(await connects(probe, device)), 'the broker accepted it')
}

function namesOf(probe: Probe, { certificate }: Issued, ca = probe.known('deviceCa')) {
  return { CaSn: ca.sn, DeviceSn: derSerialNumber(certificate.serialNumber) }
}

async function look(probe: Probe, device: Issued, ca?: OwnCa): Promise<Answer> {
  return await probe.client.call('GetDeviceCertificate', namesOf(probe, device, ca))
}

async function change(probe: Probe, operation: string, device: Issued): Promise<void> {
  requireSuccess(await probe.client.call(operation, namesOf(probe, device)))
}

async function fieldsOf(probe: Probe, device: Issued): Promise<Fields> {
  const answer = await look(probe, device)
  requireSuccess(answer)
  const data = answer.body['Data']
  if (!isRecord(data)) throw new Difference('the service sent no Data')
  return data
}

async function requireStatus(probe: Probe, device: Issued, status: '0' | '1'): Promise<void> {
  const { Status } = await fieldsOf(probe, device)
  requireThat(String(Status) === status, `the status is ${String(Status).slice(0, 20)}`)
}

/** Reads a page of the list of all devices, or with `CaSn` of those of a CA. */
async function page(
  { client }: Probe,
  query: Readonly<Record<string, string>>,
): Promise<{ readonly devices: readonly Fields[]; readonly data: Fields }> {
  const operation = 'CaSn' in query ? 'ListDeviceCertificateByCaSn' : 'ListDeviceCertificate'
  const answer = await client.call(operation, { PageNo: '1', PageSize: String(MAX_PAGE_SIZE), ...query })
  requireSuccess(answer)
  const data = isRecord(answer.body['Data']) ? answer.body['Data'] : {}
  const devices = data['DeviceCertificateVOS']
  if (!Array.isArray(devices)) throw new Difference('the service sent no list of devices')
  return { devices: devices.map((device: unknown) => (isRecord(device) ? device : {})), data }
}

/** Reads a whole list. */
async function list(probe: Probe, query: Readonly<Record<string, string>>): Promise<Fields[]> {
  const all: Fields[] = []
  for (let pageNo = 1; ; pageNo++) {
    const { devices } = await page(probe, { ...query, PageNo: String(pageNo) })
    all.push(...devices)
    if (devices.length < MAX_PAGE_SIZE) return all
  }
}

function isAbout(fields: Fields, { certificate }: Issued): boolean {
  return isSameSerialNumber(String(fields['DeviceSn']), certificate.serialNumber)
}
