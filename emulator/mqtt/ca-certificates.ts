import { ServiceError } from '../service/errors.ts'
import type { Ca } from '../world/certificates.ts'
import { changing, escapeLineEnds, getting, listing, validityAndStatus, type Kind } from './on-certificate.ts'

const CA: Kind<Ca> = {
  // Also for another spelling of the serial number than the service's own.
  find: ({ state, required }) => {
    const ca = state.cas.get(required('Sn'))
    if (ca === undefined) throw new ServiceError('FindCaBySnError')
    return ca
  },
  show: (ca, world) => {
    const shown = (pem: string): string => (world.lineEnds === 'escaped' ? escapeLineEnds(pem) : pem)
    return {
      RegistrationCode: ca.registrationCode,
      CaName: ca.name,
      Sn: ca.sn,
      CaContent: shown(ca.content),
      VerificationContent: shown(ca.verificationContent),
      ...validityAndStatus(ca, world),
    }
  },
  name: ({ sn }) => ({ Sn: sn }),
}

/** @see https://www.alibabacloud.com/help/en/apsaramq-for-mqtt/mqtt-upgraded/developer-reference/api-onsmqtt-2020-04-20-getcacertificate */
export const getCaCertificate = getting('mq:GetCaCertificate', CA)

/**
 * Lists the CAs of an instance. `Total` is the number of pages, as the reference describes it.
 *
 * @see https://www.alibabacloud.com/help/en/apsaramq-for-mqtt/mqtt-upgraded/developer-reference/api-onsmqtt-2020-04-20-listcacertificate
 */
export const listCaCertificate = listing('mq:ListCaCertificate', CA, {
  field: 'CaCertificateVOS',
  of: ({ state, service }) =>
    [...state.cas.values()].filter(({ listedFromMs }) => listedFromMs <= service.now()),
  total: (count, pageSize) => Math.ceil(count / pageSize),
})

/** Activates a CA. Succeeds if it is already active. */
export const activeCaCertificate = changing('mq:ActiveCaCertificate', CA, (ca, { cas }) => {
  cas.set(ca.sn, { ...ca, isActive: true })
})

/** Deactivates a CA. Succeeds if it is already inactive. The reference calls this "deregister". */
export const inactivateCaCertificate = changing('mq:UnregisterCaCertificate', CA, (ca, { cas }) => {
  cas.set(ca.sn, { ...ca, isActive: false })
})

/** Deletes a CA, and the certificates of its devices. */
export const deleteCaCertificate = changing(
  'mq:DeleteCaCertificate',
  CA,
  ({ sn, registrationCode }, { cas, devices, codes }, { codesOfDeletedCas }) => {
    cas.delete(sn)
    devices.delete(devices.list(sn))
    codes.set(registrationCode, codesOfDeletedCas)
  },
)
