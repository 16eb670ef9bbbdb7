import type { Call } from './call.ts'
import { ServiceError } from './errors.ts'
import { productOf } from './host-names.ts'
import { getRegisterCode } from './operations/get-register-code.ts'
import type { Operation } from './operations/operation.ts'

const operations: Readonly<Record<string, Operation>> = {
  GetRegisterCode: getRegisterCode,
}

/** What can be called, and be ordered to fail. */
export const operationNames = Object.keys(operations)

const versions: Readonly<Record<Operation['product'], string>> = { onsmqtt: '2020-04-20' }

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
  const operation = Object.hasOwn(operations, call.operation) ? operations[call.operation] : undefined
  const isOfAnotherProduct = product !== undefined && product !== operation?.product
  if (operation === undefined || isOfAnotherProduct) throw new ServiceError('InvalidAction.NotFound')
  if (call.version !== versions[operation.product]) throw new ServiceError('InvalidVersion')
  if (!operation.methods.includes(call.method)) throw new ServiceError('UnsupportedHTTPMethod')
  return operation
}
