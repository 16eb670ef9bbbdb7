import { authenticate } from '../authentication.ts'
import { authorize } from '../authorization.ts'
import { ServiceError } from '../errors.ts'
import { regionOf } from '../host-names.ts'
import type { Service } from '../service.ts'
import type { Instance } from '../world.ts'
import type { Operation } from './operation.ts'

/** What such an operation works on. */
export type InstanceRequest = {
  readonly instance: Instance
  readonly service: Service
  /** A parameter's value. Throws `ParameterFieldCheckFailed` when it is missing or empty. */
  readonly required: (name: string) => string
}

/**
 * An operation on an MQTT instance, after everything that all of these check first: signature, flow control, RAM,
 * and that the instance is there, belongs to the caller and has an edition that knows certificates.
 *
 * @param about.ramAction needed together with `mq:MqttInstanceAccess`
 * @param about.parameterError when `ParameterFieldCheckFailed` has a status of its own here
 */
export function onInstance(about: {
  readonly methods: readonly string[]
  readonly ramAction: string
  readonly parameterError?: { readonly status: number }
  readonly run: (request: InstanceRequest) => Readonly<Record<string, unknown>>
}): Operation {
  return {
    product: 'onsmqtt',
    methods: about.methods,
    run: ({ call, service, requestId }) => {
      const caller = authenticate(call, service)
      service.countCall(caller, call.operation)
      const required = (name: string): string => {
        const value = call.parameters.get(name) ?? ''
        if (value === '') throw new ServiceError('ParameterFieldCheckFailed', about.parameterError)
        return value
      }
      const instanceId = required('MqttInstanceId')
      const regionId = regionOf(call.host) ?? service.world.regionId
      const resource = `acs:mq:${regionId}:${caller.accountId}:${instanceId}`
      authorize(caller, [about.ramAction, 'mq:MqttInstanceAccess'], resource, requestId)

      const instance = service.world.instances.get(instanceId)
      if (instance?.regionId !== regionId) throw new ServiceError('MqttInstanceNotFound')
      if (instance.accountId !== caller.accountId) throw new ServiceError('MqttOwnerCheckError')
      if (!['enterprise-platinum', 'professional'].includes(instance.edition))
        throw new ServiceError('ApiNotSupport')
      return about.run({ instance, service, required })
    },
  }
}
