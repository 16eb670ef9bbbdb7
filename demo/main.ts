/**
 * `npm run demo`: registers a CA and issues the certificate of a device with the actions in dist/, on this machine only.
 * First with a CA's key at hand, then with one in KMS.
 */
import { randomBytes, X509Certificate } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { styleText } from 'node:util'
import { startEmulator } from '../emulator/start.ts'
import { makeCa, makeRequestPem, privateKeyPem } from '../testing/certificates.ts'
import { hide, runStep, type StepRun } from '../testing/run-step.ts'

/** Explains responses that look like failures here but are expected. */
const EXPECTED: Readonly<Record<string, string>> = { FindCaBySnError: 'the CA is not registered yet' }

const emulator = await startEmulator()
/** The runner's temporary folder. */
const folder = mkdtempSync(join(tmpdir(), 'demo-'))
try {
  await demonstrate()
} finally {
  await emulator.stop()
  rmSync(folder, { recursive: true })
}

async function demonstrate(): Promise<void> {
  const { info } = emulator
  title('Emulator of ApsaraMQ for MQTT')
  comment(
    `It runs on ${info.endpoint} and verifies requests as the service does. Nothing leaves this machine.`,
  )

  const service = {
    'instance-id': info.instanceId,
    'region-id': info.regionId,
    endpoint: info.endpoint,
    'sts-endpoint': info.endpoint,
    'role-to-assume': info.roleArn,
    'oidc-provider-arn': info.oidcProviderArn,
  }
  const ca = await makeCa({ subject: 'CN=Demo CA' })
  const sealKey = randomBytes(16).toString('hex')

  title('Job 1: fetch the register code, without a stored key')
  const code = await step('.', { ...service, 'seal-key': sealKey })

  title('Job 1: make the verification certificate')
  const signed = await step('sign', {
    'register-code': code.outputs['register-code'] ?? '',
    'ca-certificate': ca.pem,
    'ca-private-key': privateKeyPem(ca.key),
  })
  const certificate = new X509Certificate(signed.outputs['verification-certificate'] ?? '')
  comment(`Its subject is ${hide(certificate.subject, code.masks)}, the masked code.`)

  title('Job 2: unseal the code, because GitHub passes no masked value to another job')
  const unsealed = await step('unseal', {
    'sealed-register-code': code.outputs['sealed-register-code'] ?? '',
    'seal-key': sealKey,
  })
  const isSame = unsealed.outputs['register-code'] === code.outputs['register-code']
  comment(isSame ? 'It is the same code.' : 'It is a different code!')

  title('Job 2: register the CA')
  const registration = {
    ...service,
    'ca-name': 'demo',
    'ca-certificate': ca.pem,
    'verification-certificate': signed.outputs['verification-certificate'] ?? '',
  }
  await step('register', registration)

  title('Job 2 again: the CA is registered already, so nothing changes')
  await step('register', registration)

  title('Without any secret: make a CA whose key never leaves KMS')
  const kms = {
    'kms-key-id': info.kmsKeyId,
    'kms-endpoint': info.endpoint,
    'region-id': info.regionId,
    'sts-endpoint': info.endpoint,
    'role-to-assume': info.roleArn,
    'oidc-provider-arn': info.oidcProviderArn,
  }
  const made = await step('create-ca', { ...kms, subject: 'CN=Demo CA in KMS,O=Example' })
  const inKms = { 'ca-certificate': made.outputs['ca-certificate'] ?? '', 'kms-key-id': info.kmsKeyId }

  title('Register it in one step: the code and the signature stay in the process')
  await step('register', { ...service, ...inKms, 'kms-endpoint': info.endpoint, 'ca-name': 'demo-kms' })

  title('Issue the certificate of a device')
  const device = await step('issue-device-certificates', {
    ...kms,
    ...inKms,
    'certificate-requests': await makeRequestPem('device-1'),
  })
  const issued = new X509Certificate(device.outputs['certificate'] ?? '')
  comment(
    issued.verify(new X509Certificate(inKms['ca-certificate']).publicKey)
      ? `It is for ${issued.subject}, and the CA signed it.`
      : 'The CA did not sign it!',
  )

  title('Calls that the emulator received')
  for (const { operation, status, code } of await emulator.requests()) {
    const error = code === null ? '' : `, ${code}: ${EXPECTED[code] ?? 'refused'}`
    show(`${operation.padEnd(22)} HTTP ${status ?? 'none'}${error}`)
  }

  title('Done. Copy a workflow from examples/ to use the actions.')
}

/** Runs a step and shows its log. Throws if it fails, which ends the demo. */
async function step(action: string, inputs: Readonly<Record<string, string>>): Promise<StepRun> {
  const { info } = emulator
  const run = await runStep(action, inputs, {
    env: {
      NODE_EXTRA_CA_CERTS: info.caFile,
      ACTIONS_ID_TOKEN_REQUEST_URL: info.idTokenRequestUrl,
      ACTIONS_ID_TOKEN_REQUEST_TOKEN: info.idTokenRequestToken,
      GITHUB_REPOSITORY: 'acme/devices',
      GITHUB_RUN_ID: '1',
      RUNNER_TEMP: folder,
    },
    onLine: show,
  })
  if (run.exitCode !== 0) throw new Error(`The step ended with ${String(run.exitCode)}. ${run.stderr}`)
  return run
}

function title(text: string): void {
  console.log(`\n${styleText('bold', text)}`)
}

/** Shows a line of the demo itself, which is not part of a log. */
function comment(text: string): void {
  show(`→ ${text}`)
}

function show(line: string): void {
  console.log(`  ${line}`)
}
