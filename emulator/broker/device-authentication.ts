import { X509Certificate } from 'node:crypto'
import type { Service } from '../service/service.ts'
import { commonNameOf, describe } from '../world/certificates.ts'
import type { InstanceState } from '../world/state.ts'

/** What the broker decides about a device. The first two let it in. */
export type Outcome =
  | 'Known'
  | 'Registered'
  | 'NoCertificate'
  | 'CaUnknown'
  | 'CaInactive'
  | 'DeviceInactive'
  | 'SignatureInvalid'
  | 'CertificateNotYetValid'
  | 'CertificateExpired'

export type Decision = {
  readonly outcome: Outcome
  /** Serial numbers of the device's certificate, and of its CA if that is registered. */
  readonly sn?: string
  readonly caSn?: string
}

/**
 * Decides about a device by its certificate, and registers a certificate that is not known. The TLS handshake has proved
 * that the device has its key. An active certificate that is known is accepted even if its CA is inactive.
 *
 * @see https://www.alibabacloud.com/help/en/apsaramq-for-mqtt/mqtt-upgraded/developer-reference/certificate-based-authentication-on-clients
 */
export function authenticateDevice(
  certificate: X509Certificate | undefined,
  { cas, devices }: InstanceState,
  service: Service,
): Decision {
  if (certificate === undefined) return { outcome: 'NoCertificate' }
  const fields = describe(certificate, service.world.snSpelling)
  const { sn, validBegin, validEnd } = fields

  const issuers = [...cas.values()]
    .map((ca) => ({ ca, certificate: new X509Certificate(ca.content) }))
    // By the name of the issuer, and by its key identifier if the certificate has one.
    .filter((issuer) => certificate.checkIssued(issuer.certificate))
  const signer = issuers.find((issuer) => certificate.verify(issuer.certificate.publicKey))
  const { ca } = signer ?? issuers[0] ?? {}
  if (ca === undefined) return { outcome: 'CaUnknown', sn }

  const named = { sn, caSn: ca.sn }
  const known = devices.get(ca.sn, sn)
  if (known?.isActive === false) return { outcome: 'DeviceInactive', ...named }
  if (known === undefined && !ca.isActive) return { outcome: 'CaInactive', ...named }
  if (signer === undefined) return { outcome: 'SignatureInvalid', ...named }
  if (service.now() < Number(validBegin)) return { outcome: 'CertificateNotYetValid', ...named }
  if (service.now() > Number(validEnd)) return { outcome: 'CertificateExpired', ...named }
  if (known !== undefined) return { outcome: 'Known', ...named }
  devices.set({ ...fields, caSn: ca.sn, name: commonNameOf(certificate), isActive: true })
  return { outcome: 'Registered', ...named }
}
