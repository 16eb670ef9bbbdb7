import { readSignature } from './authentication.ts'
import { header, type Call } from './call.ts'
import { ServiceError } from './errors.ts'
import type { Service } from './service.ts'

/** Puts the true secrets of a call into a text, for tests that nothing a service echoes reaches a log. */
export function fillPlaceholders(text: string, call: Call, service: Service): string {
  return text.replace(
    /\{(\w+)\}/g,
    (placeholder, name: string) => values[name]?.(call, service) ?? placeholder,
  )
}

const values: Readonly<Record<string, (call: Call, service: Service) => string>> = {
  accessKeyId,
  accessKeySecret: (call, service) => service.findAccessKey(accessKeyId(call))?.secret ?? '',
  securityToken: (call) =>
    header(call.headers, 'x-acs-security-token') ?? call.parameters.get('SecurityToken') ?? '',
  authorization: (call) => header(call.headers, 'authorization') ?? call.parameters.get('Signature') ?? '',
  oidcToken: (call) => call.parameters.get('OIDCToken') ?? '',
  registerCode: (call, service) => {
    const codes = service.state.registerCodesOf(call.parameters.get('MqttInstanceId') ?? '')
    return codes.latest ?? codes.give()
  },
}

/** Empty when the call is not signed, or only in part. */
function accessKeyId(call: Call): string {
  try {
    return readSignature(call).accessKeyId
  } catch (error) {
    if (error instanceof ServiceError) return ''
    throw error
  }
}
