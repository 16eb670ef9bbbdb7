import type { Ca, Cas } from '../cas.ts'
import { findCa } from './ca-fields.ts'
import { onInstance } from './on-instance.ts'
import type { Operation } from './operation.ts'

/** Makes a CA active again; no error when it is. */
export const activeCaCertificate = changing('mq:ActiveCaCertificate', (ca, cas) => {
  cas.put({ ...ca, isActive: true })
})

/** Makes a CA inactive; no error when it is. The reference calls it to deregister. */
export const inactivateCaCertificate = changing('mq:UnregisterCaCertificate', (ca, cas) => {
  cas.put({ ...ca, isActive: false })
})

export const deleteCaCertificate = changing('mq:DeleteCaCertificate', ({ sn }, cas) => {
  cas.delete(sn)
})

function changing(ramAction: string, change: (ca: Ca, cas: Cas) => void): Operation {
  return onInstance({
    methods: ['POST', 'GET'],
    ramAction,
    run: (request) => {
      const ca = findCa(request)
      change(ca, request.service.state.casOf(request.instance))
      return { Sn: ca.sn }
    },
  })
}
