import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { workOn } from '../attempts/pace.ts'
import type { Timing } from '../attempts/retry.ts'
import { subjectOf } from '../certificates/ca-certificate.ts'
import { endOfCaBefore, makeDeviceCertificate, requireDeviceCa } from '../certificates/device-certificate.ts'
import { issuerOf, type Issuer } from '../certificates/x509.ts'
import { ActionError } from '../errors.ts'
import { runUrl } from '../github/context.ts'
import { readCaCertificateInput, readValidDays } from '../inputs/ca.ts'
import { kmsFor, maskCredentials, openSigner, requiredSigner, type ReadySigner } from '../inputs/signer.ts'
import { log, warn, writeSummary } from '../runner/log.ts'
import { keepMemoryFlat } from '../runner/memory.ts'
import { CHECK_DISK, reasonOf, removeFile, requireOutputFile, setOutputs } from '../runner/outputs.ts'
import { withProgress } from '../runner/progress.ts'
import { Report } from '../runner/report.ts'
import { prepareFolder, readOrders, type Order } from './device-certificate-orders.ts'

/** KMS allows 200 signatures a second for each account, which others use too. */
const SIGNATURES_PER_SECOND = 150
/** At most this many signatures are on their way to KMS. A key at hand signs one after the other. */
const AT_A_TIME = 40

/** Device certificates to issue together. */
type Batch = {
  readonly issuer: Issuer
  readonly key: ReadySigner
  readonly validDays: number
  readonly folder: string
}

/**
 * Makes a device certificate for each certificate request. Nothing is signed while a request is bad.
 *
 * @param timing for tests, which wait less than users
 */
export async function issueDeviceCertificatesAction(timing?: Timing): Promise<void> {
  keepMemoryFlat()
  // Both first, because they mask the credentials, and the key and its passphrase.
  maskCredentials()
  const signerInput = await requiredSigner()
  let retries = 0
  const many = { perSecond: SIGNATURES_PER_SECOND, onRetry: () => retries++ }
  // It masks the password of the proxy, too.
  const connectKms = await kmsFor(signerInput, { many, timing })
  const validDays = readValidDays('device')
  const caInput = await readCaCertificateInput()
  const { ca } = caInput
  requireDeviceCa(ca, 'ca-certificate')
  const issuer = issuerOf(ca)
  const orders = await readOrders(issuer)
  requireOutputFile()
  const folder = prepareFolder(orders)
  const report = new Report('device-certificates')
  log('CA', subjectOf(ca))
  log('Requests', String(orders.length))
  const ignored = new Set(orders.flatMap(({ request }) => request.ignoredExtensions))
  if (ignored.size > 0) log('Extensions', `requested, and ignored: ${[...ignored].join(', ')}`)
  const key = await openSigner(signerInput, caInput, connectKms)
  log('CA key', key.words)
  const end = endOfCaBefore({ issuer, validDays })
  if (end !== undefined)
    warn(`The certificates end with the CA, on ${end.toISOString()}, before valid-days: ${validDays}.`)

  const batch = { issuer, key, validDays, folder }
  const issued = new Set<Order>()
  let only: string | undefined
  const progress = (): string =>
    `${issued.size} of ${orders.length}${retries === 0 ? '' : `, after ${retries} ${retries === 1 ? 'retry' : 'retries'}`}`
  const finish = (): void => {
    try {
      for (const order of orders) {
        if (!issued.has(order)) report.add({ request: order.name, status: 'not-issued' })
      }
    } finally {
      setOutputs({
        'certificates-directory': folder,
        'certificate-count': String(issued.size),
        ...(only !== undefined && { certificate: only }),
        'report-file': report.file,
      })
    }
  }
  try {
    await withProgress('Issued', progress, () =>
      workOn(orders, key.kmsKey === undefined ? 1 : AT_A_TIME, async (order) => {
        const { certificate, line } = await issueOne(batch, order)
        issued.add(order)
        // Only one is kept: thousands would fill the memory.
        if (orders.length === 1) only = certificate.toString()
        report.add(line)
      }),
    )
  } catch (failure) {
    try {
      finish()
    } catch {
      // The user must read about the first failure, and not about this one.
    }
    throw explained(failure, { issued: issued.size, of: orders.length, folder, report })
  }
  finish()
  log('Issued', progress())
  log('Folder', folder)
  log('Report', report.file)
  writeSummary('Device certificates', {
    CA: subjectOf(ca),
    'Signed with': key.words,
    Issued: progress(),
    Folder: folder,
  })
}

/** @returns the certificate, which is in its file, and its line of the report */
async function issueOne({ issuer, key, validDays, folder }: Batch, order: Order) {
  const { request, name } = order
  const certificate = await makeDeviceCertificate({ issuer, signer: key.signer, request, validDays })
  const serialNumber = certificate.serialNumber.toLowerCase()
  const file = join(folder, `${order.base ?? serialNumber}.crt`)
  writeNew(file, certificate.toString())
  const line = {
    request: name,
    status: 'issued',
    file,
    // Not `subjectOf`, which hides what could be a register code: many devices are named by a UUID.
    subject: certificate.subject.replaceAll('\n', ', '),
    serialNumber,
    fingerprint: certificate.fingerprint256,
    notBefore: certificate.validFromDate.toISOString(),
    notAfter: certificate.validToDate.toISOString(),
    publicKeySha256: request.publicKeyFingerprint,
    kmsKeyId: key.kmsKey?.keyId,
    kmsKeyVersionId: key.kmsKey?.versionId,
    runUrl: runUrl(process.env),
  }
  return { certificate, line }
}

/** @throws ActionError also if the file is there: another process may have made it since the check */
function writeNew(file: string, content: string): void {
  try {
    writeFileSync(file, content, { flag: 'wx' })
  } catch (cause) {
    // A part of a certificate must not look like one. A file that was there already stays.
    if (reasonOf(cause) !== 'EEXIST') removeFile(file)
    throw new ActionError({
      what: `The certificate could not be written to ${file} (${reasonOf(cause)})`,
      fix: CHECK_DISK,
      foreign: [file],
      cause,
    })
  }
}

function explained(
  failure: unknown,
  parts: {
    readonly issued: number
    readonly of: number
    readonly folder: string
    readonly report: Report
  },
): unknown {
  if (!(failure instanceof ActionError)) return failure
  const { issued, of, folder, report } = parts
  const missing = report.isComplete
    ? 'The report names the requests that have no certificate: run the step again with these.'
    : 'Run the step again with the requests that have no certificate in the folder.'
  return failure.with({
    what: `${issued} of ${of} device certificates were issued, into ${folder}, before this failed: ${failure.message}`,
    fix: `${failure.fix} ${missing}`,
  })
}
