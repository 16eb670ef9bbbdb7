import type { X509Certificate } from 'node:crypto'
import { change } from '../alibaba-cloud/change.ts'
import type { ApiResponse, Service } from '../alibaba-cloud/client.ts'
import { AttemptError } from '../attempts/failures.ts'
import { requestIdIn, textIn } from '../attempts/response.ts'
import { derSerialNumber, isSameSerialNumber } from '../certificates/certificate.ts'
import { ActionError } from '../errors.ts'
import { CA, codeOf, findInList, hasContent, type RegisteredCa } from './ca-certificates.ts'
import { mqttCall, type Instance } from './call.ts'
import { changeAndConfirm, find } from './certificates.ts'
import { getRegisterCode } from './register-code.ts'

/** How the caller proves that it has the CA's private key. */
export type Proof =
  /** Called only if the CA is not registered yet. */
  | { readonly kind: 'made'; readonly open: (service: Service) => Promise<Maker> }
  /** A verification certificate that was made elsewhere, and the code in it. */
  | {
      readonly kind: 'given'
      readonly pem: string
      readonly registerCode: string
      /** Why it cannot be used now. Does not matter if the CA is already registered. */
      readonly rejection: ActionError | undefined
    }

/** Makes verification certificates. */
export type Maker = {
  /** Makes one for a register code, as PEM. Each attempt has a new one. */
  readonly make: (registerCode: string) => Promise<string>
  /** The key in KMS that signs, in words. */
  readonly kmsKey: string | undefined
}

/** A CA to register. */
export type CaToRegister = {
  readonly certificate: X509Certificate
  readonly name: string
  readonly proof: Proof
  /** Whether to activate it if it is registered and inactive. */
  readonly activate: boolean
}

/** The result of a registration. A new CA is active immediately. */
export type Registration = {
  readonly sn: string
  /** Its name on the instance. */
  readonly name: string
  /** Whether this run registered it. */
  readonly isCreated: boolean
  /** Whether this run activated it. */
  readonly isActivated: boolean
  /** Whether the service has reported it active, and not only its serial number. */
  readonly isSeenActive: boolean
  /** The key in KMS that signed its verification certificate, in words, if one did in this run. */
  readonly kmsKey: string | undefined
}

/** How a new registration ended. */
type Registered = { readonly kmsKey: string | undefined } & (
  | /** The service confirmed it. */
    { readonly kind: 'confirmed'; readonly sn: string }
    /** Found after a lost response or a refusal, with the codes of the attempts whose outcome was unknown. */
  | { readonly kind: 'found'; readonly ca: RegisteredCa; readonly sentCodes: readonly string[] }
)

/** The verification certificates that attempts send. */
type Verifications = {
  /** Whether each attempt gets a new one, with a new code. */
  readonly areNew: boolean
  /** The key in KMS that signs them, in words. */
  readonly kmsKey: string | undefined
  readonly next: () => Promise<{ readonly registerCode: string; readonly pem: string }>
}

const SN_TAKEN = 'SnNotUnique'
const CODE_USED = 'RegisterCodeUsed'
const CODE_UNKNOWN = 'RegisterCodeError'

/**
 * Registers a CA once, however often it is called: it looks first whether the CA is registered.
 *
 * @param onVerify called when a response was lost and the service is asked instead
 * @throws ActionError also if another CA has its serial number, or if it is inactive and `activate` is not set
 * @see https://www.alibabacloud.com/help/en/apsaramq-for-mqtt/mqtt-upgraded/developer-reference/api-onsmqtt-2020-04-20-registercacertificate
 */
export async function registerCa(
  service: Service,
  instance: Instance,
  ca: CaToRegister,
  onVerify: (line: string) => void,
): Promise<Registration> {
  const existing = await find(service, instance, CA, { sn: derSerialNumber(ca.certificate.serialNumber) })
  const registered: Registered =
    existing === undefined
      ? await registerNew(service, instance, ca, onVerify)
      : { kind: 'found', ca: existing, sentCodes: [], kmsKey: undefined }
  const { kmsKey } = registered
  if (registered.kind === 'confirmed') {
    return {
      sn: registered.sn,
      name: ca.name,
      isCreated: true,
      isActivated: false,
      isSeenActive: false,
      kmsKey,
    }
  }

  const { ca: found, sentCodes } = registered
  const { sn, name, isActive } = found
  requireUsable(found, ca)
  if (!isActive) await changeAndConfirm(service, instance, CA, { id: { sn }, to: 'activate' }, onVerify)
  const isCreated = sentCodes.includes(codeOf(found))
  return {
    ...{ sn, name, isCreated, isActivated: !isActive, isSeenActive: true },
    kmsKey: isCreated ? kmsKey : undefined,
  }
}

/**
 * Looks what `registerCa` would do, and changes nothing. Opens the key if it would sign, but fetches no code.
 *
 * @returns what the registration would be, with an active CA
 * @throws ActionError as `registerCa` does, as far as looking can tell
 */
export async function planRegistration(
  service: Service,
  instance: Instance,
  ca: CaToRegister,
): Promise<Registration> {
  const { certificate, name, proof } = ca
  const sn = derSerialNumber(certificate.serialNumber)
  const existing =
    (await find(service, instance, CA, { sn })) ??
    (await findInList(service, instance, (listed) => isSameCa(listed, certificate)))
  if (existing === undefined) {
    const { kmsKey } = await verificationsOf(proof, service, instance)
    return { sn, name, isCreated: true, isActivated: false, isSeenActive: true, kmsKey }
  }
  requireUsable(existing, ca)
  const isActivated = !existing.isActive
  const { sn: ownSn, name: ownName } = existing
  return { sn: ownSn, name: ownName, isCreated: false, isActivated, isSeenActive: true, kmsKey: undefined }
}

/**
 * Checks that a CA is registered with this content and active. Required before another CA is retired.
 *
 * @throws ActionError if the service does not report that after some time
 */
export async function confirmActive(
  service: Service,
  instance: Instance,
  { sn, certificate }: { readonly sn: string; readonly certificate: X509Certificate },
): Promise<void> {
  await find(service, instance, CA, { sn }, (ca) => ca?.isActive === true && hasContent(ca, certificate))
}

async function registerNew(
  service: Service,
  instance: Instance,
  { certificate, name, proof }: CaToRegister,
  onVerify: (line: string) => void,
): Promise<Registered> {
  const sn = derSerialNumber(certificate.serialNumber)
  // Before a code is fetched: a key that cannot sign must not cost one.
  const { areNew, kmsKey, next } = await verificationsOf(proof, service, instance)
  return await change<Registered, string>(service, {
    call: mqttCall(instance, {
      name: 'RegisterCaCertificate',
      method: 'POST',
      query: { CaName: name, CaContent: certificate.toString() },
      ramAction: 'mq:RegisterCa',
      ...(!areNew && { subject: { verificationCertificate: 'the certificate in verification-certificate' } }),
      read: (response) => ({ kind: 'confirmed', sn: readSn(response, sn), kmsKey }),
    }),
    goal: `the CA is registered (serial number ${sn})`,
    prepare: async () => {
      const { registerCode, pem } = await next()
      return { query: { VerificationContent: pem }, sent: registerCode }
    },
    verify: async (failure, sentCodes) => {
      const isTaken = failure.kind === 'refused' && [SN_TAKEN, CODE_USED].includes(failure.code)
      // After an attempt with an unknown outcome, that attempt most likely registered it, so it must appear soon.
      const isOurs = isTaken && sentCodes.length > 0
      const ca =
        (await find(service, instance, CA, { sn }, isOurs ? (found) => found !== undefined : undefined)) ??
        // The service may spell the serial number in an unknown way.
        (isTaken ? await findInList(service, instance, (listed) => isSameCa(listed, certificate)) : undefined)
      return ca && { kind: 'found', ca, sentCodes, kmsKey }
    },
    verifyOn: [SN_TAKEN, CODE_USED],
    retryOn: areNew ? [CODE_USED, CODE_UNKNOWN] : [],
    onVerify,
  })
}

/** @throws ActionError if the proof cannot be used */
async function verificationsOf(proof: Proof, service: Service, instance: Instance): Promise<Verifications> {
  if (proof.kind === 'given') {
    if (proof.rejection !== undefined) throw proof.rejection
    return { areNew: false, kmsKey: undefined, next: () => Promise.resolve(proof) }
  }
  const { kmsKey, make } = await proof.open(service)
  const next = async () => {
    const { registerCode } = (await getRegisterCode(service, instance)).result
    return { registerCode, pem: await make(registerCode) }
  }
  return { areNew: true, kmsKey, next }
}

function readSn(response: ApiResponse, expected: string): string {
  const sn = textIn(response, 'Sn')
  if (sn !== undefined && isSameSerialNumber(sn, expected)) return sn
  const what = 'responded without the serial number of the CA'
  throw new AttemptError({ kind: 'broken-response', what, requestId: requestIdIn(response) })
}

function isSameCa(ca: RegisteredCa, certificate: X509Certificate): boolean {
  return isSameSerialNumber(ca.sn, certificate.serialNumber) || hasContent(ca, certificate)
}

/** @throws ActionError if a registered CA is another one, or inactive and not to be activated */
function requireUsable(found: RegisteredCa, { certificate, activate }: CaToRegister): void {
  requireContent(found, certificate)
  if (!found.isActive && !activate) throw inactive(found)
}

function requireContent(found: RegisteredCa, certificate: X509Certificate): void {
  if (hasContent(found, certificate)) return
  throw new ActionError({
    what: `Another CA with the serial number ${found.sn} is registered with this instance, under the name "${found.name}"`,
    foreign: [found.name],
    fix: 'Serial numbers must be unique. Issue the CA certificate again with another serial number, or delete the registered CA if no device needs it.',
  })
}

function inactive({ sn, name }: RegisteredCa): ActionError {
  return new ActionError({
    what: `CA ${sn} is registered under the name "${name}", but it is inactive`,
    foreign: [name],
    fix: 'It was deactivated. To activate it again, set activate: true.',
  })
}
