import type { X509Certificate } from 'node:crypto'
import type { Service } from '../alibaba-cloud/client.ts'
import { routeTo } from '../attempts/proxy.ts'
import type { Timing } from '../attempts/retry.ts'
import { subjectOf } from '../certificates/ca-certificate.ts'
import { isSameSerialNumber } from '../certificates/certificate.ts'
import { ActionError } from '../errors.ts'
import { connect } from '../inputs/service.ts'
import { formatInstance, type Instance } from '../mqtt/call.ts'
import { confirmActive, planRegistration, registerCa, type Registration } from '../mqtt/register-ca.ts'
import { type Retired, retireCa } from '../mqtt/retire-ca.ts'
import { log, warn, writeSummary } from '../runner/log.ts'
import { cleanForeign, unlessSecret } from '../runner/masking.ts'
import { requireOutputFile, setOutputs } from '../runner/outputs.ts'
import { readRegisterInputs, type Predecessor } from './register-inputs.ts'

/**
 * Registers a CA once, however often it runs; then retires the CA that it replaces.
 *
 * @param timing for tests, which wait less than users
 */
export async function registerAction(timing?: Timing): Promise<void> {
  const { service: inputs, instanceId, ca, predecessor, isDryRun } = await readRegisterInputs(timing)
  requireOutputFile()
  const instance = { instanceId, regionId: inputs.regionId }
  log('Instance', formatInstance(instance))
  log('Endpoint', routeTo(inputs.endpoint.host, inputs.transport.proxy))
  log('CA', subjectOf(ca.certificate))
  const service = await connect(inputs)

  const registration = isDryRun
    ? await planRegistration(service, instance, ca)
    : await registerCa(service, instance, ca, logVerification)
  requireNoSecret(registration, ca.certificate)
  const { isCreated, isActivated, kmsKey } = registration
  const registered = `${stateOf(registration, isDryRun)}, under the name "${cleanForeign(registration.name)}"`
  const labels = isDryRun
    ? { registered: 'Dry run', key: 'Signing key' }
    : { registered: 'Registered', key: 'Signed with' }
  log('Serial number', registration.sn)
  if (kmsKey !== undefined) log(labels.key, kmsKey)
  log(labels.registered, registered)
  const retired =
    predecessor &&
    (await retire({ service, instance, certificate: ca.certificate, registration, predecessor, isDryRun }))
  if (retired !== undefined) log('Predecessor', retired.words)

  // Dates of the given certificate, because the service has the same one.
  const validBegin = ca.certificate.validFromDate.toISOString()
  const validEnd = ca.certificate.validToDate.toISOString()
  log('Valid', `from ${validBegin} to ${validEnd}`)
  const isActive = !isDryRun || !(isCreated || isActivated)
  setOutputs({
    sn: registration.sn,
    ...(isActive && { status: 'active' }),
    ...(!isDryRun && { created: String(isCreated) }),
    'valid-begin': validBegin,
    'valid-end': validEnd,
    ...(!isDryRun && retired !== undefined && { predecessor: retired.outcome }),
  })
  writeSummary(titleOf(registration, isDryRun), {
    Instance: formatInstance(instance),
    'CA name': cleanForeign(registration.name),
    'Serial number': registration.sn,
    Subject: subjectOf(ca.certificate),
    'Valid from': validBegin,
    'Valid to': validEnd,
    ...(isActive && { Status: 'active' }),
    'SHA-256 fingerprint': ca.certificate.fingerprint256,
    [labels.registered]: registered,
    ...(kmsKey !== undefined && { [labels.key]: kmsKey }),
    ...(retired !== undefined && { Predecessor: retired.words }),
  })
}

/** The serial number becomes an output that is not masked. If it is not the certificate's own, it may be a secret in hex. */
function requireNoSecret({ sn }: Registration, { serialNumber }: X509Certificate): void {
  if (isSameSerialNumber(sn, serialNumber) || unlessSecret(sn) === sn) return
  throw new ActionError({
    what: 'The service returned a serial number of the CA that contains a secret',
    fix: 'No service does this by itself: check the endpoint, and every proxy on the way to it.',
  })
}

function logVerification(line: string): void {
  log('Verify', cleanForeign(line))
}

function stateOf({ isCreated, isActivated }: Registration, isDryRun: boolean): string {
  if (isDryRun) {
    if (isCreated) return 'would be registered'
    return isActivated ? 'registered already, would be activated' : 'registered already'
  }
  if (isCreated) return 'by this run'
  return isActivated ? 'before this run, activated by this run' : 'before this run'
}

function titleOf({ isCreated, isActivated }: Registration, isDryRun: boolean): string {
  const [start, would] = isDryRun ? ['Dry run: ', 'would be '] : ['', '']
  if (isCreated) return `${start}CA ${would}registered with ApsaraMQ for MQTT`
  return isActivated
    ? `${start}CA ${would}activated in ApsaraMQ for MQTT`
    : `${start}CA already registered with ApsaraMQ for MQTT`
}

type Succession = {
  readonly service: Service
  readonly instance: Instance
  readonly certificate: X509Certificate
  readonly registration: Registration
  readonly predecessor: Predecessor
  readonly isDryRun: boolean
}

/** What was done with the predecessor: the output, and words for log and summary. */
type RetiredPredecessor = { readonly outcome: Retired['kind'] | 'kept'; readonly words: string }

async function retire(succession: Succession): Promise<RetiredPredecessor> {
  const { service, instance, registration, predecessor, isDryRun } = succession
  const { serialNumber, onReplace } = predecessor
  const { text, readings } = serialNumber
  if (onReplace === 'keep') return { outcome: 'kept', words: `${text}: kept` }
  await requireActive(succession)
  try {
    const retired = await retireCa(service, instance, { readings, onReplace, isDryRun }, logVerification)
    if (retired.kind === 'not-found') warnNotFound(succession, retired.snOfFingerprint)
    return { outcome: retired.kind, words: `${text}: ${formatRetired(retired, isDryRun)}` }
  } catch (error) {
    if (!(error instanceof ActionError) || isDryRun) throw error
    const step = onReplace === 'delete' ? 'deleting' : 'deactivating'
    throw error.with({
      what: `CA ${registration.sn} is registered and active, but ${step} its predecessor ${text} failed: ${error.message}`,
      fix: `${error.fix} Then run the job again: it registers nothing twice, and retires the predecessor.`,
    })
  }
}

function formatRetired(retired: Retired, isDryRun: boolean): string {
  if (retired.kind === 'not-found') return 'not found'
  if (retired.isUnchanged) return 'already inactive'
  return `${isDryRun ? 'would be ' : ''}${retired.kind === 'deleted' ? 'deleted' : 'deactivated'}`
}

/** Not an error, because an earlier run may have deleted it. But if the value is wrong, the old CA is still active. */
function warnNotFound(
  { instance, predecessor, isDryRun }: Succession,
  snOfFingerprint: string | undefined,
): void {
  const { text } = predecessor.serialNumber
  const fix =
    snOfFingerprint === undefined
      ? 'Set replaces to the serial number of the old CA in hex, such as the output sn of its registration. If that CA is deleted already, remove replaces.'
      : `The value is the fingerprint of CA ${cleanForeign(snOfFingerprint)}. Set replaces to ${cleanForeign(snOfFingerprint)}, its serial number.`
  warn(
    `The predecessor was not found: instance ${instance.instanceId} has no CA with the serial number ${text}, so no CA ${isDryRun ? 'would be' : 'was'} retired. ${fix}`,
  )
}

/** The new CA must be active before the predecessor stops serving devices: being registered is not proof enough. */
async function requireActive({
  service,
  instance,
  certificate,
  registration: { sn, isSeenActive },
  predecessor: { serialNumber },
}: Succession): Promise<void> {
  if (isSeenActive) return
  try {
    await confirmActive(service, instance, { sn, certificate })
  } catch (error) {
    if (!(error instanceof ActionError)) throw error
    throw error.with({
      what: `The service registered CA ${sn} but does not report it as active, so its predecessor ${serialNumber.text} was not changed: ${error.message}`,
      fix: `${error.fix} Then run the job again: it registers nothing twice, and retires the predecessor.`,
    })
  }
}
