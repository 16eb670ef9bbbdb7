import { randomBytes } from 'node:crypto'
import { DAY_MS, makeCa, privateKeyPem, type Issued } from '../../testing/certificates.ts'
import type { Check } from '../checks.ts'
import { checksOf, prefixed, type Expected } from './example-checks.ts'
import { KEYLESS, runExample, type Setting } from './run-example.ts'

const LOOK_UP = [...KEYLESS, 'GetCaCertificate']
const LOOK_UP_AND_REGISTER = [...LOOK_UP, 'GetRegisterCode', 'RegisterCaCertificate']
/** All CAs are valid from ten days ago. An earlier date must be from an earlier rotation. */
const EARLIER_ROTATION = -20

/** A day of a rotation: what is in the repository, and what is expected. */
type Day = Omit<Expected, 'cas' | 'secrets'> & {
  readonly current: Issued
  readonly previous?: Issued
  /** Days from now. */
  readonly retirePreviousIn?: number
  readonly active: readonly Issued[]
  readonly inactive?: readonly Issued[]
}

/** Runs the example on the days of a rotation, and on some that are mistakes. */
export async function rotation(setting: Setting): Promise<Check[]> {
  const [previous, current] = [await makeCa(), await makeCa()]
  const expiring = await makeCa({ notAfter: daysFromNow(30) })
  const both = { current, previous, active: [previous, current] }
  const after = { current, previous, active: [current], inactive: [previous] }
  const days: Readonly<Record<string, Day>> = {
    'before any rotation': { current: previous, calls: LOOK_UP_AND_REGISTER, active: [previous] },
    'first day': { ...both, retirePreviousIn: 30, calls: LOOK_UP_AND_REGISTER },
    'second day': { ...both, retirePreviousIn: 29, calls: LOOK_UP },
    'a date of an earlier rotation': {
      ...both,
      retirePreviousIn: EARLIER_ROTATION,
      failsAt: 'Check the date of the previous CA',
      calls: [],
    },
    'last day': {
      ...after,
      retirePreviousIn: 0,
      // The previous CA is looked up before and after the change.
      calls: [...LOOK_UP, 'GetCaCertificate', 'InactivateCaCertificate', 'GetCaCertificate'],
    },
    'day after': { ...after, retirePreviousIn: -1, calls: [...LOOK_UP, 'GetCaCertificate'] },
    'a CA that expires soon': {
      current: expiring,
      failsAt: 'Fail 90 days before the current CA expires',
      calls: LOOK_UP_AND_REGISTER,
      active: [current, expiring],
      inactive: [previous],
    },
  }
  const checks: Check[] = []
  for (const [name, day] of Object.entries(days)) checks.push(...prefixed(name, await runDay(setting, day)))
  return checks
}

async function runDay(setting: Setting, day: Day): Promise<Check[]> {
  const { instanceId } = setting.emulator.info
  const passphrase = randomBytes(16).toString('hex')
  const key = privateKeyPem(day.current.key, passphrase)
  const run = await runExample('rotation', setting, {
    event: 'schedule',
    files: {
      'ca/current.pem': day.current.pem,
      ...(day.previous && { 'ca/previous.pem': day.previous.pem }),
      ...(day.retirePreviousIn !== undefined && {
        'ca/retire-previous-on': `${daysFromNow(day.retirePreviousIn).toISOString().slice(0, 10)}\n`,
      }),
    },
    secrets: { CA_PRIVATE_KEY: key.replaceAll('\n', '\\n'), CA_PRIVATE_KEY_PASSPHRASE: passphrase },
  })
  const cas = [
    ...day.active.map((ca) => ({ ca, instanceId, isActive: true })),
    ...(day.inactive ?? []).map((ca) => ({ ca, instanceId, isActive: false })),
  ]
  return checksOf(run, { ...day, cas, secrets: [passphrase, key, privateKeyPem(day.current.key)] })
}

function daysFromNow(days: number): Date {
  return new Date(Date.now() + days * DAY_MS)
}
