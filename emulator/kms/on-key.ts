import { serviceName, type Call } from '../http/call.ts'
import { decide } from '../ram/policies.ts'
import { authenticate } from '../service/authentication.ts'
import { ServiceError } from '../service/errors.ts'
import type { Operation, Service } from '../service/service.ts'
import type { Caller } from '../world/world.ts'
import { arnOf, type KmsKey } from './keys.ts'

/** @see https://www.alibabacloud.com/help/en/kms/key-management-service/developer-reference/api-kms-2016-01-20-asymmetricsign */
const CALLS_PER_SECOND = 200

/** The input of an operation of KMS. */
export type KmsRequest = {
  readonly service: Service
  readonly caller: Caller
  readonly regionId: string
  readonly parameter: (name: string) => string | undefined
  /** Throws `MissingParameter` if it is missing or empty. */
  readonly required: (name: string) => string
}

type Body = Readonly<Record<string, unknown>>

/**
 * Makes an operation of KMS that is not about one key. Before `run` it checks signature, flow control and RAM.
 *
 * @param ramAction on all keys
 */
export function inKms(ramAction: string, run: (request: KmsRequest) => Body): Operation {
  return operation((request) => {
    requireAllowed(request, ramAction, 'key')
    return run(request)
  })
}

/**
 * Makes an operation on a key, given by its ID, alias or ARN. It checks that RAM and the key's own policy allow it.
 *
 * @param options.isCryptographic needs a key that is enabled, and reachable from where the call comes
 */
export function onKey(
  ramAction: string,
  run: (request: KmsRequest & { readonly key: KmsKey }) => Body,
  options: { readonly isCryptographic?: boolean } = {},
): Operation {
  return operation((request) => {
    const { service, caller, regionId, required } = request
    const name = required('KeyId')
    const key = service.state.kms
      .of({ accountId: caller.accountId, regionId })
      .find((own) => [own.id, arnOf(own), ...own.aliases].includes(name))
    // RAM decides first, about the key that was named.
    requireAllowed(request, ramAction, `key/${key?.id ?? name}`)
    if (key === undefined)
      throw new ServiceError(name.startsWith('alias/') ? 'Forbidden.AliasNotFound' : 'Forbidden.KeyNotFound')
    if (key.denies.includes(ramAction)) throw new ServiceError('Forbidden.NoPermission')
    if (options.isCryptographic === true) {
      if (!key.isPublic) throw new ServiceError('UnsupportedOperation')
      requireEnabled(key)
    }
    return run({ ...request, key })
  })
}

function operation(run: (request: KmsRequest) => Body): Operation {
  return {
    product: 'kms',
    methods: ['GET', 'POST'],
    run: ({ call, service }) => {
      const caller = authenticate(call, service)
      requireRate(call, caller, service)
      const { regionId = service.world.regionId } = serviceName(call.host)
      const parameter = (name: string): string | undefined => call.parameters.get(name)
      const required = (name: string): string => {
        const value = parameter(name) ?? ''
        if (value !== '') return value
        const message = `The parameter "${name}" is needed but not provided.`
        throw new ServiceError('MissingParameter', { message })
      }
      return run({ service, caller, regionId, parameter, required })
    },
  }
}

function requireRate({ operation: name }: Call, { accountId }: Caller, { world, state }: Service): void {
  const ofAccount = world.accounts.get(accountId)?.callsPerSecond ?? null
  const limit = ofAccount === null ? null : Math.min(ofAccount, CALLS_PER_SECOND)
  if (!state.countCall(accountId, name, limit)) throw new ServiceError('Rejected.Throttling')
}

/** @throws ServiceError `Forbidden.NoPermission` if RAM does not allow the action on the resource */
export function requireAllowed({ caller, regionId }: KmsRequest, action: string, resource: string): void {
  const arn = `acs:kms:${regionId}:${caller.accountId}:${resource}`
  if (decide(caller.policies, action, arn) !== 'Allow') throw new ServiceError('Forbidden.NoPermission')
}

/** @throws ServiceError with the state of the key in its code */
export function requireEnabled({ state }: KmsKey): void {
  if (state !== 'Enabled') throw new ServiceError(`Rejected.${state}`)
}

/** @throws ServiceError `InvalidParameter` with the name of the parameter */
export function invalid(name: string): never {
  throw new ServiceError('InvalidParameter', { message: `The specified parameter "${name}" is not valid.` })
}
