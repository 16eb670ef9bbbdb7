import type { Service } from '../alibaba-cloud/client.ts'
import { CA, findBySerialNumber } from './ca-certificates.ts'
import type { Instance } from './call.ts'
import { changeAndConfirm } from './certificates.ts'

/** What to do with a CA that another one replaces. */
export type OnReplace = 'inactivate' | 'delete'

/** A CA to retire: what its serial number can mean, in hex, the most likely reading first. */
type CaToRetire = {
  readonly readings: readonly string[]
  readonly onReplace: OnReplace
  /** Whether to look only. */
  readonly isDryRun: boolean
}

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
  { readings, onReplace, isDryRun }: CaToRetire,
  onVerify: (line: string) => void,
): Promise<Retired> {
  const { ca, snOfFingerprint } = await findBySerialNumber(service, instance, readings)
  if (ca === undefined) return { kind: 'not-found', snOfFingerprint }
  const { sn, isActive } = ca
  if (onReplace === 'inactivate' && !isActive) return { kind: 'inactivated', sn, isUnchanged: true }
  if (!isDryRun) await changeAndConfirm(service, instance, CA, { id: { sn }, to: onReplace }, onVerify)
  return { kind: onReplace === 'delete' ? 'deleted' : 'inactivated', sn, isUnchanged: false }
}
