import type { Service } from '../alibaba-cloud/client.ts'
import { derSerialNumber, isSameSerialNumber } from '../certificates/certificate.ts'
import { CA, findInList, hasFingerprint, type RegisteredCa } from './ca-certificates.ts'
import type { Instance } from './call.ts'
import { changeAndConfirm, find } from './certificates.ts'

/** What to do with a CA that another one replaces. */
export type OnReplace = 'inactivate' | 'delete'

/** A CA to retire: what its serial number can mean, in hex, the most likely reading first. */
type CaToRetire = { readonly readings: readonly string[]; readonly onReplace: OnReplace }

/** What was done with it. */
export type Retired =
  | {
      readonly kind: 'inactivated' | 'deleted'
      readonly sn: string
      /** Whether it was inactive before. */
      readonly isUnchanged: boolean
    }
  | {
      readonly kind: 'not-found'
      /** The serial number of the CA whose fingerprint was given in place of a serial number. */
      readonly snOfFingerprint: string | undefined
    }

/**
 * Deactivates a CA, or deletes it with the device certificates that it issued. Does nothing if that is done already, so
 * a second run finishes what a first one began.
 *
 * @param onVerify called when a response was lost and the service is asked instead
 * @throws ActionError
 */
export async function retireCa(
  service: Service,
  instance: Instance,
  { readings, onReplace }: CaToRetire,
  onVerify: (line: string) => void,
): Promise<Retired> {
  const { ca, snOfFingerprint } = await findBySerialNumber(service, instance, readings)
  if (ca === undefined) return { kind: 'not-found', snOfFingerprint }
  const { sn, isActive } = ca
  if (onReplace === 'inactivate' && !isActive) return { kind: 'inactivated', sn, isUnchanged: true }
  await changeAndConfirm(service, instance, CA, { id: { sn }, to: onReplace }, onVerify)
  return { kind: onReplace === 'delete' ? 'deleted' : 'inactivated', sn, isUnchanged: false }
}

/**
 * Tries each reading in the service's usual spelling and as it is, then the whole list. If only the first were tried, an
 * active CA in another spelling would count as gone, and stay active.
 */
async function findBySerialNumber(
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
