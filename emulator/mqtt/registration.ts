import 'reflect-metadata'
import { X509Certificate } from 'node:crypto'
import * as x509 from '@peculiar/x509'
import { documentedErrors, ServiceError } from '../service/errors.ts'
import { derSerialNumber, describe, isIssuedBy } from '../world/certificates.ts'
import { onInstance } from './on-instance.ts'

/**
 * Issues a new register code for each call, or as the config says.
 *
 * @see https://www.alibabacloud.com/help/en/apsaramq-for-mqtt/mqtt-upgraded/developer-reference/api-onsmqtt-2020-04-20-getregistercode
 */
export const getRegisterCode = onInstance({
  methods: ['GET'],
  ramAction: 'mq:GetRegisterCode',
  run: ({ state, service }) => ({
    RegisterCode: service.world.registerCodes === 'new' ? state.giveCode() : state.giveUnusedCode(),
  }),
})

/**
 * Registers a CA if the caller proves that it has the CA's key. The CA is active at once, and its code is used up.
 *
 * @see https://www.alibabacloud.com/help/en/apsaramq-for-mqtt/mqtt-upgraded/developer-reference/api-onsmqtt-2020-04-20-registercacertificate
 */
export const registerCaCertificate = onInstance({
  methods: ['POST', 'GET'],
  ramAction: 'mq:RegisterCa',
  parameterError: { status: 400 },
  run: ({ instance, state, service, required }) => {
    const name = required('CaName')
    const content = required('CaContent')
    const verificationContent = required('VerificationContent')
    const { snSpelling, snUniqueIn, listedAfterMs } = service.world
    const certificate = readCa(content, service.now())
    const ca = describe(certificate, snSpelling)
    const code = readVerifiedCode(verificationContent, certificate, service.now())

    const use = state.codes.get(code)
    if (use === undefined) throw new ServiceError('RegisterCodeError')
    if (use === 'used') throw new ServiceError('RegisterCodeUsed')
    const isRegistered = snUniqueIn === 'instance' ? state.cas.has(ca.sn) : service.state.isRegistered(ca.sn)
    if (isRegistered) throw new ServiceError('SnNotUnique')
    if (instance.maxCas !== null && state.cas.size >= instance.maxCas) throw new ServiceError('CaNumExceed')
    state.codes.set(code, 'used')
    const listedFromMs = service.now() + listedAfterMs
    const registered = { name, content, verificationContent, registrationCode: code, isActive: true }
    state.cas.set(ca.sn, { ...ca, ...registered, listedFromMs })
    return { Sn: ca.sn }
  },
})

const MAX_SN_BYTES = 128

/**
 * Reads a CA certificate and checks what the service checks: CA flag, validity, key usage if present, RSA or EC.
 *
 * @throws ServiceError `CertificateContentError` with the reason
 */
function readCa(pem: string, nowMs: number): X509Certificate {
  const certificate = parse(pem, 'CA')
  const extensions = new x509.X509Certificate(certificate.raw)
  const usages = extensions.getExtension(x509.KeyUsagesExtension)?.usages
  if (!certificate.ca) refuse('BasicConstraints must be true in the CA certificate.')
  if (usages !== undefined && (usages & x509.KeyUsageFlags.keyCertSign) === 0) {
    refuse('The key usage of the CA certificate does not include certificate signing.')
  }
  if (!['rsa', 'ec'].includes(certificate.publicKey.asymmetricKeyType ?? '')) {
    refuse('The key of the CA certificate must be RSA or ECC.')
  }
  if (derSerialNumber(certificate).length > 2 * MAX_SN_BYTES)
    refuse('The serial number of the CA certificate is too long.')
  checkValidity(certificate, 'CA', nowMs)
  return certificate
}

/**
 * Reads the code from a verification certificate, which proves that the caller has the CA's key.
 *
 * @throws ServiceError `CertificateContentError` if this CA did not sign it
 */
function readVerifiedCode(pem: string, ca: X509Certificate, nowMs: number): string {
  const certificate = parse(pem, 'verification')
  if (!isIssuedBy(certificate, ca)) refuse('The verification certificate is not signed by the CA.')
  checkValidity(certificate, 'verification', nowMs)
  return new x509.X509Certificate(certificate.raw).subjectName.getField('CN').join()
}

function checkValidity({ validFromDate, validToDate }: X509Certificate, kind: string, nowMs: number): void {
  if (nowMs < validFromDate.getTime()) refuse(`The ${kind} certificate is not valid yet.`)
  if (nowMs > validToDate.getTime()) refuse(`The ${kind} certificate has expired.`)
}

function parse(pem: string, kind: string): X509Certificate {
  try {
    return new X509Certificate(pem)
  } catch {
    refuse(`The ${kind} certificate cannot be parsed.`)
  }
}

function refuse(reason: string): never {
  const message = `${documentedErrors.CertificateContentError.message}; ${reason}`
  throw new ServiceError('CertificateContentError', { message })
}
