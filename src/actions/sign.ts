import { readCaPrivateKey, subjectOf } from '../certificates/ca-certificate.ts'
import { formatKeyKind, requireCaKey } from '../certificates/keys.ts'
import { signerInMemory } from '../certificates/signer.ts'
import { makeVerificationCertificate } from '../certificates/verification-certificate.ts'
import { issuerOf } from '../certificates/x509.ts'
import { readCaCertificateInput, readValidDays, requiredCaKey } from '../inputs/ca.ts'
import { requiredRegisterCode } from '../inputs/register-code.ts'
import { log } from '../runner/log.ts'
import { removeFile, requireOutputFile, setOutputs, writeTemporaryFile } from '../runner/outputs.ts'

/** Makes the verification certificate from a register code and the CA's private key. */
export async function signAction(): Promise<void> {
  // Both first, because they mask the key, its passphrase and the code.
  const keyInput = await requiredCaKey()
  const registerCode = requiredRegisterCode()
  const validDays = readValidDays()
  const { ca, chain } = await readCaCertificateInput()
  const key = readCaPrivateKey({ ca, chain, ...keyInput })
  requireOutputFile()

  const issuer = issuerOf(ca)
  const signer = signerInMemory(key, issuer)
  const certificate = await makeVerificationCertificate({ issuer, signer, registerCode, validDays })
  const pem = certificate.toString()
  const file = writeTemporaryFile({ name: 'verification-certificate', extension: 'pem', content: pem })
  try {
    setOutputs({ 'verification-certificate': pem, 'verification-certificate-file': file })
  } catch (failure) {
    removeFile(file)
    throw failure
  }

  const { validFromDate, validToDate } = certificate
  log('CA', subjectOf(ca))
  log(
    'CA key',
    `${formatKeyKind(requireCaKey(key, 'The key of the CA'))}, signature ${certificate.signatureAlgorithm ?? 'unknown'}`,
  )
  log('Valid', `from ${validFromDate.toISOString()} to ${validToDate.toISOString()}`)
  log('Certificate', `output verification-certificate, and file ${file}`)
}
