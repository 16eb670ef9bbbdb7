import { snOf } from '../../__tests__/support/registered-cas.ts'
import type { Issued } from '../../__tests__/support/certificates.ts'
import type { Check } from '../checks.ts'
import type { Ended } from './run-example.ts'

/** How a register code looks: a UUID, and digits. */
export const CODE = /[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}\d{8}/
/** A shorter line of a secret may stand in any text by chance. */
const SHORTEST_LINE = 8

/** A CA that has to be there. */
export type Expected = { readonly ca: Issued; readonly instanceId: string; readonly isActive: boolean }

/** What holds of an example that ran, given what it has to leave behind. */
export function checksOf(
  { exitCode, log, calls, cas }: Ended,
  what: {
    /** The step that has to fail. Not by what it says: act may lose the last lines of a step that fails. */
    readonly failsAt?: string
    readonly calls: readonly string[]
    readonly cas: readonly Expected[]
    /** Texts of which no line may stand in the log. */
    readonly secrets: readonly string[]
  },
): Check[] {
  const found = cas.map(({ sn, instanceId, isActive }) => inWords(sn, instanceId, isActive))
  const expected = what.cas.map(({ ca, instanceId, isActive }) => inWords(snOf(ca), instanceId, isActive))
  const codes = cas.map(({ registrationCode }) => registrationCode)
  const secrets = [...codes, ...what.secrets.flatMap(linesOf)]
  return [
    what.failsAt === undefined
      ? ['it succeeded', exitCode === 0]
      : [`it failed at: ${what.failsAt}`, exitCode === 1 && log.includes(`Failure - Main ${what.failsAt}`)],
    [
      `it made the calls ${what.calls.join(', ') || 'none'}`,
      calls.join() === what.calls.join(),
      calls.join(', '),
    ],
    [`the CAs are now ${expected.join(', ')}`, isSame(found, expected), found.join(', ')],
    ['each has its register code', codes.every((code) => CODE.test(code))],
    [
      'the log shows neither a code nor a line of a secret',
      !CODE.test(log) && secrets.every((secret) => !log.includes(secret)),
    ],
  ]
}

/** The same checks, with the moment in their names. */
export function during(moment: string, checks: readonly Check[]): Check[] {
  return checks.map(([name, ...rest]) => [`${moment}: ${name}`, ...rest])
}

function isSame(found: readonly string[], expected: readonly string[]): boolean {
  return [...found].sort().join() === [...expected].sort().join()
}

function inWords(sn: string, instanceId: string, isActive: boolean): string {
  return `${sn.slice(0, 12)}… of ${instanceId} (${isActive ? 'active' : 'inactive'})`
}

function linesOf(text: string): string[] {
  return text.split(/\n|\\n/).filter((line) => line.length >= SHORTEST_LINE && !line.startsWith('-----'))
}
