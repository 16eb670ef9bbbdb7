/**
 * `npm run test:workflow`: runs the action in workflows, on a runner that was not written here, against the emulator.
 * Checks that the next step got the whole code, and that the log shows neither it nor a secret.
 */
import { randomInt, randomUUID } from 'node:crypto'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startEmulator } from '../emulator/start.ts'
import { act } from './act.ts'
import { pythonEnvironment } from './python-environment.ts'

type Check = readonly [name: string, held: boolean]

const programs = pythonEnvironment('act', '__tests__/workflow/requirements.txt')
if (programs !== undefined) {
  const checks = [
    ...(await codeReachesTheNextStep(programs, 'register-code', ['GetRegisterCode'])),
    ...(await codeReachesTheNextStep(programs, 'keyless', [
      'GitHubIdToken',
      'AssumeRoleWithOIDC',
      'GetRegisterCode',
    ])),
  ]
  report(checks)
}

async function codeReachesTheNextStep(
  programs: string,
  workflow: string,
  calls: readonly string[],
): Promise<Check[]> {
  const emulator = await startEmulator()
  const folder = mkdtempSync(join(tmpdir(), 'workflow-'))
  try {
    const { info } = emulator
    // A code known beforehand, or there would be nothing to compare with.
    const registerCode = `${randomUUID()}${randomInt(1e9, 1e10)}`
    await emulator.setFaults([{ operation: 'GetRegisterCode', fault: { registerCode } }])
    const proof = join(folder, 'proof')
    const { exitCode, log } = await act(`__tests__/workflow/${workflow}.yml`, {
      programs,
      cache: folder,
      vars: {
        INSTANCE_ID: info.instanceId,
        ENDPOINT: info.endpoint,
        ACCESS_KEY_ID: info.accessKeyId,
        ROLE_ARN: info.roleArn,
        OIDC_PROVIDER_ARN: info.oidcProviderArn,
      },
      secrets: { ACCESS_KEY_SECRET: info.accessKeySecret },
      env: {
        NODE_EXTRA_CA_CERTS: info.caFile,
        PROOF_FILE: proof,
        // GitHub's runner sets these for a job that may ask for a token.
        ACTIONS_ID_TOKEN_REQUEST_URL: info.idTokenRequestUrl,
        ACTIONS_ID_TOKEN_REQUEST_TOKEN: info.idTokenRequestToken,
      },
    })
    console.log(log)
    const requests = await emulator.requests()
    const made = requests.map(({ operation }) => operation)
    const secrets = [registerCode, info.accessKeySecret, info.idTokenRequestToken]
    const checks: Check[] = [
      ['the workflow succeeded', exitCode === 0],
      ['the next step got the whole code', existsSync(proof) && readFileSync(proof, 'utf8') === registerCode],
      ['the log shows the step that used it', log.includes('The code is ***.')],
      ['the log shows neither the code nor a secret', secrets.every((secret) => !log.includes(secret))],
      [`it made the calls ${calls.join(', ')}`, made.join() === calls.join()],
    ]
    return checks.map(([name, held]) => [`${workflow}: ${name}`, held])
  } finally {
    await emulator.stop()
    rmSync(folder, { recursive: true, force: true })
  }
}

function report(checks: readonly Check[]): void {
  for (const [name, held] of checks) console.log(`${held ? 'passed' : 'FAILED'}  ${name}`)
  const failed = checks.filter(([, held]) => !held).length
  console.log(`${checks.length - failed} passed, ${failed} failed`)
  process.exitCode = failed === 0 ? 0 : 1
}
