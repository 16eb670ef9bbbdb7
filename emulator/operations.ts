import { serviceName, type Call } from './http/call.ts'
import type { Answer } from './http/reply.ts'
import {
  activeCaCertificate,
  deleteCaCertificate,
  getCaCertificate,
  inactivateCaCertificate,
  listCaCertificate,
} from './mqtt/ca-certificates.ts'
import {
  activeDeviceCertificate,
  deleteDeviceCertificate,
  getDeviceCertificate,
  inactivateDeviceCertificate,
  listDeviceCertificate,
  listDeviceCertificateByCaSn,
} from './mqtt/device-certificates.ts'
import { getRegisterCode, registerCaCertificate } from './mqtt/registration.ts'
import {
  createAlias,
  createKey,
  createKeyVersion,
  describeKey,
  disableKey,
  enableKey,
  listKeys,
  listKeyVersions,
  scheduleKeyDeletion,
} from './kms/key-operations.ts'
import { asymmetricSign, asymmetricVerify, getPublicKey } from './kms/signing.ts'
import { assumeRole, assumeRoleWithOidc } from './ram/assume-role.ts'
import { answerIdToken, GITHUB_ID_TOKEN, ID_TOKEN_PATH } from './ram/id-tokens.ts'
import { ServiceError } from './service/errors.ts'
import type { Operation, Service } from './service/service.ts'

/** Every operation of the emulated services. A new one needs a file in the folder of its service, and a row here. */
const operations: Readonly<Record<string, Operation>> = {
  GetRegisterCode: getRegisterCode,
  RegisterCaCertificate: registerCaCertificate,
  GetCaCertificate: getCaCertificate,
  ListCaCertificate: listCaCertificate,
  InactivateCaCertificate: inactivateCaCertificate,
  ActiveCaCertificate: activeCaCertificate,
  DeleteCaCertificate: deleteCaCertificate,
  GetDeviceCertificate: getDeviceCertificate,
  ListDeviceCertificate: listDeviceCertificate,
  ListDeviceCertificateByCaSn: listDeviceCertificateByCaSn,
  ActiveDeviceCertificate: activeDeviceCertificate,
  InactivateDeviceCertificate: inactivateDeviceCertificate,
  DeleteDeviceCertificate: deleteDeviceCertificate,
  AssumeRole: assumeRole,
  AssumeRoleWithOIDC: assumeRoleWithOidc,
  CreateKey: createKey,
  DescribeKey: describeKey,
  ListKeys: listKeys,
  ListKeyVersions: listKeyVersions,
  CreateKeyVersion: createKeyVersion,
  CreateAlias: createAlias,
  GetPublicKey: getPublicKey,
  AsymmetricSign: asymmetricSign,
  AsymmetricVerify: asymmetricVerify,
  DisableKey: disableKey,
  EnableKey: enableKey,
  ScheduleKeyDeletion: scheduleKeyDeletion,
}

const versions: Readonly<Record<Operation['product'], string>> = {
  onsmqtt: '2020-04-20',
  sts: '2015-04-01',
  kms: '2016-01-20',
}

/** The names that a fault order accepts. */
export const operationNames = [...Object.keys(operations), GITHUB_ID_TOKEN]

/** Responds to a call in the format of the service, or of GitHub's token endpoint. */
export function answer(call: Call, requestId: string, service: Service): Answer {
  if (call.path === ID_TOKEN_PATH) return answerIdToken(call, service)
  try {
    const body = findOperation(call).run({ call, service, requestId })
    return { status: 200, code: null, body: { RequestId: requestId, ...body } }
  } catch (error) {
    if (!(error instanceof ServiceError)) console.error(error)
    const refusal = error instanceof ServiceError ? error : new ServiceError('InternalError')
    const { code, accessDeniedDetail: AccessDeniedDetail } = refusal
    const body = errorBody(refusal, call, requestId, service)
    return {
      status: refusal.status(service.world.statuses),
      code,
      body: AccessDeniedDetail === undefined ? body : { ...body, AccessDeniedDetail },
    }
  }
}

/** Returns an error in the format of the service. */
export function errorBody(
  { code, message }: { readonly code: string; readonly message: string },
  call: Call,
  requestId: string,
  service: Service,
): Record<string, unknown> {
  const { regionId } = service.world
  const isNameOfService = serviceName(call.host).product !== undefined
  const product = rowOf(call.operation)?.product ?? 'onsmqtt'
  const hostId = isNameOfService ? call.host : `${product}.${regionId}.aliyuncs.com`
  return { RequestId: requestId, HostId: hostId, Code: code, Message: message }
}

/** @throws ServiceError if product, operation, version or method is unknown */
function findOperation(call: Call): Operation {
  if (call.path !== '/') throw new ServiceError('InvalidAction.NotFound')
  if (call.unreadable !== undefined) throw new ServiceError('InvalidParameter', { message: call.unreadable })
  if (call.operation === '') throw new ServiceError('MissingAction')
  const { product } = serviceName(call.host)
  if (product !== undefined && !Object.hasOwn(versions, product))
    throw new ServiceError('InvalidProduct.NotFound')
  const operation = rowOf(call.operation)
  const isOfAnotherProduct = product !== undefined && product !== operation?.product
  if (operation === undefined || isOfAnotherProduct) throw new ServiceError('InvalidAction.NotFound')
  if (call.version !== versions[operation.product]) throw new ServiceError('InvalidVersion')
  if (!operation.methods.includes(call.method)) throw new ServiceError('UnsupportedHTTPMethod')
  return operation
}

function rowOf(name: string): Operation | undefined {
  return Object.hasOwn(operations, name) ? operations[name] : undefined
}
