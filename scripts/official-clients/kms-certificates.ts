import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { StartupLine } from '../../emulator/run.ts'
import { runStep } from '../../testing/run-step.ts'
import type { Check } from '../checks.ts'
import { makeCall, runPython } from './client.ts'

const REGISTER_CODE = '13274673-8f90-4630-bea1-9cccb25756ad2089473625'
const SUBJECT = 'CN=CA in KMS,O=Example,C=CN'
/** One that the CA outlives, and one that it does not. */
const [CA_DAYS, DEVICE_DAYS, VERIFICATION_DAYS] = [3650, 365, 4000]

/** Makes certificates with keys in KMS through dist/, and lets Python's `cryptography` compare and verify them. */
export async function checkCertificates(programs: string, info: StartupLine): Promise<Check[]> {
  const requests = runPython('certificate_requests.py', null, programs) as string[]
  const checks: Check[] = []
  for (const [kind, keyId] of [
    ['EC', info.kmsKeyId],
    ['RSA', info.kmsRsaKeyId],
  ] as const) {
    const certificates = await makeCertificates(keyId, requests, info)
    const publicKey = publicKeyOf(keyId, info, programs)
    const described = certificates.map((one) => ({
      ...one,
      name: `${kind} CA in KMS, ${one.name}`,
      publicKey,
    }))
    checks.push(...(runPython('certificates.py', described, programs) as Check[]))
  }
  return checks
}

/** Makes a CA, a verification certificate and device certificates, and describes what each must be. The CA is first. */
async function makeCertificates(keyId: string, requests: readonly string[], info: StartupLine) {
  const folder = mkdtempSync(join(tmpdir(), 'kms-certificates-'))
  const run = async (action: string, validDays: number, inputs: Readonly<Record<string, string>>) => {
    const startedMs = Date.now()
    const { outputs, log, exitCode } = await runStep(
      action,
      {
        'region-id': info.regionId,
        'kms-endpoint': info.endpoint,
        'access-key-id': info.accessKeyId,
        'access-key-secret': info.accessKeySecret,
        'kms-key-id': keyId,
        'valid-days': String(validDays),
        ...inputs,
      },
      { env: { NODE_EXTRA_CA_CERTS: info.caFile } },
    )
    if (exitCode !== 0) throw new Error(`${action} failed: ${log}`)
    return { outputs, made: { validDays, startedMs, endedMs: Date.now() } }
  }
  try {
    const ca = await run('create-ca', CA_DAYS, { subject: SUBJECT })
    const { 'ca-certificate': pem = '' } = ca.outputs
    const verification = await run('sign', VERIFICATION_DAYS, {
      'register-code': REGISTER_CODE,
      'ca-certificate': pem,
    })
    requests.forEach((request, index) => {
      writeFileSync(join(folder, `device-${index + 1}.csr`), request)
    })
    const devices = await run('issue-device-certificates', DEVICE_DAYS, {
      'certificate-requests': join(folder, '*.csr'),
      'ca-certificate': pem,
      'output-directory': folder,
    })
    return [
      { name: 'the CA', kind: 'ca', pem, subject: SUBJECT, ...ca.made },
      {
        name: 'verification certificate',
        kind: 'verification',
        pem: verification.outputs['verification-certificate'],
        registerCode: REGISTER_CODE,
        ...verification.made,
      },
      ...requests.map((request, index) => {
        const name = `device-${index + 1}`
        const issued = readFileSync(join(folder, `${name}.crt`), 'utf8')
        return { name, kind: 'device', pem: issued, request, ...devices.made }
      }),
    ]
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/** Asks KMS for the public key of the only version of a key. */
function publicKeyOf(KeyId: string, info: StartupLine, programs: string): unknown {
  const call = (operation: string, parameters: Readonly<Record<string, string>>) =>
    makeCall({ client: 'kms', operation, parameters }, info, programs).body ?? {}
  const { KeyMetadata = {} } = call('DescribeKey', { KeyId }) as {
    KeyMetadata?: { PrimaryKeyVersion?: string }
  }
  const { PrimaryKeyVersion: KeyVersionId = '' } = KeyMetadata
  return call('GetPublicKey', { KeyId, KeyVersionId })['PublicKey']
}
