import type { Call } from './call.ts'
import { ServiceError } from './errors.ts'
import { GITHUB_ID_TOKEN } from './github-id-token.ts'
import { productOf } from './host-names.ts'
import { assumeRoleWithOidc } from './operations/assume-role-with-oidc.ts'
import { assumeRole } from './operations/assume-role.ts'
import {
  activeCaCertificate,
  deleteCaCertificate,
  inactivateCaCertificate,
} from './operations/change-ca-certificate.ts'
import { getRegisterCode } from './operations/get-register-code.ts'
import { getCaCertificate, listCaCertificate } from './operations/read-ca-certificates.ts'
import { registerCaCertificate } from './operations/register-ca-certificate.ts'
import type { Operation } from './operations/operation.ts'

const operations: Readonly<Record<string, Operation>> = {
  GetRegisterCode: getRegisterCode,
  RegisterCaCertificate: registerCaCertificate,
  GetCaCertificate: getCaCertificate,
  ListCaCertificate: listCaCertificate,
  InactivateCaCertificate: inactivateCaCertificate,
  ActiveCaCertificate: activeCaCertificate,
  DeleteCaCertificate: deleteCaCertificate,
  AssumeRole: assumeRole,
  AssumeRoleWithOIDC: assumeRoleWithOidc,
}

/** What can be ordered to fail. */
export const operationNames = [...Object.keys(operations), GITHUB_ID_TOKEN]

const versions: Readonly<Record<Operation['product'], string>> = { onsmqtt: '2020-04-20', sts: '2015-04-01' }

/**
 * The operation that a call asks for.
 *
 * @throws ServiceError when product, operation, version or method is unknown
 */
export function findOperation(call: Call): Operation {
  if (call.path !== '/') throw new ServiceError('InvalidAction.NotFound')
  if (call.broken !== undefined) throw call.broken
  if (call.operation === '') throw new ServiceError('MissingAction')
  const product = productOf(call.host)
  if (product !== undefined && !Object.hasOwn(versions, product))
    throw new ServiceError('InvalidProduct.NotFound')
  const operation = named(call.operation)
  const isOfAnotherProduct = product !== undefined && product !== operation?.product
  if (operation === undefined || isOfAnotherProduct) throw new ServiceError('InvalidAction.NotFound')
  if (call.version !== versions[operation.product]) throw new ServiceError('InvalidVersion')
  if (!operation.methods.includes(call.method)) throw new ServiceError('UnsupportedHTTPMethod')
  return operation
}

/** What the service calls itself in an error, also to a client that calls it by another name. */
export function hostId(call: Call, regionId: string): string {
  if (productOf(call.host) !== undefined) return call.host
  const product = named(call.operation)?.product ?? 'onsmqtt'
  return `${product}.${regionId}.aliyuncs.com`
}

function named(name: string): Operation | undefined {
  return Object.hasOwn(operations, name) ? operations[name] : undefined
}
