import { onInstance } from './on-instance.ts'

/**
 * Gives out a new register code each time.
 *
 * @see https://www.alibabacloud.com/help/en/apsaramq-for-mqtt/mqtt-upgraded/developer-reference/api-onsmqtt-2020-04-20-getregistercode
 */
export const getRegisterCode = onInstance({
  methods: ['GET'],
  ramAction: 'mq:GetRegisterCode',
  run: ({ instance, service }) => ({ RegisterCode: service.state.registerCodesOf(instance.id).give() }),
})
