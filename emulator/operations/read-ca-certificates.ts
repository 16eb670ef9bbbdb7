import { ServiceError } from '../errors.ts'
import { caFields, findCa } from './ca-fields.ts'
import { onInstance } from './on-instance.ts'

/** @see https://www.alibabacloud.com/help/en/apsaramq-for-mqtt/mqtt-upgraded/developer-reference/api-onsmqtt-2020-04-20-getcacertificate */
export const getCaCertificate = onInstance({
  methods: ['GET'],
  ramAction: 'mq:GetCaCertificate',
  run: (request) => ({ Data: caFields(findCa(request), request.service) }),
})

/**
 * Lists the CAs of an instance. `Total` is the number of pages, as the reference describes it.
 *
 * @see https://www.alibabacloud.com/help/en/apsaramq-for-mqtt/mqtt-upgraded/developer-reference/api-onsmqtt-2020-04-20-listcacertificate
 */
export const listCaCertificate = onInstance({
  methods: ['GET'],
  ramAction: 'mq:ListCaCertificate',
  run: ({ instance, service, required }) => {
    const PageNo = wholeNumber(required('PageNo'), 1_000_000)
    const PageSize = wholeNumber(required('PageSize'), 100)
    const cas = service.state.casOf(instance)
    const CaCertificateVOS = cas.page(PageNo, PageSize).map((ca) => caFields(ca, service))
    return { Data: { CaCertificateVOS, PageNo, PageSize, Total: Math.ceil(cas.size / PageSize) } }
  },
})

function wholeNumber(text: string, max: number): number {
  if (/^[1-9]\d{0,6}$/.test(text) && Number(text) <= max) return Number(text)
  throw new ServiceError('ParameterFieldCheckFailed')
}
