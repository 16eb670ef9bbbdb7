/** `npm run demo`: the whole way from an instance to a registered CA, with the actions as they ship, on this machine. */
import { randomBytes, X509Certificate } from 'node:crypto'
import { startEmulator } from '../emulator/start.ts'
import { makeCa } from './ca.ts'
import { hide, runStep, type StepRun } from './runner.ts'

/** What the answers mean that are no failures here. */
const MEANINGS: Readonly<Record<string, string>> = { FindCaBySnError: 'the CA is not there yet' }

const emulator = await startEmulator()
try {
  await wholeWay()
} finally {
  await emulator.stop()
}

async function wholeWay(): Promise<void> {
  const { info } = emulator
  title('A local ApsaraMQ for MQTT, so that no account is needed')
  show(`It listens on ${info.endpoint} and checks what the real one checks. Nothing leaves this machine.`)

  const where = {
    'instance-id': info.instanceId,
    'region-id': info.regionId,
    endpoint: info.endpoint,
    'sts-endpoint': info.endpoint,
    'role-to-assume': info.roleArn,
    'oidc-provider-arn': info.oidcProviderArn,
  }
  const ca = await makeCa('Devices of the demo')
  const sealKey = randomBytes(16).toString('hex')

  title('Job 1, step 1. Get the register code, without any stored key, and seal a copy for another job')
  const code = await step('.', { ...where, 'seal-key': sealKey })

  title('Job 1, step 2. Make the verification certificate of the code')
  const signed = await step('sign', {
    'register-code': code.outputs['register-code'] ?? '',
    'ca-certificate': ca.certificate,
    'ca-private-key': ca.privateKey,
  })
  const certificate = new X509Certificate(signed.outputs['verification-certificate'] ?? '')
  show(`Its subject is ${hide(certificate.subject, code.masks)}: the code, masked.`)

  title('Job 2, step 1. Open the seal: GitHub would not have passed the masked code itself')
  const unsealed = await step('unseal', {
    'sealed-register-code': code.outputs['sealed-register-code'] ?? '',
    'seal-key': sealKey,
  })
  const isSame = unsealed.outputs['register-code'] === code.outputs['register-code']
  show(isSame ? 'It is the same code.' : 'It is another code!')

  title('Job 2, step 2. Register the CA')
  const registration = {
    ...where,
    'ca-name': 'devices-of-the-demo',
    'ca-certificate': ca.certificate,
    'verification-certificate': signed.outputs['verification-certificate'] ?? '',
  }
  await step('register', registration)

  title('The same step again, as after a failed job: it changes nothing')
  await step('register', registration)

  title('What the service was asked')
  for (const { operation, status, code } of await emulator.requests()) {
    show(
      `${operation}: HTTP ${status ?? 'none'}${code === null ? '' : `, ${code}: ${MEANINGS[code] ?? 'refused'}`}`,
    )
  }
}

/** Runs a step and shows its log; the demo ends with a step that fails. */
async function step(action: string, inputs: Readonly<Record<string, string>>): Promise<StepRun> {
  const { info } = emulator
  const run = await runStep(action, inputs, {
    env: {
      NODE_EXTRA_CA_CERTS: info.caFile,
      ACTIONS_ID_TOKEN_REQUEST_URL: info.idTokenRequestUrl,
      ACTIONS_ID_TOKEN_REQUEST_TOKEN: info.idTokenRequestToken,
      GITHUB_REPOSITORY: 'acme/devices',
      GITHUB_RUN_ID: '1',
    },
    onLine: show,
  })
  if (run.exitCode !== 0) throw new Error(`The step ended with ${String(run.exitCode)}. ${run.stderr}`)
  return run
}

function title(text: string): void {
  console.log(`\n\u001b[1m${text}\u001b[0m`)
}

function show(line: string): void {
  console.log(`  ${line}`)
}
