import type { StartupLine } from '../../emulator/run.ts'
import type { Check } from '../checks.ts'
import { makeCall, refused, succeeded, type Client, type ClientCall, type Outcome } from './client.ts'

const SIGNATURES: readonly (readonly [Client, string])[] = [
  ['onsmqtt', 'ACS3-HMAC-SHA256'],
  ['classic', 'classic HMAC-SHA1'],
]
const REGISTER_CODE = /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}\d+$/

/**
 * Checks `GetRegisterCode` with both signatures.
 *
 * @param emulators.ahead an emulator whose clock is 20 minutes ahead
 * @param emulators.temporary a temporary key that the emulator knows
 */
export function checkRegisterCode(
  programs: string,
  emulators: {
    readonly info: StartupLine
    readonly ahead: StartupLine
    readonly temporary: NonNullable<ClientCall['keys']>
  },
): Check[] {
  const { info, ahead, temporary } = emulators
  const isCode = ({ RegisterCode }: Readonly<Record<string, unknown>>): boolean =>
    typeof RegisterCode === 'string' && REGISTER_CODE.test(RegisterCode)
  return SIGNATURES.flatMap(([client, signature]) => {
    const get = (
      keys: ClientCall['keys'] = {},
      { instanceId = info.instanceId, at = info }: { instanceId?: string; at?: StartupLine } = {},
    ): Outcome =>
      makeCall(
        { client, operation: 'GetRegisterCode', parameters: { MqttInstanceId: instanceId }, keys },
        at,
        programs,
      )
    const refusals: readonly (readonly [name: string, outcome: Outcome, code: string])[] = [
      [
        'a parameter with special characters is signed alike on both sides',
        get({}, { instanceId: 'post-cn ü*~\'()!+&=%/?"' }),
        'MqttInstanceNotFound',
      ],
      ['unknown instance', get({}, { instanceId: 'post-cn-none' }), 'MqttInstanceNotFound'],
      ['wrong secret', get({ accessKeySecret: 'wrong' }), 'SignatureDoesNotMatch'],
      ['unknown key', get({ accessKeyId: 'nobody' }), 'InvalidAccessKeyId.NotFound'],
      [
        'wrong security token',
        get({ ...temporary, securityToken: 'wrong' }),
        'InvalidSecurityToken.Malformed',
      ],
      ['clock 20 minutes off', get({}, { at: ahead }), 'InvalidTimeStamp.Expired'],
    ]
    return [
      succeeded(`${signature}: gets a register code`, get(), isCode),
      succeeded(`${signature}: gets one with a temporary key`, get(temporary), isCode),
      ...refusals.map(([name, outcome, code]) => refused(`${signature}: ${name}`, outcome, code)),
    ]
  })
}
