import type { Timing } from '../attempts/retry.ts'
import { makeCaCertificate } from '../certificates/issued-ca.ts'
import { subjectOf } from '../certificates/ca-certificate.ts'
import { readSubject } from '../certificates/subject.ts'
import { readValidDays } from '../inputs/ca.ts'
import { required } from '../inputs/input.ts'
import { maskCredentials, openKmsKey, readKms, requiredKmsKey } from '../inputs/signer.ts'
import { log, writeSummary } from '../runner/log.ts'
import { requireOutputFile, setFileOutputs } from '../runner/outputs.ts'

/**
 * Makes a self-signed CA certificate for a key in KMS. Each run makes another one.
 *
 * @param timing for tests, which wait less than users
 */
export async function createCaAction(timing?: Timing): Promise<void> {
  // First, because an invalid input must not be reported before they are masked.
  maskCredentials()
  const named = requiredKmsKey()
  // It masks the password of the proxy, too.
  const connectKms = await readKms({ timing })
  const subject = readSubject('subject', required('subject', 'CN=Devices 2026,O=Example,C=CN'))
  const validDays = readValidDays('ca')
  requireOutputFile()

  const { signer, words } = await openKmsKey(await connectKms(), named)
  const certificate = await makeCaCertificate({ signer, subject, validDays })
  const { serialNumber, fingerprint256, validFromDate, validToDate } = certificate
  const file = setFileOutputs('ca-certificate', certificate.toString(), {
    'serial-number': serialNumber.toLowerCase(),
    fingerprint: fingerprint256,
  })

  const valid = `from ${validFromDate.toISOString()} to ${validToDate.toISOString()}`
  const facts = {
    Subject: subjectOf(certificate),
    'Serial number': serialNumber.toLowerCase(),
    Fingerprint: `SHA-256 ${fingerprint256}`,
    Valid: valid,
    'Signed with': words,
  }
  for (const [label, fact] of Object.entries(facts)) log(label, fact)
  log('Certificate', `output ca-certificate, and file ${file}`)
  writeSummary('CA certificate for device certificates', facts, certificate.toString())
}
