import { ServiceError } from '../service/errors.ts'
import type { Device } from '../world/certificates.ts'
import { changing, escapeLineEnds, getting, listing, validityAndStatus, type Kind } from './on-certificate.ts'

const DEVICE: Kind<Device> = {
  // Also for an unknown CA: the reference names no other error.
  find: ({ state, required }) => {
    const device = state.devices.get(required('CaSn'), required('DeviceSn'))
    if (device === undefined) throw new ServiceError('FindDeviceBySnError')
    return device
  },
  show: (device, world) => ({
    CaSn: device.caSn,
    DeviceSn: device.sn,
    DeviceName: device.name,
    DeviceContent: escapeLineEnds(device.content),
    ...validityAndStatus(device, world),
  }),
  name: ({ sn }) => ({ DeviceSn: sn }),
}

/** `Total` is the number of certificates here, as the reference describes it. */
const LIST = { field: 'DeviceCertificateVOS', total: (count: number) => count }

/** @see https://www.alibabacloud.com/help/en/apsaramq-for-mqtt/mqtt-upgraded/developer-reference/api-onsmqtt-2020-04-20-getdevicecertificate */
export const getDeviceCertificate = getting('mq:GetDeviceCertificate', DEVICE)

/** @see https://www.alibabacloud.com/help/en/apsaramq-for-mqtt/mqtt-upgraded/developer-reference/api-onsmqtt-2020-04-20-listdevicecertificate */
export const listDeviceCertificate = listing('mq:ListDeviceCertificate', DEVICE, {
  ...LIST,
  of: ({ state }) => state.devices.list(),
})

/** @see https://www.alibabacloud.com/help/en/apsaramq-for-mqtt/mqtt-upgraded/developer-reference/api-onsmqtt-2020-04-20-listdevicecertificatebycasn */
export const listDeviceCertificateByCaSn = listing('mq:ListDeviceCertificateByCaSn', DEVICE, {
  ...LIST,
  of: ({ state, required }) => {
    const caSn = required('CaSn')
    const listed = state.devices.list(caSn)
    // A CA that is registered can have no devices.
    if (listed.length === 0 && !state.cas.has(caSn)) throw new ServiceError('FindDeviceBySnError')
    return listed
  },
})

/** Activates the certificate of a device. Succeeds if it is already active. */
export const activeDeviceCertificate = changing(
  'mq:ActiveDeviceCertificate',
  DEVICE,
  (device, { devices }) => {
    devices.set({ ...device, isActive: true })
  },
)

/** Deactivates the certificate of a device. Succeeds if it is already inactive. */
export const inactivateDeviceCertificate = changing(
  'mq:UnregisterDeviceCertificate',
  DEVICE,
  (device, { devices }) => {
    devices.set({ ...device, isActive: false })
  },
)

/** Forgets the certificate of a device. It is registered again when the device connects. */
export const deleteDeviceCertificate = changing(
  'mq:DeleteDeviceCertificate',
  DEVICE,
  (device, { devices }) => {
    devices.delete([device])
  },
)
