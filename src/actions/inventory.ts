import type { Service } from '../alibaba-cloud/client.ts'
import { routeTo } from '../attempts/proxy.ts'
import type { Timing } from '../attempts/retry.ts'
import { ActionError } from '../errors.ts'
import { readSecrets } from '../inputs/credentials.ts'
import { flag, missingSecret, oneOf, required, secret, UNSET_IS_EMPTY, wholeNumber } from '../inputs/input.ts'
import { connect, readServiceInputs, type ServiceInputs } from '../inputs/service.ts'
import { CA, subjectIn } from '../mqtt/ca-certificates.ts'
import { formatInstance, type Instance } from '../mqtt/call.ts'
import { readPageToShow } from '../mqtt/certificates.ts'
import { DEVICE } from '../mqtt/device-certificates.ts'
import { readList } from '../mqtt/list.ts'
import type { Kind, Listed } from '../mqtt/registered.ts'
import { codeSpan, log, MAX_ROWS, warn, writeTable } from '../runner/log.ts'
import { cleanForeign, unlessSecret } from '../runner/masking.ts'
import { keepMemoryFlat } from '../runner/memory.ts'
import { requireOutputFile, setOutputs } from '../runner/outputs.ts'
import { withProgress } from '../runner/progress.ts'
import { Report } from '../runner/report.ts'
import {
  byEnd,
  byUrgency,
  COLUMNS,
  Findings,
  findingOf,
  issueRow,
  reportLine,
  rowOf,
  showSerialNumber,
  type Finding,
} from './inventory-findings.ts'
import {
  combined,
  formatCount,
  MAX_CA_WARNINGS,
  problemOf,
  sum,
  urgentCounts,
  warningOfDevices,
  warningsOfCas,
  type FailOn,
} from './inventory-words.ts'

/** The service allows 500 calls a second for each account, which others use too. */
const CALLS_PER_SECOND = 100
/** How many certificates that need attention the issue remembers. */
const MAX_IN_ISSUE = 2000

type InventoryInputs = {
  readonly service: ServiceInputs
  readonly instanceId: string
  readonly includeDevices: boolean
  readonly withinDays: number
  readonly failOn: FailOn
  /** For the issue; `undefined` if there must be none. */
  readonly githubToken: string | undefined
}

/** The lists, and where to write them. */
type Reading = {
  readonly service: Service
  readonly instance: Instance
  readonly withinDays: number
  readonly nowMs: number
  readonly report: Report
  /** How many certificates that need attention to keep. */
  readonly maxUrgent: number
  readonly retries: () => number
}

/** What is on the instance. */
type Inventory = { readonly cas: Findings; readonly devices: Findings | undefined }

/**
 * Lists the CAs of an instance, and its device certificates, and reports what expires.
 *
 * @param timing for tests, which wait less than users
 */
export async function inventoryAction(timing?: Timing): Promise<void> {
  keepMemoryFlat()
  let retries = 0
  const inputs = await readInputs({ onRetry: () => retries++, timing })
  const { instanceId, withinDays, includeDevices } = inputs
  const instance = { instanceId, regionId: inputs.service.regionId }
  requireOutputFile()
  log('Instance', formatInstance(instance))
  log('Endpoint', routeTo(inputs.service.endpoint.host, inputs.service.transport.proxy))
  const service = await connect(inputs.service)

  const report = new Report('inventory')
  const reading = {
    service,
    instance,
    withinDays,
    nowMs: Date.now(),
    report,
    maxUrgent: inputs.githubToken === undefined ? MAX_CA_WARNINGS + 1 : MAX_IN_ISSUE,
    retries: () => retries,
  }
  const { cas, devices } = await readAll(reading, includeDevices).catch((failure: unknown) => {
    // A part of a list must not look like the whole.
    report.remove()
    throw failure
  })
  const lists = [cas, ...(devices === undefined ? [] : [devices])]
  const { expired, expiring } = urgentCounts(lists)
  log('CAs', formatCount(cas))
  if (devices !== undefined) log('Devices', formatCount(devices))
  log('Expired', `${expired} active`)
  log('Expiring', `${expiring} active, within ${withinDays} days`)
  log('Report', report.file)
  const warnings = [...warningsOfCas(cas), ...warningOfDevices(devices, withinDays)]
  warnings.forEach(warn)
  writeTable('Certificates on ApsaraMQ for MQTT', {
    facts: {
      Instance: formatInstance(instance),
      CAs: formatCount(cas),
      ...(devices !== undefined && { 'Device certificates': formatCount(devices) }),
      Expired: String(expired),
      [`Expiring within ${withinDays} days`]: String(expiring),
    },
    columns: COLUMNS,
    rows: lists
      .flatMap(({ shown }) => shown)
      .sort(byUrgency)
      .slice(0, MAX_ROWS)
      .sort(byEnd)
      .map(rowOf),
    total: sum(lists, ({ count }) => count),
    more: `in the report: ${report.file}`,
  })
  const outputs = {
    'ca-count': String(cas.count),
    ...(devices !== undefined && { 'device-count': String(devices.count) }),
    'expired-count': String(expired),
    'expiring-count': String(expiring),
    'inactive-count': String(sum(lists, ({ inactive }) => inactive)),
    'report-file': report.file,
  }
  const issue = await keepIssue(lists, inputs)
  setOutputs({ ...outputs, ...(issue.url !== undefined && { 'issue-url': issue.url }) })
  const problem = problemOf(lists, inputs)
  if (issue.failure === undefined && problem === undefined) return
  throw combined(problem, issue.failure)
}

/** @throws ActionError also if a list cannot be read to its end */
async function readAll(reading: Reading, includeDevices: boolean): Promise<Inventory> {
  const cas = await readKind(reading, CA, (ca) => ({
    kind: 'CA',
    subject: cleanForeign(subjectIn(ca) ?? 'its certificate cannot be read'),
    caSerialNumber: undefined,
  }))
  if (!includeDevices) return { cas, devices: undefined }
  // Checked once for each CA and not for each device.
  const caSerialNumbers = new Map<string, string>()
  const devices = await readKind(reading, DEVICE, ({ caSn }) => {
    const caSerialNumber = caSerialNumbers.get(caSn) ?? showSerialNumber(caSn)
    caSerialNumbers.set(caSn, caSerialNumber)
    return { kind: 'device', subject: undefined, caSerialNumber }
  })
  return { cas, devices }
}

/** Reads a list into the report. */
async function readKind<Own>(
  { service, instance, report, maxUrgent, retries, ...limits }: Reading,
  kind: Kind<Own, Listed & Own>,
  more: (item: Own) => Pick<Finding, 'kind' | 'subject' | 'caSerialNumber'>,
): Promise<Findings> {
  const { length } = report
  let findings = new Findings(maxUrgent)
  const progress = (): string =>
    `${findings.count} ${kind.noun}s${retries() === 0 ? '' : `, retries so far: ${retries()}`}`
  await withProgress('Read', progress, () =>
    readList(kind, (page) => readPageToShow(service, instance, kind, page), {
      add: (items) => {
        const found = items.map((item) => findingOf(item, more(item), limits))
        found.forEach((finding) => {
          findings.add(finding)
        })
        report.add(...found.map(reportLine))
      },
      startAgain: () => {
        report.cut(length)
        findings = new Findings(maxUrgent)
      },
    }),
  )
  return findings
}

/** Keeps the GitHub issue. A failure is returned, because the outputs must be set all the same. */
async function keepIssue(
  lists: readonly Findings[],
  { service, instanceId, withinDays, githubToken }: InventoryInputs,
): Promise<{ readonly url?: string | undefined; readonly failure?: ActionError }> {
  if (githubToken === undefined) return {}
  // Octokit is loaded only here.
  const { keepExpiryIssue } = await import('../github/expiry-issue.ts')
  try {
    const issue = await keepExpiryIssue(
      process.env,
      {
        instanceId,
        regionId: service.regionId,
        expiresWithinDays: withinDays,
        certificates: lists
          .flatMap(({ urgent }) => urgent)
          .sort(byEnd)
          .map(issueRow),
        counts: urgentCounts(lists),
      },
      { token: githubToken, transport: service.transport, code: codeSpan },
    )
    const url = unlessSecret(issue?.url ?? '') || undefined
    const words =
      issue === undefined ? 'none, because nothing expires' : `#${issue.number}, without a usable URL`
    log('Issue', url ?? words)
    return { url }
  } catch (failure) {
    if (failure instanceof ActionError) return { failure }
    throw failure
  }
}

async function readInputs({
  onRetry,
  timing,
}: {
  readonly onRetry: () => void
  readonly timing: Timing | undefined
}): Promise<InventoryInputs> {
  // Both first, because they mask all secrets.
  const secrets = readSecrets(process.env)
  const token = secret('github-token')
  const many = { perSecond: CALLS_PER_SECOND, onRetry }
  const service = await readServiceInputs(process.env, secrets, { many, timing })
  const createIssue = flag('create-issue')
  if (createIssue && token === '') {
    throw await missingSecret(
      'Missing input: github-token',
      `create-issue: true needs it. Its default is the token of the job. ${UNSET_IS_EMPTY}`,
    )
  }
  return {
    service,
    instanceId: required('instance-id', 'post-cn-7mz2d******'),
    includeDevices: flag('include-devices'),
    withinDays: wholeNumber('expires-within-days', { fallback: 30, min: 0, max: 36_500, unit: 'days' }),
    failOn: oneOf('fail-on', ['none', 'expired', 'expiring']),
    githubToken: createIssue ? token : undefined,
  }
}
