import type { Ca } from '../cas.ts'
import { ServiceError } from '../errors.ts'
import type { Service } from '../service.ts'
import type { InstanceRequest } from './on-instance.ts'

/** A CA as the service shows it: all fields are texts. */
export function caFields(ca: Ca, service: Service): Record<string, string> {
  return {
    RegistrationCode: ca.registrationCode,
    CaName: ca.name,
    Sn: ca.sn,
    CaContent: shown(ca.content, service),
    VerificationContent: shown(ca.verificationContent, service),
    ValidBegin: String(ca.validBegin.getTime()),
    ValidEnd: String(ca.validEnd.getTime()),
    Status: ca.isActive ? '1' : '0',
  }
}

/**
 * The CA that a call names by its serial number.
 *
 * @throws ServiceError `FindCaBySnError`
 */
export function findCa({ instance, required, service }: InstanceRequest): Ca {
  const ca = service.state.casOf(instance).find(required('Sn'))
  if (ca === undefined) throw new ServiceError('FindCaBySnError')
  return ca
}

function shown(pem: string, { world }: Service): string {
  return world.lineEnds === 'escaped' ? pem.replaceAll('\n', '\\n') : pem
}
