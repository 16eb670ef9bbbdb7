import type { X509Certificate } from 'node:crypto'
import type { Service } from '../alibaba-cloud/call.ts'
import { routeTo } from '../attempts/proxy.ts'
import { subjectOf } from '../certificates/ca-certificate.ts'
import { isSameSerialNumber } from '../certificates/certificate.ts'
import { ActionError } from '../errors.ts'
import { connect } from '../inputs/service.ts'
import type { Instance } from '../mqtt/call.ts'
import { confirmActive, registerCa, type Registration } from '../mqtt/register-ca.ts'
import { retireCa } from '../mqtt/retire-ca.ts'
import { log, writeSummary } from '../runner/log.ts'
import { cleanForeign, unlessSecret } from '../runner/masking.ts'
import { requireOutputFile, setOutputs } from '../runner/outputs.ts'
import { type Predecessor, readRegisterInputs } from './register-inputs.ts'

/** Registers a CA, once, however often it runs; then retires the CA that it succeeds. */
export async function registerAction(): Promise<void> {
  const { service: given, instanceId, ca, predecessor } = await readRegisterInputs()
  requireOutputFile()
  const instance = { instanceId, regionId: given.regionId }
  log('Instance', inWords(instance))
  log('Endpoint', routeTo(given.endpoint, given.transport.proxy))
  log('CA', subjectOf(ca.certificate))
  const service = await connect(given)

  const registration = await registerCa(service, instance, ca, tell)
  requireNoSecret(registration, ca.certificate)
  log('Serial number', registration.sn)
  log('Registered', story(registration))
  const retired =
    predecessor &&
    (await retire({ service, instance, certificate: ca.certificate, registration, predecessor }))
  if (retired !== undefined) log('Predecessor', retired)

  const [validBegin, validEnd] = validity(ca.certificate)
  log('Valid', `from ${validBegin} to ${validEnd}`)
  setOutputs({
    sn: registration.sn,
    status: 'active',
    created: String(registration.isCreated),
    'valid-begin': validBegin,
    'valid-end': validEnd,
  })
  writeSummary('CA registered with ApsaraMQ for MQTT', {
    Instance: inWords(instance),
    'CA name': cleanForeign(registration.name),
    'Serial number': registration.sn,
    Subject: subjectOf(ca.certificate),
    'Valid from': validBegin,
    'Valid to': validEnd,
    Status: 'active',
    'SHA-256 fingerprint': ca.certificate.fingerprint256,
    Registered: story(registration),
    ...(retired !== undefined && { Predecessor: retired }),
  })
}

/** It becomes an output that nobody masks. One that is not the certificate's own can be a secret in hex. */
function requireNoSecret({ sn }: Registration, { serialNumber }: X509Certificate): void {
  if (isSameSerialNumber(sn, serialNumber) || unlessSecret(sn) === sn) return
  throw new ActionError({
    what: 'The service told a serial number of the CA that holds a secret',
    fix: 'No service does that by itself: check the endpoint, and what is on the way to it.',
  })
}

function tell(line: string): void {
  log('Asking', cleanForeign(line))
}

function inWords({ instanceId, regionId }: Instance): string {
  return regionId === undefined ? instanceId : `${instanceId} in ${regionId}`
}

function story({ name, isCreated, isActivated }: Registration): string {
  const when = isCreated ? 'by this run' : 'before this run'
  return `${when}, under the name "${cleanForeign(name)}"${isActivated ? '; was inactive, and is active again' : ''}`
}

/** The certificate's own, in ISO 8601: the service has the very same certificate. */
function validity({ validFromDate, validToDate }: X509Certificate): [string, string] {
  return [validFromDate.toISOString(), validToDate.toISOString()]
}

type Succession = {
  readonly service: Service
  readonly instance: Instance
  readonly certificate: X509Certificate
  readonly registration: Registration
  readonly predecessor: Predecessor
}

/** What the predecessor does for the devices has to be done by the new CA first: an assumption is not enough here. */
async function requireSeenActive({
  service,
  instance,
  certificate,
  registration,
  predecessor,
}: Succession): Promise<void> {
  const { sn, isSeenActive } = registration
  if (isSeenActive) return
  try {
    await confirmActive(service, instance, { sn, certificate })
  } catch (error) {
    if (!(error instanceof ActionError)) throw error
    const { message, fix, code, serviceMessage, requestId } = error
    throw new ActionError({
      what: `The service took CA ${sn}, but does not show it active, so its predecessor ${predecessor.serialNumber} was left as it is: ${message}`,
      fix: `${fix} Then run the job again: it registers nothing twice, and goes on with the predecessor.`,
      code,
      serviceMessage,
      requestId,
      cause: error,
    })
  }
}

/** @returns what became of the predecessor, in words */
async function retire(parts: Succession): Promise<string> {
  const { service, instance, registration, predecessor } = parts
  const { serialNumber, onReplace } = predecessor
  if (onReplace === 'keep') return `${serialNumber}: kept as it is`
  await requireSeenActive(parts)
  try {
    const retired = await retireCa(service, instance, { serialNumber, onReplace }, tell)
    return `${serialNumber}: ${retired}`
  } catch (error) {
    if (!(error instanceof ActionError)) throw error
    const { message, fix, code, serviceMessage, requestId } = error
    const step = onReplace === 'delete' ? 'deleting' : 'inactivating'
    throw new ActionError({
      what: `CA ${registration.sn} is registered and active, but ${step} its predecessor ${serialNumber} failed: ${message}`,
      fix: `${fix} Then run the job again: it registers nothing twice, and finishes with the predecessor.`,
      code,
      serviceMessage,
      requestId,
      cause: error,
    })
  }
}
