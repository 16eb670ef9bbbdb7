import { authenticate } from '../authentication.ts'
import { authorize } from '../authorization.ts'
import { ServiceError } from '../errors.ts'
import { regionOf } from '../host-names.ts'
import type { Parameters } from '../parameters.ts'
import type { Service } from '../service.ts'
import type { Instance } from '../world.ts'
import type { Operation } from './operation.ts'

/**
 * An operation on an MQTT instance, after everything that all of these check first: signature, flow control, RAM,
 * and that the instance is there, belongs to the caller and has an edition that knows certificates.
 *
 * @param ramAction needed together with `mq:MqttInstanceAccess`
 */
export function onInstance(about: {
  readonly methods: readonly string[]
  readonly ramAction: string
  readonly run: (request: {
    readonly instance: Instance
    readonly parameters: Parameters
    readonly service: Service
  }) => Readonly<Record<string, unknown>>
}): Operation {
  return {
    product: 'onsmqtt',
    methods: about.methods,
    run: ({ call, service, requestId }) => {
      const caller = authenticate(call, service)
      service.countCall(caller, call.operation)
      const instanceId = call.parameters.get('MqttInstanceId') ?? ''
      if (instanceId === '') throw new ServiceError('ParameterFieldCheckFailed')
      const regionId = regionOf(call.host) ?? service.world.regionId
      const resource = `acs:mq:${regionId}:${caller.accountId}:${instanceId}`
      authorize(caller, [about.ramAction, 'mq:MqttInstanceAccess'], resource, requestId)

      const instance = service.world.instances.get(instanceId)
      if (instance?.regionId !== regionId) throw new ServiceError('MqttInstanceNotFound')
      if (instance.accountId !== caller.accountId) throw new ServiceError('MqttOwnerCheckError')
      if (!['enterprise-platinum', 'professional'].includes(instance.edition))
        throw new ServiceError('ApiNotSupport')
      return about.run({ instance, parameters: call.parameters, service })
    },
  }
}
