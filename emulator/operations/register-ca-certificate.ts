import { readCa, readVerifiedCode } from '../certificates.ts'
import { ServiceError } from '../errors.ts'
import { onInstance } from './on-instance.ts'

/**
 * Registers a CA for which the caller proves to have the key. It is active at once, and its code is used up.
 *
 * @see https://www.alibabacloud.com/help/en/apsaramq-for-mqtt/mqtt-upgraded/developer-reference/api-onsmqtt-2020-04-20-registercacertificate
 */
export const registerCaCertificate = onInstance({
  methods: ['POST', 'GET'],
  ramAction: 'mq:RegisterCa',
  parameterError: { status: 400 },
  run: ({ instance, service, required }) => {
    const name = required('CaName')
    const content = required('CaContent')
    const verificationContent = required('VerificationContent')
    const ca = readCa(content, service.now())
    const code = readVerifiedCode(verificationContent, ca, service.now())

    const codes = service.state.registerCodesOf(instance.id)
    const cas = service.state.casOf(instance)
    const use = codes.useOf(code)
    if (use === undefined) throw new ServiceError('RegisterCodeError')
    if (use === 'used') throw new ServiceError('RegisterCodeUsed')
    if (service.state.isRegistered(ca.sn)) throw new ServiceError('SnNotUnique')
    if (instance.maxCas !== null && cas.size >= instance.maxCas) throw new ServiceError('CaNumExceed')
    codes.markUsed(code)
    const { sn, validBegin, validEnd } = ca
    const registered = { name, content, verificationContent, registrationCode: code, isActive: true }
    cas.put({ sn, validBegin, validEnd, ...registered })
    return { Sn: sn }
  },
})
