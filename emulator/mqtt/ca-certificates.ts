import { ServiceError } from '../service/errors.ts'
import type { Operation } from '../service/service.ts'
import type { Ca, InstanceState } from '../world/state.ts'
import type { World } from '../world/world.ts'
import { onInstance, type InstanceRequest } from './on-instance.ts'

/** @see https://www.alibabacloud.com/help/en/apsaramq-for-mqtt/mqtt-upgraded/developer-reference/api-onsmqtt-2020-04-20-getcacertificate */
export const getCaCertificate = onInstance({
  methods: ['GET'],
  ramAction: 'mq:GetCaCertificate',
  run: (request) => ({ Data: caFields(findCa(request), request.service.world) }),
})

/**
 * Lists the CAs of an instance. `Total` is the number of pages, as the reference describes it.
 *
 * @see https://www.alibabacloud.com/help/en/apsaramq-for-mqtt/mqtt-upgraded/developer-reference/api-onsmqtt-2020-04-20-listcacertificate
 */
export const listCaCertificate = onInstance({
  methods: ['GET'],
  ramAction: 'mq:ListCaCertificate',
  run: ({ state, service, required }) => {
    const PageNo = wholeNumber(required('PageNo'), 1_000_000)
    const PageSize = wholeNumber(required('PageSize'), 100)
    const listed = [...state.cas.values()].filter(({ listedFromMs }) => listedFromMs <= service.now())
    if (service.world.listOrder === 'newest-first') listed.reverse()
    const page = listed.slice((PageNo - 1) * PageSize, PageNo * PageSize)
    const CaCertificateVOS = page.map((ca) => caFields(ca, service.world))
    return { Data: { CaCertificateVOS, PageNo, PageSize, Total: Math.ceil(listed.length / PageSize) } }
  },
})

/** Activates a CA. Succeeds if it is already active. */
export const activeCaCertificate = changing('mq:ActiveCaCertificate', (ca, { cas }) => {
  cas.set(ca.sn, { ...ca, isActive: true })
})

/** Deactivates a CA. Succeeds if it is already inactive. The reference calls this "deregister". */
export const inactivateCaCertificate = changing('mq:UnregisterCaCertificate', (ca, { cas }) => {
  cas.set(ca.sn, { ...ca, isActive: false })
})

export const deleteCaCertificate = changing(
  'mq:DeleteCaCertificate',
  ({ sn, registrationCode }, { cas, codes }, { codesOfDeletedCas }) => {
    cas.delete(sn)
    codes.set(registrationCode, codesOfDeletedCas)
  },
)

function changing(
  ramAction: string,
  change: (ca: Ca, state: InstanceState, world: World) => void,
): Operation {
  return onInstance({
    methods: ['POST', 'GET'],
    ramAction,
    run: (request) => {
      const ca = findCa(request)
      change(ca, request.state, request.service.world)
      return { Sn: ca.sn }
    },
  })
}

/** @throws ServiceError `FindCaBySnError`, also for another spelling of the serial number than the service's own */
function findCa({ state, required }: InstanceRequest): Ca {
  const ca = state.cas.get(required('Sn'))
  if (ca === undefined) throw new ServiceError('FindCaBySnError')
  return ca
}

/** Returns a CA as the service shows it. */
function caFields(ca: Ca, { lineEnds, caFields }: World): Record<string, string | number> {
  const number = (value: number): string | number => (caFields === 'numbers' ? value : String(value))
  const shown = (pem: string): string => (lineEnds === 'escaped' ? pem.replaceAll('\n', '\\n') : pem)
  return {
    RegistrationCode: ca.registrationCode,
    CaName: ca.name,
    Sn: ca.sn,
    CaContent: shown(ca.content),
    VerificationContent: shown(ca.verificationContent),
    ValidBegin: number(ca.validBegin.getTime()),
    ValidEnd: number(ca.validEnd.getTime()),
    Status: number(ca.isActive ? 1 : 0),
  }
}

function wholeNumber(text: string, max: number): number {
  if (/^[1-9]\d{0,6}$/.test(text) && Number(text) <= max) return Number(text)
  throw new ServiceError('ParameterFieldCheckFailed')
}
