/**
 * Runs the workflows in `__tests__/workflow/` with act, against the emulator. Checks that the next step or the other job
 * gets the whole code, and that the log shows neither the code nor a secret. Needs Python 3.
 */
import { randomBytes, randomInt, randomUUID, X509Certificate } from 'node:crypto'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { startEmulator, type Emulator } from '../emulator/start.ts'
import { makeCa, privateKeyPem, type Issued } from '../testing/certificates.ts'
import { act, emulatorEnv } from './act.ts'
import { report, type Check } from './checks.ts'
import { prefixed } from './examples/example-checks.ts'
import { pythonEnvironment } from './python-environment.ts'

type WorkflowRun = {
  readonly exitCode: number | null
  readonly log: string
  /** Reads a file that a step wrote; empty if there is none. */
  readonly proof: (extension?: string) => string
  readonly calls: readonly string[]
  /** All that the log must not show. */
  readonly secrets: readonly string[]
  readonly registerCode: string
  readonly ca: Issued
}

const programs = pythonEnvironment('act', '__tests__/workflow/requirements.txt')
if (programs !== undefined) {
  const withKeys = await run(programs, 'register-code')
  const keyless = await run(programs, 'keyless')
  const sealed = await run(programs, 'sealed')
  report([
    ...prefixed('register-code', codeChecks(withKeys, ['GetRegisterCode'])),
    ...prefixed('keyless', codeChecks(keyless, ['GitHubIdToken', 'AssumeRoleWithOIDC', 'GetRegisterCode'])),
    ...prefixed('sealed', [...codeChecks(sealed, ['GetRegisterCode']), ...sealChecks(sealed)]),
  ])
}

async function run(programs: string, workflow: string): Promise<WorkflowRun> {
  const emulator = await startEmulator()
  const folder = mkdtempSync(join(tmpdir(), 'workflow-'))
  try {
    return await runWorkflow({ programs, workflow, folder }, emulator)
  } finally {
    await emulator.stop()
    rmSync(folder, { recursive: true, force: true })
  }
}

async function runWorkflow(
  { programs, workflow, folder }: { programs: string; workflow: string; folder: string },
  emulator: Emulator,
): Promise<WorkflowRun> {
  const { info } = emulator
  // Known beforehand, so that there is something to compare with.
  const registerCode = `${randomUUID()}${randomInt(1e9, 1e10)}`
  await emulator.setFaults([{ operation: 'GetRegisterCode', fault: { registerCode } }])
  const ca = await makeCa()
  const caPrivateKey = privateKeyPem(ca.key)
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
      CA_CERTIFICATE: ca.pem,
    },
    secrets: { ACCESS_KEY_SECRET: info.accessKeySecret, SEAL_KEY: sealKey, CA_PRIVATE_KEY: caPrivateKey },
    env: { ...emulatorEnv(info), PROOF_FILE: proofFile },
  })
  console.log(log)
  const keyLines = caPrivateKey.split('\n').filter((line) => line !== '' && !line.startsWith('-----'))
  const proofs = new Map(
    ['', '.sealed', '.pem']
      .filter((extension) => existsSync(`${proofFile}${extension}`))
      .map((extension) => [extension, readFileSync(`${proofFile}${extension}`, 'utf8')]),
  )
  return {
    exitCode,
    log,
    proof: (extension = '') => proofs.get(extension) ?? '',
    calls: (await emulator.requests()).map(({ operation }) => operation),
    secrets: [registerCode, info.accessKeySecret, info.idTokenRequestToken, sealKey, ...keyLines],
    registerCode,
    ca,
  }
}

/** Checks a workflow that fetches a code and uses it in a later step. */
function codeChecks(
  { exitCode, log, proof, calls, secrets, registerCode }: WorkflowRun,
  expected: string[],
): Check[] {
  return [
    ['the workflow succeeds', exitCode === 0],
    ['the later step gets the whole code', proof() === registerCode],
    ['the log shows the step that used it', log.includes('The code is ***.')],
    ['the log shows neither the code nor a secret', secrets.every((secret) => !log.includes(secret))],
    [`it makes the calls ${expected.join(', ')}`, calls.join() === expected.join(), calls.join(', ')],
  ]
}

/**
 * Checks the seal and the certificate made in the other job. GitHub's runner drops a job output that contains a masked
 * value but act does not, so this checks that the seal and its readable header contain none.
 */
function sealChecks({ proof, secrets, registerCode, ca }: WorkflowRun): Check[] {
  const sealed = proof('.sealed')
  const header = Buffer.from(sealed.split('.')[0] ?? '', 'base64url').toString()
  const certificate = proof('.pem') === '' ? undefined : new X509Certificate(proof('.pem'))
  return [
    ['the other job gets a seal', /^[\w-]+(\.[\w-]*){4}$/.test(sealed)],
    ['the seal contains no masked value', secrets.every((secret) => !`${sealed} ${header}`.includes(secret))],
    ['the code is the name of the verification certificate', certificate?.subject === `CN=${registerCode}`],
    ['the CA signed it', certificate?.verify(ca.certificate.publicKey) === true],
  ]
}
