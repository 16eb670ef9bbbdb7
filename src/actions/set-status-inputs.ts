import type { X509Certificate } from 'node:crypto'
import type { Timing } from '../attempts/retry.ts'
import { readAnyCaCertificate } from '../certificates/ca-certificate.ts'
import type { RequestProblem } from '../certificates/certificate-requests.ts'
import {
  checkIssuer,
  readGivenCertificates,
  type GivenCertificate,
} from '../certificates/given-certificates.ts'
import { ActionError } from '../errors.ts'
import { readSources } from '../inputs/certificate-requests.ts'
import { readSecrets } from '../inputs/credentials.ts'
import { flag, oneOf, optional, optionalList, required, UNSET_IS_EMPTY } from '../inputs/input.ts'
import { optionalCertificate } from '../inputs/pem.ts'
import { optionalSerialNumber, optionalSerialNumbers } from '../inputs/serial-number.ts'
import { readServiceInputs, type ManyCalls, type ServiceInputs } from '../inputs/service.ts'
import { log } from '../runner/log.ts'
import { cleanForeign } from '../runner/masking.ts'
import { firstFixes, firstOf } from './first-of.ts'

export const STATUSES = ['inactive', 'active', 'deleted'] as const
export type Status = (typeof STATUSES)[number]

/** The inputs of `set-status`. */
export type StatusInputs = {
  readonly service: ServiceInputs
  readonly instanceId: string
  readonly status: Status
  readonly ca: NamedCa
  /** `undefined` for the CA itself. */
  readonly devices: NamedDevices | undefined
  readonly ignoresMissing: boolean
  /** Whether to look only. */
  readonly isDryRun: boolean
}

/** A CA: its serial number in hex, and its certificate if that was given. */
export type NamedCa = { readonly serialNumber: string; readonly certificate: X509Certificate | undefined }

/** Device certificates of a CA, as an input names them; each once. */
export type NamedDevices =
  | { readonly kind: 'serial-numbers'; readonly digits: readonly string[] }
  | { readonly kind: 'certificates'; readonly certificates: readonly GivenCertificate[] }
  | { readonly kind: 'device-names'; readonly names: readonly string[] }

/**
 * Reads the inputs of `set-status`.
 *
 * @param many how to make the calls
 * @param timing for tests, which wait less than users
 * @throws ActionError
 */
export async function readStatusInputs(many: ManyCalls, timing?: Timing): Promise<StatusInputs> {
  // First, because it masks all secrets of the credentials.
  const secrets = readSecrets(process.env)
  const service = await readServiceInputs(process.env, secrets, { many, timing })
  const instanceId = required('instance-id', 'post-cn-7mz2d******')
  required('status', 'inactive')
  const status = oneOf('status', STATUSES)
  const target = oneOf('target', ['device', 'ca'])
  const ignoresMissing = oneOf('if-missing', ['error', 'ignore']) === 'ignore'
  const isDryRun = flag('dry-run')
  const ca = await readNamedCa()
  const devices = await readDevices(target)
  if (ca.certificate !== undefined && devices?.kind === 'certificates')
    requireIssuedBy(ca.certificate, devices.certificates)
  return { service, instanceId, status, ca, devices, ignoresMissing, isDryRun }
}

async function readNamedCa(): Promise<NamedCa> {
  onlyOneOf(['ca-serial-number', 'ca-certificate'], 'the CA')
  const pem = await optionalCertificate('ca-certificate')
  if (pem !== undefined) {
    const certificate = readAnyCaCertificate(pem)
    return { serialNumber: certificate.serialNumber, certificate }
  }
  // Not in decimal: to change another CA than the meant one would be worse than an error.
  const [serialNumber = ''] = optionalSerialNumber('ca-serial-number')?.readings ?? []
  return { serialNumber, certificate: undefined }
}

async function readDevices(target: 'device' | 'ca'): Promise<NamedDevices | undefined> {
  const names = ['serial-numbers', 'certificates', 'device-names'] as const
  if (target === 'ca') {
    const given = names.find((name) => optional(name) !== '')
    if (given === undefined) return undefined
    throw new ActionError({
      what: `${given} is set, but target: ca changes the CA itself`,
      fix: `Remove ${given} to change the CA, or remove target to change device certificates.`,
    })
  }
  onlyOneOf(names, 'the device certificates')
  const digits = optionalSerialNumbers('serial-numbers')
  if (digits !== undefined) return { kind: 'serial-numbers', digits }
  const deviceNames = optionalList('device-names', /[\r\n]/)
  if (deviceNames !== undefined) return { kind: 'device-names', names: deviceNames }
  return { kind: 'certificates', certificates: await readCertificates() }
}

/** @throws ActionError unless exactly one of these inputs is set */
function onlyOneOf(names: readonly string[], what: string): void {
  const set = names.filter((name) => optional(name) !== '')
  if (set.length === 1) return
  const all = new Intl.ListFormat('en', { type: 'disjunction' }).format(names)
  throw set.length === 0
    ? new ActionError({
        what: `Missing input: ${all}`,
        fix: `Set one of them to say which ${what.replace('the ', '')} to change. ${UNSET_IS_EMPTY}`,
      })
    : new ActionError({
        what: `${new Intl.ListFormat('en').format(set)} are set together`,
        fix: `Set only one of them to name ${what}.`,
      })
}

async function readCertificates(): Promise<readonly GivenCertificate[]> {
  // Not by serial number: certificates of other CAs can have the same, and must be refused.
  const byFingerprint = new Map<string, GivenCertificate>()
  const problems: RequestProblem[] = []
  for await (const source of readSources('certificates', 'revoked/*.crt')) {
    const read = readGivenCertificates(source)
    problems.push(...read.problems)
    for (const given of read.certificates) byFingerprint.set(given.certificate.fingerprint256, given)
  }
  if (problems.length > 0) throw refused(problems)
  return [...byFingerprint.values()]
}

/** @throws ActionError which certificates this CA did not issue */
export function requireIssuedBy(ca: X509Certificate, certificates: readonly GivenCertificate[]): void {
  const problems = checkIssuer(certificates, ca)
  if (problems.length > 0) throw refused(problems)
}

function refused(problems: readonly RequestProblem[]): ActionError {
  for (const { name, problem, fix } of problems)
    log('Bad input', `${cleanForeign(`${name} ${problem}`)}. ${fix}`)
  const { words, foreign } = firstOf(problems, (problem) => problem)
  return new ActionError({
    what: `Nothing was changed, because of the input certificates: ${words}`,
    fix: firstFixes(problems),
    foreign,
  })
}
