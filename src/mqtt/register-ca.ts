import type { X509Certificate } from 'node:crypto'
import type { Service } from '../alibaba-cloud/call.ts'
import { change } from '../alibaba-cloud/change.ts'
import { AttemptError, type Failure } from '../attempts/failures.ts'
import { requestIdIn, textIn } from '../attempts/response.ts'
import { derSerialNumber, isSameSerialNumber } from '../certificates/certificate.ts'
import { ActionError } from '../errors.ts'
import { changeCa, codeOf, findCa, findInList, hasContent, type RegisteredCa } from './ca-certificates.ts'
import { type Instance, mqttCall } from './call.ts'
import { getRegisterCode } from './register-code.ts'

/** How the caller proves to have the key of the CA. */
export type Proof =
  /** Makes a verification certificate (PEM) for a register code, one for each attempt. */
  | { readonly kind: 'made'; readonly make: (registerCode: string) => Promise<string> }
  /** One that was made elsewhere, and the code in it. */
  | {
      readonly kind: 'given'
      readonly pem: string
      readonly registerCode: string
      /** Why it is good for no registration now; no matter when the CA is there. */
      readonly unfit: ActionError | undefined
    }

/** A CA that is to be registered. */
export type CaToRegister = {
  readonly certificate: X509Certificate
  readonly name: string
  readonly proof: Proof
  /** Whether to make it active when it is there, and inactive. */
  readonly activate: boolean
}

/** What a registration came to. Registered, a CA is active at once. */
export type Registration = {
  readonly sn: string
  /** The name that it has on the instance. */
  readonly name: string
  /** Whether this very run registered it. */
  readonly isCreated: boolean
  /** Whether it was inactive, and this run made it active. */
  readonly isActivated: boolean
  /** Whether the service showed it active; false when its answer to the registration says no more than its number. */
  readonly isSeenActive: boolean
}

/**
 * Registers a CA, once, however often it is called: it looks first what is there.
 *
 * @param tell told when an answer was lost and the service is asked instead
 * @throws ActionError also when another CA has its serial number, or when it is inactive and is to stay so
 * @see https://www.alibabacloud.com/help/en/apsaramq-for-mqtt/mqtt-upgraded/developer-reference/api-onsmqtt-2020-04-20-registercacertificate
 */
export async function registerCa(
  service: Service,
  instance: Instance,
  ca: CaToRegister,
  tell: (line: string) => void,
): Promise<Registration> {
  const there = await findCa(service, instance, derSerialNumber(ca.certificate.serialNumber))
  const ended =
    there === undefined ? await registerNew(service, instance, ca, tell) : { there, sentCodes: [] }
  if ('sn' in ended) {
    return { sn: ended.sn, name: ca.name, isCreated: true, isActivated: false, isSeenActive: false }
  }

  const { sn, name, isActive } = ended.there
  requireContent(ended.there, ca.certificate)
  if (!isActive && !ca.activate) throw inactive(ended.there)
  if (!isActive) await changeCa(service, instance, { sn, to: 'activate' }, tell)
  const isCreated = ended.sentCodes.includes(codeOf(ended.there))
  return { sn, name, isCreated, isActivated: !isActive, isSeenActive: true }
}

/**
 * Looks whether a CA is registered with this content, and active: what has to be seen before another one is retired.
 *
 * @throws ActionError when the service does not show it so, after some time
 */
export async function confirmActive(
  service: Service,
  instance: Instance,
  { sn, certificate }: { readonly sn: string; readonly certificate: X509Certificate },
): Promise<void> {
  await findCa(service, instance, sn, (ca) => ca?.isActive === true && hasContent(ca, certificate))
}

/** The service's own answer; or, after a lost one, what was found, and the codes that it can have been registered with. */
type Ended = { readonly sn: string } | { readonly there: RegisteredCa; readonly sentCodes: readonly string[] }

const SN_TAKEN = 'SnNotUnique'
const CODE_USED = 'RegisterCodeUsed'
const CODE_UNKNOWN = 'RegisterCodeError'

async function registerNew(
  service: Service,
  instance: Instance,
  { certificate, name, proof }: CaToRegister,
  tell: (line: string) => void,
): Promise<Ended> {
  if (proof.kind === 'given' && proof.unfit !== undefined) throw proof.unfit
  const sn = derSerialNumber(certificate.serialNumber)
  /** Codes of attempts of which it is not known whether they were carried out: a late one can still be. */
  const sentCodes: string[] = []
  let code = ''
  const prepare = async (): Promise<Record<string, string>> => {
    code = proof.kind === 'given' ? proof.registerCode : await freshCode(service, instance)
    return { VerificationContent: proof.kind === 'given' ? proof.pem : await proof.make(code) }
  }
  const ask = async (failure: Failure): Promise<Ended | undefined> => {
    const isTaken = failure.kind === 'refused' && [SN_TAKEN, CODE_USED].includes(failure.code)
    if (!isTaken) sentCodes.push(code)
    // Taken after an attempt of this run whose answer was lost: most likely by that one, and to be seen soon.
    const isOurs = isTaken && sentCodes.length > 0
    const there =
      (await findCa(service, instance, sn, isOurs ? (ca) => ca !== undefined : undefined)) ??
      // The service may spell the number in another way than it is known to do.
      (isTaken ? await findInList(service, instance, (ca) => isSameCa(ca, certificate)) : undefined)
    return there && { there, sentCodes }
  }
  const { result } = await change<Ended>(service, {
    call: mqttCall(instance, {
      operation: 'RegisterCaCertificate',
      method: 'POST',
      query: { CaName: name, CaContent: certificate.toString() },
      ramAction: 'mq:RegisterCa',
    }),
    aim: `the CA is registered (serial number ${sn})`,
    prepare,
    read: (answer) => readSn(answer, sn),
    ask,
    askAfter: [SN_TAKEN, CODE_USED],
    // With another code, that is; a certificate that was made elsewhere has but one.
    repeatAfter: proof.kind === 'made' ? [CODE_USED, CODE_UNKNOWN] : [],
    onAsk: tell,
  })
  return result
}

async function freshCode(service: Service, instance: Instance): Promise<string> {
  return (await getRegisterCode(service, instance)).result.registerCode
}

function readSn(answer: Readonly<Record<string, unknown>>, expected: string): { readonly sn: string } {
  const sn = textIn(answer, 'Sn')
  if (sn !== undefined && isSameSerialNumber(sn, expected)) return { sn }
  const what = 'answered without the serial number of the CA'
  throw new AttemptError({ kind: 'broken-answer', what, requestId: requestIdIn(answer) })
}

function isSameCa(ca: RegisteredCa, certificate: X509Certificate): boolean {
  return isSameSerialNumber(ca.sn, certificate.serialNumber) || hasContent(ca, certificate)
}

function requireContent(there: RegisteredCa, certificate: X509Certificate): void {
  if (hasContent(there, certificate)) return
  throw new ActionError({
    what: `Another CA with the serial number ${there.sn} is registered with this instance, under the name "${there.name}"`,
    foreign: [there.name],
    fix: 'Serial numbers have to be unique: issue the CA certificate anew with another one, or delete the CA that is there if no device needs it.',
  })
}

function inactive({ sn, name }: RegisteredCa): ActionError {
  return new ActionError({
    what: `CA ${sn} is registered under the name "${name}", and inactive`,
    foreign: [name],
    fix: 'Somebody made it inactive. To make it active again, run this with activate: true.',
  })
}
