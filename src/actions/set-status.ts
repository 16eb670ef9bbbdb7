import { workOn } from '../attempts/pace.ts'
import { routeTo } from '../attempts/proxy.ts'
import type { Timing } from '../attempts/retry.ts'
import { derSerialNumber } from '../certificates/certificate.ts'
import { ActionError } from '../errors.ts'
import { connect } from '../inputs/service.ts'
import { formatInstance } from '../mqtt/call.ts'
import { log, MAX_ROWS, writeTable } from '../runner/log.ts'
import { cleanForeign } from '../runner/masking.ts'
import { requireOutputFile, setOutputs } from '../runner/outputs.ts'
import { withProgress } from '../runner/progress.ts'
import { Report } from '../runner/report.ts'
import { GOALS, NOT_TRIED, settle, stateOf, type Result, type Run } from './certificate-status.ts'
import { readStatusInputs } from './set-status-inputs.ts'
import { findCa, targetsOf } from './set-status-targets.ts'
import {
  dateOf,
  LABELS,
  lineOf,
  nameOf,
  notDone,
  sayWhatIsGone,
  textOf,
  warnOfMissing,
} from './set-status-words.ts'

/** The service allows 500 calls a second for each account, which others use too. */
const CALLS_PER_SECOND = 100
/** At most this many certificates are worked on. */
const AT_A_TIME = 40
/** How many changes have a line in the log. */
const MAX_LOGGED = 50

/**
 * Activates, deactivates or deletes device certificates, or a CA. A second run changes nothing. All certificates are
 * tried, whatever happens to one of them.
 *
 * @param timing for tests, which wait less than users
 */
export async function setStatusAction(timing?: Timing): Promise<void> {
  let retries = 0
  const inputs = await readStatusInputs({ perSecond: CALLS_PER_SECOND, onRetry: () => retries++ }, timing)
  requireOutputFile()
  const { service: serviceInputs, instanceId, devices, status, isDryRun } = inputs
  const instance = { instanceId, regionId: serviceInputs.regionId }
  log('Instance', formatInstance(instance))
  log('Endpoint', routeTo(serviceInputs.endpoint.host, serviceInputs.transport.proxy))
  const service = await connect(serviceInputs)
  const ca = await findCa(service, instance, inputs)
  const caSn = ca?.sn ?? derSerialNumber(inputs.ca.serialNumber)
  const caWords = `${caSn}, ${stateOf(ca)}${ca === undefined ? '' : `, under the name "${cleanForeign(ca.name)}"`}`
  log('CA', caWords)
  const targets = await targetsOf(service, instance, ca, inputs)
  const report = new Report('set-status')

  let linesLeft = MAX_LOGGED
  // A text is made only if it is shown, because that takes time.
  const logFew = (label: string, fact: () => string): void => {
    if (linesLeft-- > 0) log(label, fact())
    else if (linesLeft === -1) log('More', 'in the report')
  }
  const onVerify = (line: string): void => {
    logFew('Verify', () => cleanForeign(line))
  }
  const run: Run = { service, instance, status, isDryRun, caSn, isCaActive: ca?.isActive === true, onVerify }
  const results: Result[] = []
  const tried = (): readonly Result[] => results.filter(({ error }) => error !== NOT_TRIED)
  const count = (...outcomes: readonly Result['outcome'][]): string =>
    String(tried().filter(({ outcome }) => outcomes.includes(outcome)).length)
  const progress = (): string =>
    `${tried().length} of ${targets.length}${retries === 0 ? '' : `, after ${retries} retries`}`
  const finish = (): void => {
    setOutputs({
      ...(!isDryRun && { 'changed-count': count('changed') }),
      'unchanged-count': count('unchanged'),
      'missing-count': count('missing'),
      'report-file': report.file,
    })
  }
  try {
    await withProgress('Done', progress, () =>
      workOn(targets, AT_A_TIME, async (target) => {
        const result = await settle(run, target)
        results.push(result)
        const { outcome, before = '', after = '' } = result
        const message = textOf(result)
        const label = LABELS[outcome]
        if (message !== undefined && label !== undefined) log(label, message)
        else if (outcome === 'changed' || outcome === 'would-change') {
          const change = isDryRun ? 'Would change' : 'Changed'
          logFew(change, () => `${nameOf(result)}: from ${before} to ${after}`)
        }
        report.add({ ...lineOf(run, target, result), message: message ?? result.error?.message })
      }),
    )
  } catch (failure) {
    try {
      finish()
    } catch {
      // The user must read about the first failure, and not about this one.
    }
    if (!(failure instanceof ActionError)) throw failure
    throw failure.with({
      what: `${count('changed')} of ${targets.length} certificates were changed before this failed: ${failure.message}`,
      fix: `${failure.fix} Run the step again: it changes nothing twice.`,
    })
  }
  finish()

  const facts = {
    Done: progress(),
    [isDryRun ? 'Would change' : 'Changed']: count('changed', 'would-change'),
    Unchanged: count('unchanged'),
    Missing: count('missing'),
    Failed: count('failed', 'refused'),
  }
  for (const [label, fact] of Object.entries(facts)) log(label, fact)
  const late = results.length - tried().length
  if (late > 0) log('Not tried', `${late}, named in the report`)
  log('Report', report.file)
  const isBad = ({ outcome, error }: Result): boolean =>
    error !== undefined && !(outcome === 'missing' && inputs.ignoresMissing)
  const bad = results.filter(isBad)
  const { done } = GOALS[status]
  const [subject, badSubject, verb] =
    devices === undefined
      ? ['CA', 'The CA', 'was']
      : ['Device certificates', `${bad.length} of ${results.length} device certificates`, 'were']
  const whatIsBad = `${badSubject} ${isDryRun ? 'would not be' : `${verb} not`} ${done}`
  const title = bad.length > 0 ? whatIsBad : `${subject} ${isDryRun ? 'would be ' : ''}${done}`
  writeTable(isDryRun ? `Dry run: ${title}` : title, {
    facts: { Instance: formatInstance(instance), CA: caWords, ...facts },
    columns: ['Serial number', 'Name', 'Valid to', 'Before', 'Result'],
    // Those that need somebody's attention first.
    rows: results
      .toSorted((one, other) => Number(isBad(other)) - Number(isBad(one)))
      .slice(0, MAX_ROWS)
      .map((result) => [
        cleanForeign(result.serialNumber ?? ''),
        cleanForeign(result.name ?? ''),
        dateOf(result) ?? '',
        result.before ?? '',
        result.outcome,
      ]),
    total: results.length,
    more: 'in the report',
  })
  sayWhatIsGone(run, { results, isCa: devices === undefined })
  if (status === 'inactive' && inputs.ignoresMissing) warnOfMissing(results, isDryRun)
  if (bad.length > 0) throw notDone(whatIsBad, bad)
}
