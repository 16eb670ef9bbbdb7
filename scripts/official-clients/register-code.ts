import type { StartupLine } from '../../emulator/startup-line.ts'
import { makeCall, type Client, type ClientCall, type Outcome } from './clients.ts'
import type { Tally } from './tally.ts'

/** The clients that can get a register code, each with a signature of its own. */
const clients: readonly (readonly [Client, string])[] = [
  ['onsmqtt', 'ACS3-HMAC-SHA256'],
  ['classic', 'classic HMAC-SHA1'],
]
const REGISTER_CODE = /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}\d+$/

/** A temporary key that the emulator is configured with. */
export type TemporaryKey = {
  readonly accessKeyId: string
  readonly accessKeySecret: string
  readonly securityToken: string
}

/**
 * Checks `GetRegisterCode` with both signatures.
 *
 * @param ahead an emulator whose clock is 20 minutes ahead
 */
export function checkRegisterCode(
  tally: Tally,
  programs: string,
  emulators: { readonly info: StartupLine; readonly ahead: StartupLine; readonly temporary: TemporaryKey },
): void {
  const { info, ahead, temporary } = emulators
  for (const [client, signature] of clients) {
    const get = (about: { instanceId?: string; keys?: ClientCall['keys']; at?: StartupLine } = {}): Outcome =>
      makeCall(
        {
          client,
          operation: 'GetRegisterCode',
          parameters: { MqttInstanceId: about.instanceId ?? info.instanceId },
          keys: about.keys ?? {},
        },
        about.at ?? info,
        programs,
      )
    const isCode = ({ RegisterCode }: Readonly<Record<string, unknown>>): boolean =>
      typeof RegisterCode === 'string' && REGISTER_CODE.test(RegisterCode)

    tally.succeeded(`${signature}: gets a register code`, get(), isCode)
    tally.succeeded(`${signature}: gets one with a temporary key`, get({ keys: temporary }), isCode)
    tally.refused(
      `${signature}: an awkward parameter is signed the same way on both sides`,
      get({ instanceId: 'post-cn ü*~\'()!+&=%/?"' }),
      'MqttInstanceNotFound',
    )
    tally.refused(
      `${signature}: unknown instance`,
      get({ instanceId: 'post-cn-none' }),
      'MqttInstanceNotFound',
    )
    tally.refused(
      `${signature}: wrong secret`,
      get({ keys: { accessKeySecret: 'wrong' } }),
      'SignatureDoesNotMatch',
    )
    tally.refused(
      `${signature}: unknown key`,
      get({ keys: { accessKeyId: 'nobody' } }),
      'InvalidAccessKeyId.NotFound',
    )
    tally.refused(
      `${signature}: wrong security token`,
      get({ keys: { ...temporary, securityToken: 'wrong' } }),
      'InvalidSecurityToken.Malformed',
    )
    tally.refused(`${signature}: clock 20 minutes off`, get({ at: ahead }), 'InvalidTimeStamp.Expired')
  }
}
