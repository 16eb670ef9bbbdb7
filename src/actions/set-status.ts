import type { X509Certificate } from 'node:crypto'
import type { Service } from '../alibaba-cloud/client.ts'
import { workOn } from '../attempts/pace.ts'
import { routeTo } from '../attempts/proxy.ts'
import type { Timing } from '../attempts/retry.ts'
import { derSerialNumber } from '../certificates/certificate.ts'
import { ActionError } from '../errors.ts'
import { runUrl } from '../github/context.ts'
import { connect } from '../inputs/service.ts'
import { certificateIn, findBySerialNumber, hasContent, type RegisteredCa } from '../mqtt/ca-certificates.ts'
import { formatInstance, type Instance } from '../mqtt/call.ts'
import { readPageToShow } from '../mqtt/certificates.ts'
import { DEVICE, type ListedDevice } from '../mqtt/device-certificates.ts'
import { readList } from '../mqtt/list.ts'
import { log, MAX_ROWS, notice, warn, writeTable } from '../runner/log.ts'
import { clean, cleanForeign, unlessSecret } from '../runner/masking.ts'
import { requireOutputFile, setOutputs } from '../runner/outputs.ts'
import { withProgress } from '../runner/progress.ts'
import { Report } from '../runner/report.ts'
import {
  GOALS,
  NOT_TRIED,
  settle,
  stateOf,
  type Result,
  type Run,
  type Target,
} from './certificate-status.ts'
import { firstFixes, firstOf } from './first-of.ts'
import { readStatusInputs, requireIssuedBy, type StatusInputs } from './set-status-inputs.ts'

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

/**
 * Looks up the CA.
 *
 * @returns `undefined` if it is to be deleted, and is not there
 * @throws ActionError if it is not there, or not the given one
 */
async function findCa(
  service: Service,
  instance: Instance,
  { ca: { serialNumber, certificate }, devices, status }: StatusInputs,
): Promise<RegisteredCa | undefined> {
  const { ca, snOfFingerprint } = await findBySerialNumber(service, instance, [serialNumber.toLowerCase()])
  if (ca !== undefined) {
    if (certificate === undefined || hasContent(ca, certificate)) return ca
    throw new ActionError({
      what: `The CA with the serial number ${ca.sn} that is registered with this instance is not the one in ca-certificate`,
      fix: 'Check ca-certificate and instance-id. To change the registered one, set ca-serial-number instead.',
    })
  }
  if (devices === undefined && status === 'deleted' && snOfFingerprint === undefined) return undefined
  throw new ActionError({
    what: `Instance ${instance.instanceId} has no CA with the serial number ${derSerialNumber(serialNumber)}`,
    fix:
      snOfFingerprint === undefined
        ? 'Check instance-id and the CA. A serial number must be in hex, such as the output sn of register.'
        : `The value is the fingerprint of CA ${snOfFingerprint}. Set ca-serial-number to ${snOfFingerprint}, its serial number.`,
  })
}

async function targetsOf(
  service: Service,
  instance: Instance,
  ca: RegisteredCa | undefined,
  { devices, ca: given }: StatusInputs,
): Promise<Target[]> {
  if (devices === undefined || ca === undefined) return [{ kind: 'ca', found: ca }]
  switch (devices.kind) {
    case 'serial-numbers':
      return devices.digits.map((digits) => ({ kind: 'device', digits }))
    case 'certificates': {
      // With a given certificate, they were checked before any call.
      if (given.certificate === undefined) {
        requireIssuedBy(certificateOf(ca), devices.certificates)
      }
      // Several of this CA with one serial number are one to the service.
      const sources = new Map(
        devices.certificates.map(({ name, certificate }) => [certificate.serialNumber, name]),
      )
      return [...sources].map(([digits, source]) => ({ kind: 'device', digits, source }))
    }
    case 'device-names': {
      const named = new Map(devices.names.map((name) => [name, new Map<string, ListedDevice>()]))
      let count = 0
      const progress = (): string => `${count} ${DEVICE.noun}s`
      await withProgress('Read', progress, () =>
        readList(DEVICE, (page) => readPageToShow(service, instance, DEVICE, page, ca.sn), {
          add: (items) => {
            count += items.length
            for (const device of items) named.get(device.name)?.set(device.sn, device)
          },
          startAgain: () => {
            count = 0
            for (const found of named.values()) found.clear()
          },
        }),
      )
      return [...named].flatMap(([name, found]) =>
        found.size === 0 ? [{ kind: 'no-such-name', name } as const] : Array.from(found.values(), targetOf),
      )
    }
  }
}

/** Returns a device of a list. One of unknown status is looked up on its own, so that it does not stop the others. */
function targetOf({ isActive, ...device }: ListedDevice): Target {
  return isActive === undefined
    ? { kind: 'device', digits: device.sn, name: device.name }
    : { kind: 'found', found: { ...device, isActive } }
}

/** @throws ActionError if the service does not show it */
function certificateOf({ sn, content }: RegisteredCa): X509Certificate {
  const certificate = certificateIn(content)
  if (certificate !== undefined) return certificate
  throw new ActionError({
    what: `The service reports no readable certificate of CA ${sn}, so the certificates could not be checked`,
    fix: 'Set ca-certificate instead of ca-serial-number.',
  })
}

/** The labels of results in the log. */
const LABELS: Readonly<Partial<Record<Result['outcome'], string>>> = {
  missing: 'Missing',
  refused: 'Refused',
  failed: 'Failed',
}

/** For messages. Its end is the serial number, because a long text is cut at its start. */
function nameOf({ serialNumber = '', name = '', source = '' }: Result): string {
  const shown = cleanForeign(name || source)
  const number = cleanForeign(serialNumber)
  return shown === '' || number === '' ? `${shown}${number}` : `${shown} (${number})`
}

/** Why it was not changed as asked; `undefined` if it was, or not tried, which can be thousands. */
function textOf(result: Result): string | undefined {
  const { error } = result
  if (error === undefined || error === NOT_TRIED) return undefined
  return `${nameOf(result)} ${error.describe(clean, cleanForeign)}`
}

function dateOf({ validEnd }: Result): string | undefined {
  return validEnd === undefined ? undefined : new Date(validEnd).toISOString()
}

/** Returns the line of a certificate in the report. */
function lineOf({ caSn }: Run, { kind }: Target, result: Result): Readonly<Record<string, unknown>> {
  const { outcome, serialNumber = '', name = '', source, before, after } = result
  const shown = unlessSecret(name) || undefined
  return {
    caSerialNumber: unlessSecret(caSn),
    ...(kind === 'ca'
      ? { caName: shown }
      : { serialNumber: unlessSecret(serialNumber) || undefined, deviceName: shown, source }),
    validEnd: dateOf(result),
    statusBefore: before,
    statusAfter: after,
    outcome,
    runUrl: runUrl(process.env),
  }
}

/** A certificate that never connected is no failure then, but it can still come in. */
function warnOfMissing(results: readonly Result[], isDryRun: boolean): void {
  const missing = results.filter(({ outcome }) => outcome === 'missing')
  if (missing.length === 0) return
  const { words } = firstOf(missing, (result) => ({ name: nameOf(result), problem: 'is not registered' }))
  warn(
    `${missing.length} of ${results.length} ${isDryRun ? 'would not be' : 'were not'} deactivated, and can still connect: ${words}. Deactivate each after it connected, or replace the CA.`,
  )
}

/**
 * Says what there is nothing to delete of, because its serial number can be wrong. For devices it is only a notice: a list
 * of deleted ones is often given again.
 */
function sayWhatIsGone(
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

function notDone(what: string, bad: readonly Result[]): ActionError {
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
