import type { ActionError } from '../errors.ts'
import { runUrl } from '../github/context.ts'
import { notice, warn } from '../runner/log.ts'
import { clean, cleanForeign, unlessSecret } from '../runner/masking.ts'
import { NOT_TRIED, type Result, type Run, type Target } from './certificate-status.ts'
import { firstFixes, firstOf } from './first-of.ts'

/** The labels of results in the log. */
export const LABELS: Readonly<Partial<Record<Result['outcome'], string>>> = {
  missing: 'Missing',
  refused: 'Refused',
  failed: 'Failed',
}

/** For messages. Its end is the serial number, because a long text is cut at its start. */
export function nameOf({ serialNumber = '', name = '', source = '' }: Result): string {
  const shown = cleanForeign(name || source)
  const number = cleanForeign(serialNumber)
  return shown === '' || number === '' ? `${shown}${number}` : `${shown} (${number})`
}

/** Why it was not changed as asked; `undefined` if it was, or not tried, which can be thousands. */
export function textOf(result: Result): string | undefined {
  const { error } = result
  if (error === undefined || error === NOT_TRIED) return undefined
  return `${nameOf(result)} ${error.describe(clean, cleanForeign)}`
}

export function dateOf({ validEnd }: Result): string | undefined {
  return validEnd === undefined ? undefined : new Date(validEnd).toISOString()
}

/** Returns the line of a certificate in the report. */
export function lineOf({ caSn }: Run, { kind }: Target, result: Result): Readonly<Record<string, unknown>> {
  const { outcome, serialNumber = '', name = '', source = '', before, after } = result
  const shown = unlessSecret(name) || undefined
  const shownSource = unlessSecret(source) || undefined
  return {
    caSerialNumber: unlessSecret(caSn),
    ...(kind === 'ca'
      ? { caName: shown }
      : { serialNumber: unlessSecret(serialNumber) || undefined, deviceName: shown, source: shownSource }),
    validEnd: dateOf(result),
    statusBefore: before,
    statusAfter: after,
    outcome,
    runUrl: runUrl(process.env),
  }
}

/** A certificate that never connected is no failure then, but it can still come in. */
export function warnOfMissing(results: readonly Result[], isDryRun: boolean): void {
  const missing = results.filter(({ outcome }) => outcome === 'missing')
  if (missing.length === 0) return
  const { words } = firstOf(missing, (result) => ({ name: nameOf(result), problem: 'is not registered' }))
  warn(
    `${missing.length} of ${results.length} ${isDryRun ? 'would not be' : 'were not'} deactivated, and can still connect: ${words}. Deactivate each after it connected, or replace the CA.`,
  )
}

/**
 * Names what should be deleted and is not there: its serial number can be wrong. For devices it is only a notice, because
 * a list of deleted ones is often given again.
 */
export function sayWhatIsGone(
  { caSn, instance: { instanceId } }: Run,
  { results, isCa }: { readonly results: readonly Result[]; readonly isCa: boolean },
): void {
  const gone = results.filter(({ outcome, before }) => outcome === 'unchanged' && before === 'not-registered')
  if (gone.length === 0) return
  if (isCa) {
    warn(
      `No CA with the serial number ${caSn} is registered with instance ${instanceId}: it was deleted before, or the serial number or instance-id is wrong`,
    )
    return
  }
  const { words } = firstOf(gone, (result) => ({ name: nameOf(result) }), 'the report')
  notice(
    `${gone.length} of ${results.length} are not registered with CA ${caSn}, so there is nothing to delete: ${words}. Each was deleted before, never connected, or has another serial number.`,
  )
}

export function notDone(what: string, bad: readonly Result[]): ActionError {
  const errors = bad.flatMap(({ error }) => error ?? [])
  const { words, foreign } = firstOf(
    bad,
    (result) => ({ name: nameOf(result), problem: result.error?.message ?? '' }),
    // The log does not name those that were not tried.
    errors.includes(NOT_TRIED) ? 'the report' : 'the log',
  )
  // Shows the code and the request ID of one failure.
  const example =
    errors.find(({ code, serviceMessage }) => (code ?? serviceMessage) !== undefined) ?? errors[0]
  if (example === undefined) throw new Error('nothing is bad')
  return example.with({ what: `${what}: ${words}`, fix: firstFixes(errors), foreign })
}
