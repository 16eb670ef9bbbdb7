/**
 * `npm run demo`: registers a CA and issues the certificate of a device with the actions in dist/, on this machine only.
 * First with a CA's key at hand, then with one in KMS. In the end, the device connects and is shut out. It throws, and so
 * exits with 1, if anything is not as it says.
 */
import { randomBytes, X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { styleText } from 'node:util'
import { connectAsync, type MqttClient } from 'mqtt'
import { startEmulator } from '../emulator/start.ts'
import { makeCa, makeRequestPem, privateKey, privateKeyPem } from '../testing/certificates.ts'
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
  claim('It is the same code.', unsealed.outputs['register-code'] === code.outputs['register-code'])

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
  const key = privateKey('EC P-256')
  const device = await step('issue-device-certificates', {
    ...kms,
    ...inKms,
    'certificate-requests': await makeRequestPem('device-1', key),
  })
  const issued = new X509Certificate(device.outputs['certificate'] ?? '')
  const isSigned = issued.verify(new X509Certificate(inKms['ca-certificate']).publicKey)
  claim(`It is for ${issued.subject}, and the CA signed it.`, isSigned)

  title('Calls that the emulator received so far')
  for (const { operation, status, code } of await emulator.requests()) {
    const error = code === null ? '' : `, ${code}: ${EXPECTED[code] ?? 'refused'}`
    show(`${operation.padEnd(22)} HTTP ${status ?? 'none'}${error}`)
  }

  title('The device connects to the broker, which registers its certificate')
  const identity = { cert: issued.toString(), key: privateKeyPem(key) }
  const client = await connectDevice(identity)
  comment(`${info.mqttEndpoint} lets it in, by its certificate alone.`)
  const topic = 'devices/device-1'
  const text = await passMessage(client, topic, 'Hello!')
  claim(`It publishes "Hello!" to ${topic}, and receives "${text}".`, text === 'Hello!')
  // The broker would not close an open connection.
  await client.endAsync()

  title('Shut the device out, by its name')
  const device1 = { 'ca-certificate': inKms['ca-certificate'], 'device-names': 'device-1' }
  const change = { ...service, ...device1, status: 'inactive' }
  const { outputs } = await step('set-status', change, /^Error|\bactive\b/)
  claim(
    'One certificate changed. If it were deleted, the broker would register it again.',
    outputs['changed-count'] === '1',
  )

  title('The device cannot connect any more')
  const refusal = await connectDevice(identity).then(() => undefined, String)
  claim(`The broker ends the TLS handshake. The device sees: ${refusal}`, refusal !== undefined)
  const refused = (await emulator.requests('MqttConnect')).at(-1)
  claim(`The emulator's log has the reason: ${refused?.code}`, refused?.code === 'DeviceInactive')

  title('Done. Copy a workflow from examples/ to use the actions.')
}

/** Connects a device to the broker, once. Throws if the broker refuses it. */
async function connectDevice(identity: { readonly cert: string; readonly key: string }): Promise<MqttClient> {
  const { mqttEndpoint, caFile } = emulator.info
  const options = { ...identity, ca: readFileSync(caFile), reconnectPeriod: 0 }
  return await connectAsync(`mqtts://${mqttEndpoint}`, options, false)
}

/** Returns what a device receives on a topic after it publishes a message there. */
async function passMessage(client: MqttClient, topic: string, message: string): Promise<string> {
  await client.subscribeAsync(topic, { qos: 1 })
  // It is one, but its type does not say so.
  const emitter = client as unknown as NodeJS.EventEmitter
  const received = once(emitter, 'message', { signal: AbortSignal.timeout(10_000) })
  await client.publishAsync(topic, message, { qos: 1 })
  const [, payload] = (await received) as [string, Buffer]
  return payload.toString()
}

/**
 * Runs a step and shows its log. Throws if it fails, which ends the demo.
 *
 * @param shown the lines to show; by default all
 */
async function step(action: string, inputs: Readonly<Record<string, string>>, shown = /^/): Promise<StepRun> {
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
    onLine: (line) => {
      if (shown.test(line)) show(line)
    },
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

/** Shows a comment that must be true. Throws if it is not, which ends the demo. */
function claim(text: string, isTrue: boolean): void {
  if (!isTrue) throw new Error(`This is not true: ${text}`)
  comment(text)
}

function show(line: string): void {
  console.log(`  ${line}`)
}
