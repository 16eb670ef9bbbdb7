import { serviceName } from '../http/call.ts'
import { authorize } from '../ram/policies.ts'
import { authenticate } from '../service/authentication.ts'
import { ServiceError } from '../service/errors.ts'
import type { Operation, Service } from '../service/service.ts'
import type { InstanceState } from '../world/state.ts'
import type { Instance } from '../world/world.ts'

/** The input of an operation on an instance. */
export type InstanceRequest = {
  readonly instance: Instance
  readonly state: InstanceState
  readonly service: Service
  /** Returns a parameter. Throws `ParameterFieldCheckFailed` if it is missing or empty. */
  readonly required: (name: string) => string
}

/**
 * Makes an operation on an MQTT instance. Before `run` it checks what all of them check: signature, flow control, RAM,
 * and that the instance exists, belongs to the caller and has an edition with certificates.
 *
 * @param options.ramAction required together with `mq:MqttInstanceAccess`
 * @param options.parameterError for an operation whose `ParameterFieldCheckFailed` has its own status
 */
export function onInstance(options: {
  readonly methods: readonly string[]
  readonly ramAction: string
  readonly parameterError?: { readonly status: number }
  readonly run: (request: InstanceRequest) => Readonly<Record<string, unknown>>
}): Operation {
  const { methods, ramAction, parameterError, run } = options
  return {
    product: 'onsmqtt',
    methods,
    run: ({ call, service, requestId }) => {
      const { world, state } = service
      const caller = authenticate(call, service)
      const limit = world.accounts.get(caller.accountId)?.callsPerSecond ?? null
      if (!state.countCall(caller.accountId, call.operation, limit)) throw new ServiceError('Throttling.User')
      const required = (name: string): string => {
        const value = call.parameters.get(name) ?? ''
        if (value === '') throw new ServiceError('ParameterFieldCheckFailed', parameterError)
        return value
      }
      const instanceId = required('MqttInstanceId')
      const { regionId = world.regionId } = serviceName(call.host)
      const resource = `acs:mq:${regionId}:${caller.accountId}:${instanceId}`
      authorize(caller, [ramAction, 'mq:MqttInstanceAccess'], resource, requestId)

      const instance = world.instances.get(instanceId)
      const instanceState = state.instances.get(instanceId)
      if (instance?.regionId !== regionId || instanceState === undefined)
        throw new ServiceError('MqttInstanceNotFound')
      if (instance.accountId !== caller.accountId) throw new ServiceError('MqttOwnerCheckError')
      if (!['enterprise-platinum', 'professional'].includes(instance.edition))
        throw new ServiceError('ApiNotSupport')
      return run({ instance, state: instanceState, service, required })
    },
  }
}
