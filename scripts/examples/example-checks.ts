import type { Issued } from '../../testing/certificates.ts'
import { snOf } from '../../testing/registered-cas.ts'
import type { Check } from '../checks.ts'
import type { ExampleRun } from './run-example.ts'

/** A UUID followed by digits. */
export const REGISTER_CODE = /[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}\d{8}/
/** Shorter lines of a secret occur in other text by chance. */
const SHORTEST_LINE = 8

/** A CA that must be registered after the run. */
export type ExpectedCa = {
  readonly ca: Pick<Issued, 'certificate'>
  readonly instanceId: string
  readonly isActive: boolean
}

export type Expected = {
  /** The step that must fail. Its message is not checked, because act can lose the last lines of a failed step. */
  readonly failsAt?: string
  readonly calls: readonly string[]
  readonly cas: readonly ExpectedCa[]
  /** Texts of which the log must not contain a line. */
  readonly secrets: readonly string[]
}

/** Compares the run of an example with what is expected. */
export function checksOf({ exitCode, log, calls, cas }: ExampleRun, expected: Expected): Check[] {
  const { failsAt } = expected
  const found = cas.map(({ sn, instanceId, isActive }) => describeCa(sn, instanceId, isActive)).sort()
  const wanted = expected.cas
    .map(({ ca, instanceId, isActive }) => describeCa(snOf(ca), instanceId, isActive))
    .sort()
  const codes = cas.map(({ registrationCode }) => registrationCode)
  const secrets = [...codes, ...expected.secrets.flatMap(linesOf)]
  return [
    failsAt === undefined
      ? ['it succeeds', exitCode === 0]
      : [`it fails at: ${failsAt}`, exitCode === 1 && log.includes(`Failure - Main ${failsAt}`)],
    [
      `it makes the calls ${expected.calls.join(', ') || 'none'}`,
      calls.join() === expected.calls.join(),
      calls.join(', '),
    ],
    [`the CAs are ${wanted.join(', ')}`, found.join() === wanted.join(), found.join(', ')],
    ['each CA has its register code', codes.every((code) => REGISTER_CODE.test(code))],
    [
      'the log shows neither a code nor a line of a secret',
      !REGISTER_CODE.test(log) && secrets.every((secret) => !log.includes(secret)),
    ],
  ]
}

/** Puts a prefix before the names of checks. */
export function prefixed(prefix: string, checks: readonly Check[]): Check[] {
  return checks.map(([name, ...rest]) => [`${prefix}: ${name}`, ...rest])
}

function describeCa(sn: string, instanceId: string, isActive: boolean): string {
  return `${sn.slice(0, 12)}… of ${instanceId} (${isActive ? 'active' : 'inactive'})`
}

function linesOf(text: string): string[] {
  return text.split(/\n|\\n/).filter((line) => line.length >= SHORTEST_LINE && !line.startsWith('-----'))
}
