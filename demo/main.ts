/** `npm run demo`: the whole way from an instance to a verification certificate, on this machine alone. */
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { startEmulator } from '../emulator/start.ts'
import { hide, runStep } from './runner.ts'

const emulator = await startEmulator()
try {
  const { instanceId, regionId, endpoint, caFile, accessKeyId, accessKeySecret } = emulator.info
  title('A local ApsaraMQ for MQTT, so that no account is needed')
  show(`It listens on ${endpoint}, with an instance ${instanceId} and an access key made just now.`)

  title('Step 1: uses: OWNER/apsaramq-mqtt-register-code')
  const step = await runStep(
    '.',
    {
      'instance-id': instanceId,
      'region-id': regionId,
      endpoint,
      'access-key-id': accessKeyId,
      'access-key-secret': accessKeySecret,
    },
    { env: { NODE_EXTRA_CA_CERTS: caFile }, onLine: show },
  )
  if (step.exitCode !== 0) throw new Error(`step 1 ended with ${String(step.exitCode)}. ${step.stderr}`)

  title('Step 2: run: make the verification certificate, and sign it with the CA')
  const later = spawnSync(process.execPath, [join(import.meta.dirname, 'make-verification-certificate.ts')], {
    env: { PATH: process.env['PATH'], REGISTER_CODE: step.outputs['register-code'] },
    encoding: 'utf8',
  })
  if (later.status !== 0) throw new Error(`step 2 ended with ${String(later.status)}. ${later.stderr}`)
  hide(later.stdout, step.masks).trimEnd().split('\n').forEach(show)

  title('What the service saw')
  for (const { operation, status, requestId } of await emulator.requests()) {
    show(`${operation}: HTTP ${status}, request ${requestId}`)
  }
} finally {
  await emulator.stop()
}

function title(text: string): void {
  console.log(`\n\u001b[1m${text}\u001b[0m`)
}

function show(line: string): void {
  console.log(`  ${line}`)
}
