import type { X509Certificate } from 'node:crypto'
import { call, callOnce, type Read, repeat, type Service } from '../alibaba-cloud/call.ts'
import { change } from '../alibaba-cloud/change.ts'
import { AttemptError, type Failure } from '../attempts/failures.ts'
import { isRecord, messageIn, requestIdIn, textIn } from '../attempts/response.ts'
import { isSameCertificate, isSameSerialNumber, readCertificate } from '../certificates/certificate.ts'
import { commonNameOf } from '../certificates/verification-check.ts'
import { type Instance, mqttCall } from './call.ts'
import { MQTT_ERRORS } from './errors.ts'

/** A CA as the service shows it. */
export type RegisteredCa = {
  /** Its serial number, in the spelling that the service wants to see again. */
  readonly sn: string
  readonly name: string
  readonly isActive: boolean
  /** PEM, sometimes with the two characters `\n` for each line end. */
  readonly content: string
  /** What it was registered with; PEM as `content`, empty when the service does not show it. */
  readonly verificationContent: string
  /** The code that it was registered with; empty when the service does not show it. */
  readonly registrationCode: string
}

/** What a CA comes to; for `delete` it is then not there. */
export type CaChange = 'activate' | 'inactivate' | 'delete'

/** As many as the service gives on one page. */
const PAGE_SIZE = 100

/**
 * Looks up a CA by its serial number.
 *
 * @param sn in the very spelling of the service
 * @param isExpected whether it is what has to be there; when not, it is looked up again a moment later
 * @returns nothing when the instance has none with it
 * @throws ActionError for everything that does not say that it is not there
 * @see https://www.alibabacloud.com/help/en/apsaramq-for-mqtt/mqtt-upgraded/developer-reference/api-onsmqtt-2020-04-20-getcacertificate
 */
export async function findCa(
  service: Service,
  instance: Instance,
  sn: string,
  isExpected: (ca: RegisteredCa | undefined) => boolean = () => true,
): Promise<RegisteredCa | undefined> {
  const operation = 'GetCaCertificate'
  const what = mqttCall(instance, {
    operation,
    method: 'GET',
    query: { Sn: sn },
    ramAction: `mq:${operation}`,
  })
  const read: Read<RegisteredCa | undefined> = (answer) => {
    const data = answer['Data']
    if (!isRecord(data)) return undefined
    const ca = readCa(data, answer)
    if (isSameSerialNumber(ca.sn, sn)) return ca
    throw brokenAnswer('answered with another CA than the one that was asked for', answer)
  }
  const attempt = async (timeoutMs: number): Promise<RegisteredCa | undefined> => {
    let answer: Readonly<Record<string, unknown>> = {}
    const readAndKeep: typeof read = (given) => read((answer = given))
    const ca = await callOnce(service, what.request, readAndKeep, timeoutMs).catch((error: unknown) => {
      if (error instanceof AttemptError && meansNotThere(error.failure)) return undefined
      throw error
    })
    if (isExpected(ca)) return ca
    throw brokenAnswer(`does not show CA ${sn} as it has to be by now`, answer)
  }
  return (await repeat(service, what, attempt)).result
}

/**
 * Looks through all CAs of an instance, page by page: a page that is not full is the last one. The number of pages that
 * the service tells is not used, as its reference describes it in two ways.
 *
 * @returns the first one that is wanted
 * @throws ActionError
 * @see https://www.alibabacloud.com/help/en/apsaramq-for-mqtt/mqtt-upgraded/developer-reference/api-onsmqtt-2020-04-20-listcacertificate
 */
export async function findInList(
  service: Service,
  instance: Instance,
  isWanted: (ca: RegisteredCa) => boolean,
): Promise<RegisteredCa | undefined> {
  const operation = 'ListCaCertificate'
  for (let page = 1; ; page++) {
    const query = { PageNo: String(page), PageSize: String(PAGE_SIZE) }
    const what = mqttCall(instance, { operation, method: 'GET', query, ramAction: `mq:${operation}` })
    const { result: cas } = await call(service, what, readPage)
    const found = cas.find(isWanted)
    if (found !== undefined || cas.length < PAGE_SIZE) return found
  }
}

/**
 * Activates, inactivates or deletes a CA, and looks whether that was done.
 *
 * @param tell told when an answer was lost and the service is asked instead
 * @throws ActionError
 */
export async function changeCa(
  service: Service,
  instance: Instance,
  { sn, to }: { readonly sn: string; readonly to: CaChange },
  tell: (line: string) => void,
): Promise<void> {
  const { operation, ramAction, aim, isReached } = CHANGES[to]
  const look = async (): Promise<true | undefined> =>
    isReached(await findCa(service, instance, sn)) ? true : undefined
  const { result: isSeen } = await change<boolean>(service, {
    call: mqttCall(instance, { operation, method: 'POST', query: { Sn: sn }, ramAction }),
    aim: `CA ${sn} ${aim}`,
    read: () => false,
    ask: look,
    // Somebody else may have deleted it in between.
    askAfter: ['FindCaBySnError'],
    onAsk: tell,
  })
  if (isSeen) return
  await findCa(service, instance, sn, isReached)
}

type ChangeOperation = {
  readonly operation: string
  readonly ramAction: string
  readonly aim: string
  readonly isReached: (ca: RegisteredCa | undefined) => boolean
}

const CHANGES: Readonly<Record<CaChange, ChangeOperation>> = {
  activate: {
    operation: 'ActiveCaCertificate',
    ramAction: 'mq:ActiveCaCertificate',
    aim: 'is active',
    isReached: (ca) => ca?.isActive === true,
  },
  inactivate: {
    operation: 'InactivateCaCertificate',
    ramAction: 'mq:UnregisterCaCertificate',
    aim: 'is inactive',
    isReached: (ca) => ca?.isActive !== true,
  },
  delete: {
    operation: 'DeleteCaCertificate',
    ramAction: 'mq:DeleteCaCertificate',
    aim: 'is deleted',
    isReached: (ca) => ca === undefined,
  },
}

/** What the service is known to say of a certificate that is not there. Anything else it refuses stays an error. */
function meansNotThere(failure: Failure): boolean {
  if (failure.kind !== 'refused') return false
  const { code, serviceMessage, status } = failure
  if (code === 'FindCaBySnError' || code === 'ParameterFieldCheckFailed') return true
  const isKnown = Object.hasOwn(MQTT_ERRORS, code)
  return status === 404 && !isKnown && /cert|\bca\b|\bsn\b/i.test(`${code} ${serviceMessage}`)
}

function readPage(answer: Readonly<Record<string, unknown>>): RegisteredCa[] {
  const data = answer['Data']
  const list = isRecord(data) ? data['CaCertificateVOS'] : undefined
  if (!Array.isArray(list)) throw brokenAnswer('answered without a list of CAs', answer)
  return list.map((fields: unknown) => readCa(isRecord(fields) ? fields : {}, answer))
}

function readCa(
  fields: Readonly<Record<string, unknown>>,
  answer: Readonly<Record<string, unknown>>,
): RegisteredCa {
  const sn = textIn(fields, 'Sn')
  const content = textIn(fields, 'CaContent')
  // Documented as a text; as a number it would mean the same.
  const status = String(fields['Status'])
  const isWhole =
    sn !== undefined && /^-?[\da-f]{1,300}$/i.test(sn) && content !== undefined && /^[01]$/.test(status)
  if (!isWhole) throw brokenAnswer('answered with a CA without serial number, content or status', answer)
  return {
    sn,
    name: messageIn(fields, 'CaName'),
    isActive: status === '1',
    content,
    verificationContent: textIn(fields, 'VerificationContent') ?? '',
    registrationCode: textIn(fields, 'RegistrationCode') ?? '',
  }
}

function brokenAnswer(what: string, answer: Readonly<Record<string, unknown>>): AttemptError {
  return new AttemptError({ kind: 'broken-answer', what, requestId: requestIdIn(answer) })
}

/** Whether a CA that is registered is this certificate, byte for byte, however its text is laid out. */
export function hasContent({ content }: RegisteredCa, certificate: X509Certificate): boolean {
  const registered = parse(content)
  return registered !== undefined && isSameCertificate(registered, certificate)
}

/**
 * The code that a CA was registered with, as the service shows it, or as its verification certificate carries it;
 * empty when neither tells.
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
    return readCertificate({ input: 'the answer', text })
  } catch {
    return undefined
  }
}
