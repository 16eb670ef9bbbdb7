import type { Service } from '../alibaba-cloud/client.ts'
import { derSerialNumber, isSameSerialNumber } from '../certificates/certificate.ts'
import { changeCa, findCa, findInList, type RegisteredCa } from './ca-certificates.ts'
import type { Instance } from './call.ts'

/** What to do with a CA that another one replaces. */
export type OnReplace = 'inactivate' | 'delete'

/** What was done with it. */
type Retired = 'deactivated' | 'deleted' | 'already inactive' | 'not found'

/**
 * Deactivates a CA, or deletes it with the device certificates that it issued. Does nothing if that is done already, so
 * a second run finishes what a first one began.
 *
 * @param predecessor.serialNumber in hex, in any spelling
 * @param onVerify called when a response was lost and the service is asked instead
 * @throws ActionError
 */
export async function retireCa(
  service: Service,
  instance: Instance,
  { serialNumber, onReplace }: { readonly serialNumber: string; readonly onReplace: OnReplace },
  onVerify: (line: string) => void,
): Promise<Retired> {
  const ca = await findBySerialNumber(service, instance, serialNumber)
  if (ca === undefined) return 'not found'
  if (onReplace === 'inactivate' && !ca.isActive) return 'already inactive'
  await changeCa(service, instance, { sn: ca.sn, to: onReplace }, onVerify)
  return onReplace === 'inactivate' ? 'deactivated' : 'deleted'
}

/**
 * Tries the service's usual spelling, then the given one, then the whole list. If only the first were tried, an active
 * CA in another spelling would count as gone, and stay active.
 */
async function findBySerialNumber(
  service: Service,
  instance: Instance,
  serialNumber: string,
): Promise<RegisteredCa | undefined> {
  const given = serialNumber.toLowerCase().replaceAll(':', '')
  for (const sn of new Set([derSerialNumber(given), given])) {
    const ca = await findCa(service, instance, sn)
    if (ca !== undefined) return ca
  }
  return await findInList(service, instance, ({ sn }) => isSameSerialNumber(sn, given))
}
