import type { X509Certificate } from 'node:crypto'
import type { Service } from '../alibaba-cloud/client.ts'
import type { Refusal } from '../attempts/failures.ts'
import { textIn } from '../attempts/response.ts'
import { subjectOf } from '../certificates/ca-certificate.ts'
import {
  derSerialNumber,
  isFingerprintOf,
  isSameCertificate,
  isSameSerialNumber,
  readCertificate,
} from '../certificates/certificate.ts'
import { commonNameOf } from '../certificates/common-name.ts'
import type { Instance } from './call.ts'
import { find, PAGE_SIZE, readPage } from './certificates.ts'
import type { Identity, Kind, Registered } from './registered.ts'
import { MQTT_ERRORS } from './errors.ts'

/** A CA as the service reports it. */
export type RegisteredCa = Registered & CaFields

type CaFields = {
  /** PEM; line ends may be the two characters `\n`. Empty only in a list that is shown. */
  readonly content: string
  /** The verification certificate as PEM, like `content`; empty if the service does not report it. */
  readonly verificationContent: string
  /** The register code of its registration; empty if the service does not report it. */
  readonly registrationCode: string
}

/** The CAs of an instance. */
export const CA: Kind<CaFields, Identity> = {
  noun: 'CA',
  operations: 'CaCertificate',
  fields: {
    ...{ sn: 'Sn', name: 'CaName', list: 'CaCertificateVOS' },
    ...{ identity: ['Sn'], content: ['CaContent'] },
  },
  query: ({ sn }) => ({ Sn: sn }),
  read: (fields) => ({
    content: textIn(fields, 'CaContent') ?? '',
    verificationContent: textIn(fields, 'VerificationContent') ?? '',
    registrationCode: textIn(fields, 'RegistrationCode') ?? '',
  }),
  complete: 'serial number, content or status',
  notFound: 'FindCaBySnError',
  meansNotFound,
  isInactiveWhenGone: true,
}

/**
 * Searches all CAs of an instance, page by page, up to the first page that is not full.
 *
 * @returns the first match
 * @throws ActionError
 */
export async function findInList(
  service: Service,
  instance: Instance,
  isMatch: (ca: RegisteredCa) => boolean,
): Promise<RegisteredCa | undefined> {
  for (let page = 1; ; page++) {
    const { items } = await readPage(service, instance, CA, page)
    const found = items.find(isMatch)
    if (found !== undefined || items.length < PAGE_SIZE) return found
  }
}

/**
 * Looks up a CA by a serial number that a person wrote. Tries each reading in the service's usual spelling and as it is,
 * then the whole list. If only the first were tried, an active CA in another spelling would count as gone, and stay
 * active.
 *
 * @param readings what the serial number can mean, in hex, the most likely reading first
 * @returns the serial number of the CA whose fingerprint was given instead, too
 * @throws ActionError
 */
export async function findBySerialNumber(
  service: Service,
  instance: Instance,
  readings: readonly string[],
): Promise<{ readonly ca: RegisteredCa | undefined; readonly snOfFingerprint: string | undefined }> {
  for (const sn of new Set(readings.flatMap((reading) => [derSerialNumber(reading), reading]))) {
    const ca = await find(service, instance, CA, { sn })
    if (ca !== undefined) return { ca, snOfFingerprint: undefined }
  }
  let snOfFingerprint: string | undefined
  const ca = await findInList(service, instance, (listed) => {
    if (readings.some((reading) => hasFingerprint(listed, reading))) snOfFingerprint = listed.sn
    return readings.some((reading) => isSameSerialNumber(listed.sn, reading))
  })
  return { ca, snOfFingerprint }
}

/** Whether a registered CA is this certificate, byte for byte, whatever its PEM layout. */
export function hasContent({ content }: RegisteredCa, certificate: X509Certificate): boolean {
  const registered = certificateIn(content)
  return registered !== undefined && isSameCertificate(registered, certificate)
}

/** Whether a text is the fingerprint of a registered CA: SHA-1 or SHA-256, in hex without colons, in lower case. */
function hasFingerprint({ content }: RegisteredCa, text: string): boolean {
  if (text.length !== 40 && text.length !== 64) return false
  const registered = certificateIn(content)
  return registered !== undefined && isFingerprintOf(registered, text)
}

/**
 * Returns the register code of a CA's registration, as the service reports it or as its verification certificate
 * contains it; empty if neither is there.
 */
export function codeOf({
  registrationCode,
  verificationContent,
}: Pick<RegisteredCa, 'registrationCode' | 'verificationContent'>): string {
  if (registrationCode !== '') return registrationCode
  const verification = certificateIn(verificationContent)
  try {
    return verification === undefined ? '' : commonNameOf(verification)
  } catch {
    return ''
  }
}

/** Returns the subject of a registered CA; `undefined` if its certificate cannot be read. */
export function subjectIn({ content }: Pick<RegisteredCa, 'content'>): string | undefined {
  const registered = certificateIn(content)
  return registered && subjectOf(registered)
}

/** Returns the certificate in a text of the service; `undefined` if it cannot be read. */
export function certificateIn(text: string): X509Certificate | undefined {
  try {
    return readCertificate({ input: 'the response', text })
  } catch {
    return undefined
  }
}

/** The known errors of a lookup that mean "not found". Any other refusal stays an error. */
function meansNotFound({ code, serviceMessage, status }: Refusal): boolean {
  if (code === 'FindCaBySnError' || code === 'ParameterFieldCheckFailed') return true
  const isKnown = Object.hasOwn(MQTT_ERRORS, code)
  return status === 404 && !isKnown && /cert|\bca\b|\bsn\b/i.test(`${code} ${serviceMessage}`)
}
