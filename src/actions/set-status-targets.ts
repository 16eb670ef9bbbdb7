import type { X509Certificate } from 'node:crypto'
import type { Service } from '../alibaba-cloud/client.ts'
import { derSerialNumber } from '../certificates/certificate.ts'
import { ActionError } from '../errors.ts'
import { certificateIn, findBySerialNumber, hasContent, type RegisteredCa } from '../mqtt/ca-certificates.ts'
import type { Instance } from '../mqtt/call.ts'
import { readPageToShow } from '../mqtt/certificates.ts'
import { DEVICE, type ListedDevice } from '../mqtt/device-certificates.ts'
import { readList } from '../mqtt/list.ts'
import { withProgress } from '../runner/progress.ts'
import type { Target } from './certificate-status.ts'
import { requireIssuedBy, type StatusInputs } from './set-status-inputs.ts'

/**
 * Looks up the CA.
 *
 * @returns `undefined` if it is to be deleted, and is not there
 * @throws ActionError if it is not there, or not the given one
 */
export async function findCa(
  service: Service,
  instance: Instance,
  { ca: { serialNumber, certificate }, devices, status }: StatusInputs,
): Promise<RegisteredCa | undefined> {
  const { ca, snOfFingerprint } = await findBySerialNumber(service, instance, [serialNumber.toLowerCase()])
  if (ca !== undefined) {
    if (certificate === undefined || hasContent(ca, certificate)) return ca
    throw new ActionError({
      what: `The CA with the serial number ${ca.sn} that is registered with this instance is not the one in ca-certificate`,
      fix: 'Check ca-certificate and instance-id. To change the registered one, set ca-serial-number instead.',
    })
  }
  if (devices === undefined && status === 'deleted' && snOfFingerprint === undefined) return undefined
  throw new ActionError({
    what: `Instance ${instance.instanceId} has no CA with the serial number ${derSerialNumber(serialNumber)}`,
    fix:
      snOfFingerprint === undefined
        ? 'Check instance-id and the CA. A serial number must be in hex, such as the output sn of register.'
        : `The value is the fingerprint of CA ${snOfFingerprint}. Set ca-serial-number to ${snOfFingerprint}, its serial number.`,
  })
}

export async function targetsOf(
  service: Service,
  instance: Instance,
  ca: RegisteredCa | undefined,
  { devices, ca: given }: StatusInputs,
): Promise<Target[]> {
  if (devices === undefined || ca === undefined) return [{ kind: 'ca', found: ca }]
  switch (devices.kind) {
    case 'serial-numbers':
      return devices.digits.map((digits) => ({ kind: 'device', digits }))
    case 'certificates': {
      // With a given certificate, they were checked before any call.
      if (given.certificate === undefined) {
        requireIssuedBy(certificateOf(ca), devices.certificates)
      }
      // Several of this CA with one serial number are one to the service.
      const sources = new Map(
        devices.certificates.map(({ name, certificate }) => [certificate.serialNumber, name]),
      )
      return [...sources].map(([digits, source]) => ({ kind: 'device', digits, source }))
    }
    case 'device-names': {
      const named = new Map(devices.names.map((name) => [name, new Map<string, ListedDevice>()]))
      let count = 0
      const progress = (): string => `${count} ${DEVICE.noun}s`
      await withProgress('Read', progress, () =>
        readList(DEVICE, (page) => readPageToShow(service, instance, DEVICE, page, ca.sn), {
          add: (items) => {
            count += items.length
            for (const device of items) named.get(device.name)?.set(device.sn, device)
          },
          startAgain: () => {
            count = 0
            for (const found of named.values()) found.clear()
          },
        }),
      )
      return [...named].flatMap(([name, found]) =>
        found.size === 0 ? [{ kind: 'no-such-name', name } as const] : Array.from(found.values(), targetOf),
      )
    }
  }
}

/** Returns a device of a list. One of unknown status is looked up on its own, so that it does not stop the others. */
function targetOf({ isActive, ...device }: ListedDevice): Target {
  return isActive === undefined
    ? { kind: 'device', digits: device.sn, name: device.name }
    : { kind: 'found', found: { ...device, isActive } }
}

/** @throws ActionError if the service does not show it */
function certificateOf({ sn, content }: RegisteredCa): X509Certificate {
  const certificate = certificateIn(content)
  if (certificate !== undefined) return certificate
  throw new ActionError({
    what: `The service reports no readable certificate of CA ${sn}, so the certificates could not be checked`,
    fix: 'Set ca-certificate instead of ca-serial-number.',
  })
}
