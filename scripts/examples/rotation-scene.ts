import { randomBytes } from 'node:crypto'
import { DAY_MS, makeCa, type Issued } from '../../__tests__/support/certificates.ts'
import type { Check } from '../checks.ts'
import { checksOf, during, type Expected } from './ended-checks.ts'
import { inOneLine, pem } from './keys.ts'
import { KEYLESS, runExample, type Setting } from './run-example.ts'

const LOOK = [...KEYLESS, 'GetCaCertificate']
const LOOK_AND_REGISTER = [...LOOK, 'GetRegisterCode', 'RegisterCaCertificate']

/**
 * A rotation from before its first day to after its last. All CAs began ten days ago, so a day before that was left
 * from an earlier rotation.
 */
export async function rotation(setting: Setting): Promise<Check[]> {
  const { instanceId } = setting.emulator.info
  const [previous, current] = [await makeCa(), await makeCa()]
  const ending = await makeCa({ notAfter: daysFromNow(30) })
  const state = (ca: Issued, isActive: boolean): Expected => ({ ca, instanceId, isActive })

  const day = async (
    moment: string,
    repository: { readonly current: Issued; readonly previous?: Issued; readonly retireOn?: Date },
    what: Omit<Parameters<typeof checksOf>[1], 'secrets'>,
  ): Promise<Check[]> => {
    const passphrase = randomBytes(16).toString('hex')
    const key = pem(repository.current.key, passphrase)
    const ended = await runExample('rotation', setting, {
      event: 'schedule',
      files: {
        'ca/current.pem': repository.current.pem,
        ...(repository.previous && { 'ca/previous.pem': repository.previous.pem }),
        ...(repository.retireOn && {
          'ca/retire-previous-on': `${repository.retireOn.toISOString().slice(0, 10)}\n`,
        }),
      },
      secrets: { CA_PRIVATE_KEY: inOneLine(key), CA_PRIVATE_KEY_PASSPHRASE: passphrase },
    })
    return during(
      moment,
      checksOf(ended, { ...what, secrets: [passphrase, key, pem(repository.current.key)] }),
    )
  }

  const both = { current, previous }
  return [
    ...(await day(
      'before any rotation',
      { current: previous },
      { calls: LOOK_AND_REGISTER, cas: [state(previous, true)] },
    )),
    ...(await day(
      'the first day',
      { ...both, retireOn: daysFromNow(30) },
      { calls: LOOK_AND_REGISTER, cas: [state(previous, true), state(current, true)] },
    )),
    ...(await day(
      'the day after',
      { ...both, retireOn: daysFromNow(29) },
      { calls: LOOK, cas: [state(previous, true), state(current, true)] },
    )),
    ...(await day(
      'a day of an earlier rotation',
      { ...both, retireOn: daysFromNow(-20) },
      {
        failsAt: 'See whether the previous CA is due',
        calls: [],
        cas: [state(previous, true), state(current, true)],
      },
    )),
    ...(await day(
      'the last day',
      { ...both, retireOn: daysFromNow(0) },
      {
        // The previous one is looked at before, and seen inactive after.
        calls: [...LOOK, 'GetCaCertificate', 'InactivateCaCertificate', 'GetCaCertificate'],
        cas: [state(previous, false), state(current, true)],
      },
    )),
    ...(await day(
      'after that',
      { ...both, retireOn: daysFromNow(-1) },
      {
        calls: [...LOOK, 'GetCaCertificate'],
        cas: [state(previous, false), state(current, true)],
      },
    )),
    ...(await day(
      'a CA that ends soon',
      { current: ending },
      {
        failsAt: 'Fail in good time before the current CA ends',
        calls: LOOK_AND_REGISTER,
        cas: [state(previous, false), state(current, true), state(ending, true)],
      },
    )),
  ]
}

function daysFromNow(days: number): Date {
  return new Date(Date.now() + days * DAY_MS)
}
