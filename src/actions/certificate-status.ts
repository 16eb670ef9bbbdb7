import type { Service } from '../alibaba-cloud/client.ts'
import { derSerialNumber } from '../certificates/certificate.ts'
import { ActionError } from '../errors.ts'
import { CA, type RegisteredCa } from '../mqtt/ca-certificates.ts'
import type { Instance } from '../mqtt/call.ts'
import { changeCertificate, find, type CertificateChange } from '../mqtt/certificates.ts'
import type { Registered } from '../mqtt/registered.ts'
import { DEVICE, type RegisteredDevice } from '../mqtt/device-certificates.ts'
import type { Status } from './set-status-inputs.ts'

export type State = 'active' | 'inactive' | 'not-registered'

/** What each status asks for. */
export const GOALS: Readonly<
  Record<Status, { readonly to: CertificateChange; readonly state: State; readonly done: string }>
> = {
  inactive: { to: 'inactivate', state: 'inactive', done: 'deactivated' },
  active: { to: 'activate', state: 'active', done: 'activated' },
  deleted: { to: 'delete', state: 'not-registered', done: 'deleted' },
}

/** A certificate to change: as it was found, or what is known of it. */
export type Target =
  | { readonly kind: 'ca'; readonly found: RegisteredCa | undefined }
  | { readonly kind: 'found'; readonly found: RegisteredDevice }
  /** Its serial number in hex, and the file that it comes from, or its name. */
  | { readonly kind: 'device'; readonly digits: string; readonly source?: string; readonly name?: string }
  /** A name that no certificate has. */
  | { readonly kind: 'no-such-name'; readonly name: string }

/** What all certificates of a run have in common. */
export type Run = {
  readonly service: Service
  readonly instance: Instance
  readonly status: Status
  /** Whether to look only. */
  readonly isDryRun: boolean
  /** Its serial number as the service spells it, if it is registered. */
  readonly caSn: string
  readonly isCaActive: boolean
  readonly onVerify: (line: string) => void
}

/** How it ended for one certificate. */
export type Result = {
  readonly outcome: 'changed' | 'would-change' | 'unchanged' | 'missing' | 'refused' | 'failed'
  readonly serialNumber?: string
  /** Of the CA or the device; untrusted. */
  readonly name?: string
  readonly source?: string
  readonly validEnd?: number | undefined
  readonly before?: State
  readonly after?: State
  /** Why it was not changed as asked. Its text follows the name of the certificate. */
  readonly error?: ActionError
}

/** Of all certificates that are left when the time is over. Each call would only fail. */
export const NOT_TRIED = new ActionError({
  what: 'was not tried, because the time of the input timeout was over',
  fix: 'Run the step again: it changes nothing twice. To finish in one step, raise timeout.',
})

export function stateOf(found: Registered | undefined): State {
  if (found === undefined) return 'not-registered'
  return found.isActive ? 'active' : 'inactive'
}

/** Looks at a certificate, and changes it if necessary. Its `ActionError` is a part of the result. */
export async function settle(run: Run, target: Target): Promise<Result> {
  let known = knownOf(run, target)
  if (performance.now() >= run.service.transport.deadlineMs)
    return { ...known, outcome: 'failed', error: NOT_TRIED }
  try {
    const found = 'found' in target ? target.found : await look(run, target)
    known = { ...known, before: stateOf(found) }
    if (found !== undefined) {
      const { sn: serialNumber, name, validEnd } = found
      known = { ...known, serialNumber, name, validEnd }
    }
    return { ...known, ...(await change(run, target, found)) }
  } catch (error) {
    if (!(error instanceof ActionError)) throw error
    return { ...known, outcome: 'failed', error: error.with({ what: `failed: ${error.message}` }) }
  }
}

function knownOf({ caSn }: Run, target: Target): Omit<Result, 'outcome'> {
  switch (target.kind) {
    case 'no-such-name':
      return { name: target.name }
    case 'device':
      return {
        serialNumber: derSerialNumber(target.digits),
        ...(target.source !== undefined && { source: target.source }),
        ...(target.name !== undefined && { name: target.name }),
      }
    case 'found':
      return {}
    case 'ca':
      return { serialNumber: caSn }
  }
}

/**
 * Tries the service's usual spelling of a serial number, the given one, and those in upper case, with and without the
 * leading zero byte. A certificate in another spelling would count as gone, and stay active.
 */
async function look(
  { service, instance, caSn }: Run,
  target: Exclude<Target, { readonly found: unknown }>,
): Promise<RegisteredDevice | undefined> {
  if (target.kind === 'no-such-name') return undefined
  const usual = derSerialNumber(target.digits)
  const upperCase = usual.toUpperCase()
  for (const sn of new Set([usual, target.digits, upperCase.replace(/^00(?=.)/, ''), upperCase])) {
    const found = await find(service, instance, DEVICE, { caSn, sn })
    if (found !== undefined) return found
  }
  return undefined
}

async function change(
  run: Run,
  target: Target,
  found: Registered | undefined,
): Promise<Pick<Result, 'outcome' | 'after' | 'error'>> {
  const { service, instance, caSn, onVerify } = run
  const { to, state } = GOALS[run.status]
  const before = stateOf(found)
  if (before === state && target.kind !== 'no-such-name') return { outcome: 'unchanged', after: before }
  if (found === undefined) return { outcome: 'missing', error: missing(run, target) }
  if (to === 'delete' && target.kind !== 'ca' && run.isCaActive && !hasExpired(found)) {
    return { outcome: 'refused', after: before, error: refused(found) }
  }
  if (run.isDryRun) return { outcome: 'would-change', after: state }
  const { sn } = found
  if (target.kind === 'ca') await changeCertificate(service, instance, CA, { id: { sn }, to }, onVerify)
  else await changeCertificate(service, instance, DEVICE, { id: { caSn, sn }, to }, onVerify)
  return { outcome: 'changed', after: state }
}

/** If its end cannot be read, it counts as valid. */
function hasExpired({ validEnd }: Registered): boolean {
  return validEnd !== undefined && validEnd < Date.now()
}

function missing({ caSn }: Run, { kind }: Target): ActionError {
  if (kind === 'no-such-name') {
    return new ActionError({
      what: `is the name of no device certificate of CA ${caSn}`,
      fix: `Names are compared letter by letter. ${NEVER_CONNECTED}`,
    })
  }
  return new ActionError({
    what: `is not registered with CA ${caSn}: it never connected, or was deleted`,
    fix: NEVER_CONNECTED,
  })
}

const NEVER_CONNECTED =
  'A device certificate is registered when the device connects for the first time, and cannot be shut out before. ' +
  'Deactivate it after it connected, or replace the CA. To pass over such certificates, set if-missing: ignore.'

function refused({ validEnd }: Registered): ActionError {
  return new ActionError({
    what: `was not deleted: ${validEnd === undefined ? 'its end of validity cannot be read' : 'it is still valid'}, and its CA is active`,
    fix: 'Use status: inactive. After a deletion, the device could connect again, and its certificate would be registered again as active.',
  })
}
