import type { Timing } from '../attempts/retry.ts'
import { subjectOf } from '../certificates/ca-certificate.ts'
import { makeVerificationCertificate } from '../certificates/verification-certificate.ts'
import { issuerOf } from '../certificates/x509.ts'
import { readCaCertificateInput, readValidDays } from '../inputs/ca.ts'
import { requiredRegisterCode } from '../inputs/register-code.ts'
import { kmsFor, maskCredentials, openSigner, requiredSigner } from '../inputs/signer.ts'
import { log, writeSummary } from '../runner/log.ts'
import { requireOutputFile, setFileOutputs } from '../runner/outputs.ts'

/**
 * Makes the verification certificate from a register code, with the CA's private key or its key in KMS.
 *
 * @param timing for tests, which wait less than users
 */
export async function signAction(timing?: Timing): Promise<void> {
  // All three first, because they mask the credentials, the key, its passphrase and the code.
  maskCredentials()
  const signerInput = await requiredSigner()
  const registerCode = requiredRegisterCode()
  // It masks the password of the proxy, too.
  const kms = await kmsFor(signerInput, { timing })
  const validDays = readValidDays('verification')
  const caInput = await readCaCertificateInput()
  requireOutputFile()
  const { signer, words, kmsKey } = await openSigner(signerInput, caInput, kms)

  const { ca } = caInput
  const issuer = issuerOf(ca)
  const certificate = await makeVerificationCertificate({ issuer, signer, registerCode, validDays })
  const file = setFileOutputs('verification-certificate', certificate.toString())

  const { validFromDate, validToDate } = certificate
  const key = `${words}, signature ${certificate.signatureAlgorithm ?? 'unknown'}`
  const valid = `from ${validFromDate.toISOString()} to ${validToDate.toISOString()}`
  log('CA', subjectOf(ca))
  log('CA key', key)
  log('Valid', valid)
  log('Certificate', `output verification-certificate, and file ${file}`)
  if (kmsKey === undefined) return
  writeSummary('Verification certificate for ApsaraMQ for MQTT', {
    CA: subjectOf(ca),
    'Signed with': key,
    Valid: valid,
  })
}
