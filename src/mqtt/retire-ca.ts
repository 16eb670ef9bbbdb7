import type { Service } from '../alibaba-cloud/call.ts'
import { derSerialNumber, isSameSerialNumber } from '../certificates/certificate.ts'
import { changeCa, findCa, findInList, type RegisteredCa } from './ca-certificates.ts'
import type { Instance } from './call.ts'

/** What is to become of a CA that another one succeeds. */
export type OnReplace = 'inactivate' | 'delete'

/** What became of it. */
export type Retired = 'made inactive' | 'deleted' | 'inactive before' | 'not there'

/**
 * Makes a CA inactive, or deletes it with the device certificates that it issued. Nothing is done to one that is
 * inactive or gone already, so that a second call finishes what a first one began.
 *
 * @param predecessor.serialNumber in hex, in any spelling
 * @param tell told when an answer was lost and the service is asked instead
 * @throws ActionError
 */
export async function retireCa(
  service: Service,
  instance: Instance,
  { serialNumber, onReplace }: { readonly serialNumber: string; readonly onReplace: OnReplace },
  tell: (line: string) => void,
): Promise<Retired> {
  const ca = await findBySerialNumber(service, instance, serialNumber)
  if (ca === undefined) return 'not there'
  if (onReplace === 'inactivate' && !ca.isActive) return 'inactive before'
  await changeCa(service, instance, { sn: ca.sn, to: onReplace }, tell)
  return onReplace === 'inactivate' ? 'made inactive' : 'deleted'
}

/**
 * Looks it up in the spelling that is known of the service and in the one that was given, and at last in the list: to
 * take an active CA for one that is gone, because the service spells it in yet another way, would leave it active.
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
