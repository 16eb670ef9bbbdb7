import { textIn } from '../attempts/response.ts'
import type { Kind, Listed, Registered } from './registered.ts'

/** A device certificate as the service reports it. The service registers it when the device connects for the first time. */
export type RegisteredDevice = Registered & DeviceFields

/** The same as a list shows it. */
export type ListedDevice = Listed & DeviceFields

type DeviceFields = {
  /** The serial number of the CA that issued it, in the service's own spelling. */
  readonly caSn: string
}

/** The device certificates of an instance. */
export const DEVICE: Kind<DeviceFields, { readonly caSn: string; readonly sn: string }> = {
  noun: 'device certificate',
  operations: 'DeviceCertificate',
  fields: {
    ...{ sn: 'DeviceSn', name: 'DeviceName', list: 'DeviceCertificateVOS' },
    ...{ identity: ['DeviceSn', 'CaSn'], content: [] },
  },
  query: ({ caSn, sn }) => ({ CaSn: caSn, DeviceSn: sn }),
  read: (fields) => ({ caSn: textIn(fields, 'CaSn') ?? '' }),
  complete: 'serial number, CA or status',
  notFound: 'FindDeviceBySnError',
  meansNotFound: ({ code }) => code === 'FindDeviceBySnError',
  // The service registers it again at its next connection.
  isInactiveWhenGone: false,
}
