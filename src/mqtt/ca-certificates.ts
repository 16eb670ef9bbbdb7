import type { X509Certificate } from 'node:crypto'
import { call } from '../alibaba-cloud/call.ts'
import { change } from '../alibaba-cloud/change.ts'
import type { ApiResponse, Service } from '../alibaba-cloud/client.ts'
import { AttemptError, type Refusal } from '../attempts/failures.ts'
import { isRecord, messageIn, requestIdIn, textIn } from '../attempts/response.ts'
import {
  isFingerprintOf,
  isSameCertificate,
  isSameSerialNumber,
  readCertificate,
} from '../certificates/certificate.ts'
import { commonNameOf } from '../certificates/verification-certificate.ts'
import { mqttCall, type Instance } from './call.ts'
import { MQTT_ERRORS } from './errors.ts'

/** A CA as the service reports it. */
export type RegisteredCa = {
  /** Its serial number in the service's own spelling, which other calls need. */
  readonly sn: string
  readonly name: string
  readonly isActive: boolean
  /** PEM; line ends may be the two characters `\n`. */
  readonly content: string
  /** The verification certificate as PEM, like `content`; empty if the service does not report it. */
  readonly verificationContent: string
  /** The register code of its registration; empty if the service does not report it. */
  readonly registrationCode: string
}

/** What can be done to a registered CA. */
export type CaChange = 'activate' | 'inactivate' | 'delete'

/** The maximum of the service. */
const PAGE_SIZE = 100

/**
 * Looks up a CA by its serial number.
 *
 * @param sn in the service's own spelling
 * @param isExpected returns whether this is the expected state; otherwise the lookup is retried
 * @returns `undefined` if the instance has no such CA
 * @throws ActionError for every error that does not mean "not found"
 * @see https://www.alibabacloud.com/help/en/apsaramq-for-mqtt/mqtt-upgraded/developer-reference/api-onsmqtt-2020-04-20-getcacertificate
 */
export async function findCa(
  service: Service,
  instance: Instance,
  sn: string,
  isExpected: (ca: RegisteredCa | undefined) => boolean = () => true,
): Promise<RegisteredCa | undefined> {
  const expected = (ca: RegisteredCa | undefined, response: ApiResponse): RegisteredCa | undefined => {
    if (isExpected(ca)) return ca
    throw brokenResponse(`still reports the old state of CA ${sn}`, response)
  }
  const { result } = await call(
    service,
    mqttCall(instance, {
      name: 'GetCaCertificate',
      method: 'GET',
      query: { Sn: sn },
      read: (response) => {
        const data = response['Data']
        if (!isRecord(data)) return expected(undefined, response)
        const ca = readCa(data, response)
        if (isSameSerialNumber(ca.sn, sn)) return expected(ca, response)
        throw brokenResponse('responded with another CA than the requested one', response)
      },
      readRefusal: (refusal) => {
        if (meansNotFound(refusal)) return expected(undefined, {})
        throw new AttemptError(refusal)
      },
    }),
  )
  return result
}

/**
 * Searches all CAs of an instance, page by page, up to the first page that is not full. The number of pages in the
 * response is not used, because the reference describes it in two ways.
 *
 * @returns the first match
 * @throws ActionError
 * @see https://www.alibabacloud.com/help/en/apsaramq-for-mqtt/mqtt-upgraded/developer-reference/api-onsmqtt-2020-04-20-listcacertificate
 */
export async function findInList(
  service: Service,
  instance: Instance,
  isMatch: (ca: RegisteredCa) => boolean,
): Promise<RegisteredCa | undefined> {
  for (let page = 1; ; page++) {
    const query = { PageNo: String(page), PageSize: String(PAGE_SIZE) }
    const list = mqttCall(instance, { name: 'ListCaCertificate', method: 'GET', query, read: readPage })
    const { result: cas } = await call(service, list)
    const found = cas.find(isMatch)
    if (found !== undefined || cas.length < PAGE_SIZE) return found
  }
}

/**
 * Activates, deactivates or deletes a CA, and checks that the service reports the new state.
 *
 * @param onVerify called when a response was lost and the service is asked instead
 * @throws ActionError
 */
export async function changeCa(
  service: Service,
  instance: Instance,
  { sn, to }: { readonly sn: string; readonly to: CaChange },
  onVerify: (line: string) => void,
): Promise<void> {
  const { name, ramAction, goal, isReached } = CHANGES[to]
  const isVerified = await change<boolean, undefined>(service, {
    call: mqttCall(instance, { name, ramAction, method: 'POST', query: { Sn: sn }, read: () => false }),
    goal: `CA ${sn} ${goal}`,
    prepare: () => Promise.resolve({ query: {}, sent: undefined }),
    verify: async () => (isReached(await findCa(service, instance, sn)) ? true : undefined),
    // Another run may have deleted it in the meantime.
    verifyOn: ['FindCaBySnError'],
    onVerify,
  })
  if (!isVerified) await findCa(service, instance, sn, isReached)
}

const CHANGES: Readonly<
  Record<
    CaChange,
    {
      readonly name: string
      readonly ramAction: string
      readonly goal: string
      readonly isReached: (ca: RegisteredCa | undefined) => boolean
    }
  >
> = {
  activate: {
    name: 'ActiveCaCertificate',
    ramAction: 'mq:ActiveCaCertificate',
    goal: 'is active',
    isReached: (ca) => ca?.isActive === true,
  },
  inactivate: {
    name: 'InactivateCaCertificate',
    ramAction: 'mq:UnregisterCaCertificate',
    goal: 'is inactive',
    isReached: (ca) => ca?.isActive !== true,
  },
  delete: {
    name: 'DeleteCaCertificate',
    ramAction: 'mq:DeleteCaCertificate',
    goal: 'is deleted',
    isReached: (ca) => ca === undefined,
  },
}

/** Whether a registered CA is this certificate, byte for byte, whatever its PEM layout. */
export function hasContent({ content }: RegisteredCa, certificate: X509Certificate): boolean {
  const registered = parse(content)
  return registered !== undefined && isSameCertificate(registered, certificate)
}

/** Whether a text is the fingerprint of a registered CA: SHA-1 or SHA-256, in hex without colons, in lower case. */
export function hasFingerprint({ content }: RegisteredCa, text: string): boolean {
  if (text.length !== 40 && text.length !== 64) return false
  const registered = parse(content)
  return registered !== undefined && isFingerprintOf(registered, text)
}

/**
 * Returns the register code of a CA's registration, as the service reports it or as its verification certificate
 * contains it; empty if neither is there.
 */
export function codeOf({ registrationCode, verificationContent }: RegisteredCa): string {
  if (registrationCode !== '') return registrationCode
  const verification = parse(verificationContent)
  try {
    return verification === undefined ? '' : commonNameOf(verification)
  } catch {
    return ''
  }
}

function parse(text: string): X509Certificate | undefined {
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

function readPage(response: ApiResponse): RegisteredCa[] {
  const data = response['Data']
  const list = isRecord(data) ? data['CaCertificateVOS'] : undefined
  if (!Array.isArray(list)) throw brokenResponse('responded without a list of CAs', response)
  return list.map((fields: unknown) => readCa(isRecord(fields) ? fields : {}, response))
}

function readCa(fields: Readonly<Record<string, unknown>>, response: ApiResponse): RegisteredCa {
  const sn = textIn(fields, 'Sn')
  const content = textIn(fields, 'CaContent')
  // Documented as a string; a number would mean the same.
  const status = String(fields['Status'])
  const isComplete =
    sn !== undefined && /^-?[\da-f]{1,300}$/i.test(sn) && content !== undefined && /^[01]$/.test(status)
  if (!isComplete) {
    throw brokenResponse('responded with a CA without serial number, content or status', response)
  }
  return {
    sn,
    name: messageIn(fields, 'CaName'),
    isActive: status === '1',
    content,
    verificationContent: textIn(fields, 'VerificationContent') ?? '',
    registrationCode: textIn(fields, 'RegistrationCode') ?? '',
  }
}

function brokenResponse(what: string, response: ApiResponse): AttemptError {
  return new AttemptError({ kind: 'broken-response', what, requestId: requestIdIn(response) })
}
