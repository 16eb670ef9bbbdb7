/**
 * `npm run test:workflow`: runs the actions in workflows, on a runner that was not written here, against the emulator.
 * Checks that the next step, or the other job, got the whole code, and that the log shows neither it nor a secret.
 */
import { randomBytes, randomInt, randomUUID, X509Certificate } from 'node:crypto'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { makeCa, type Ca } from '../demo/ca.ts'
import { startEmulator, type Emulator } from '../emulator/start.ts'
import { act } from './act.ts'
import { report, type Check } from './checks.ts'
import { pythonEnvironment } from './python-environment.ts'

/** What a workflow left behind. */
type Ended = {
  readonly exitCode: number | null
  readonly log: string
  /** A file that a step of it wrote; empty when it did not. */
  readonly proof: (ending?: string) => string
  readonly calls: readonly string[]
  /** Everything that its log must not show. */
  readonly secrets: readonly string[]
  readonly registerCode: string
  readonly ca: Ca
}

const programs = pythonEnvironment('act', '__tests__/workflow/requirements.txt')
if (programs !== undefined) {
  report([
    ...(await run(programs, 'register-code', handedOver(['GetRegisterCode']))),
    ...(await run(
      programs,
      'keyless',
      handedOver(['GitHubIdToken', 'AssumeRoleWithOIDC', 'GetRegisterCode']),
    )),
    ...(await run(programs, 'sealed', (ended) => [
      ...handedOver(['GetRegisterCode'])(ended),
      ...sealedAndSigned(ended),
    ])),
  ])
}

async function run(
  programs: string,
  workflow: string,
  checksOf: (ended: Ended) => readonly Check[],
): Promise<Check[]> {
  const emulator = await startEmulator()
  const folder = mkdtempSync(join(tmpdir(), 'workflow-'))
  try {
    const ended = await runWorkflow(programs, workflow, emulator, folder)
    console.log(ended.log)
    return checksOf(ended).map(([name, held]) => [`${workflow}: ${name}`, held])
  } finally {
    await emulator.stop()
    rmSync(folder, { recursive: true, force: true })
  }
}

async function runWorkflow(
  programs: string,
  workflow: string,
  emulator: Emulator,
  folder: string,
): Promise<Ended> {
  const { info } = emulator
  // A code known beforehand, or there would be nothing to compare with.
  const registerCode = `${randomUUID()}${randomInt(1e9, 1e10)}`
  await emulator.setFaults([{ operation: 'GetRegisterCode', fault: { registerCode } }])
  const ca = await makeCa('Devices of the workflow')
  const sealKey = randomBytes(16).toString('hex')
  const proofFile = join(folder, 'proof')
  const { exitCode, log } = await act(`__tests__/workflow/${workflow}.yml`, {
    programs,
    repository: dirname(import.meta.dirname),
    cache: folder,
    event: { name: 'workflow_dispatch' },
    actions: {},
    vars: {
      INSTANCE_ID: info.instanceId,
      ENDPOINT: info.endpoint,
      ACCESS_KEY_ID: info.accessKeyId,
      ROLE_ARN: info.roleArn,
      OIDC_PROVIDER_ARN: info.oidcProviderArn,
      CA_CERTIFICATE: ca.certificate,
    },
    secrets: { ACCESS_KEY_SECRET: info.accessKeySecret, SEAL_KEY: sealKey, CA_PRIVATE_KEY: ca.privateKey },
    env: {
      NODE_EXTRA_CA_CERTS: info.caFile,
      PROOF_FILE: proofFile,
      // GitHub's runner sets these for a job that may ask for a token.
      ACTIONS_ID_TOKEN_REQUEST_URL: info.idTokenRequestUrl,
      ACTIONS_ID_TOKEN_REQUEST_TOKEN: info.idTokenRequestToken,
    },
  })
  const keyLines = ca.privateKey.split('\n').filter((line) => line !== '' && !line.startsWith('-----'))
  return {
    exitCode,
    log,
    proof: (ending = '') => {
      const file = `${proofFile}${ending}`
      return existsSync(file) ? readFileSync(file, 'utf8') : ''
    },
    calls: (await emulator.requests()).map(({ operation }) => operation),
    secrets: [registerCode, info.accessKeySecret, info.idTokenRequestToken, sealKey, ...keyLines],
    registerCode,
    ca,
  }
}

/** What holds of every workflow that fetches a code and uses it in a later step. */
function handedOver(expected: readonly string[]): (ended: Ended) => readonly Check[] {
  return ({ exitCode, log, proof, calls, secrets, registerCode }) => [
    ['the workflow succeeded', exitCode === 0],
    ['the later step got the whole code', proof() === registerCode],
    ['the log shows the step that used it', log.includes('The code is ***.')],
    ['the log shows neither the code nor a secret', secrets.every((secret) => !log.includes(secret))],
    [`it made the calls ${expected.join(', ')}`, calls.join() === expected.join()],
  ]
}

/**
 * What holds of a sealed code. act passes a masked value on to another job, where GitHub's runner drops it, so it is
 * checked here that the seal holds none: neither as it is, nor in the one part of it that is readable.
 */
function sealedAndSigned({ proof, secrets, registerCode, ca }: Ended): readonly Check[] {
  const sealed = proof('.sealed')
  const header = Buffer.from(sealed.split('.')[0] ?? '', 'base64url').toString()
  const certificate = proof('.pem') === '' ? undefined : new X509Certificate(proof('.pem'))
  return [
    ['the other job got a seal', /^[\w-]+(\.[\w-]*){4}$/.test(sealed)],
    [
      'no masked value stands in the seal',
      secrets.every((secret) => !`${sealed} ${header}`.includes(secret)),
    ],
    ['the verification certificate has the code as its name', certificate?.subject === `CN=${registerCode}`],
    ['and is signed by the CA', certificate?.verify(new X509Certificate(ca.certificate).publicKey) === true],
  ]
}
