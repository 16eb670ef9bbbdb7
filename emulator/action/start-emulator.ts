import { accessSync, constants, readFileSync } from 'node:fs'
import { exportVariable, saveState, warning } from '@actions/core'
import { ActionError } from '../../src/errors.ts'
import { log } from '../../src/runner/log.ts'
import { mask } from '../../src/runner/masking.ts'
import { reasonOf, requireOutputFile, setOutputs, writeTemporaryFile } from '../../src/runner/outputs.ts'
import { DEFAULT_SUBJECT } from '../world/world.ts'
import { readEmulatorInputs } from './inputs.ts'
import { startServiceProcess } from './service-process.ts'

/** Starts the emulator for the rest of the job. The post step, `stopEmulatorAction`, stops it. */
export async function startEmulatorAction(): Promise<void> {
  const inputs = readEmulatorInputs(process.env)
  requireOutputFile()
  requireEnvironmentFile()
  if (usesTokensOfGitHub(process.env['ACTIONS_ID_TOKEN_REQUEST_URL'] ?? '')) {
    warning(
      "This job has the permission id-token: write, so later steps get GitHub's own OIDC token, which the emulator " +
        'rejects. To try a workflow without an access key, remove id-token: write from the permissions of the job.',
    )
  }
  const logFile = writeTemporaryFile({ name: 'emulator', extension: 'log', content: '' })

  const { line, pid, detach } = await startServiceProcess({ ...inputs, logFile })
  mask(line.accessKeySecret)
  mask(line.idTokenRequestToken)
  const pem = readFileSync(line.caFile, 'utf8')
  // A copy, because a post step that runs after the emulator has ended also reads it.
  const caFile = writeTemporaryFile({ name: 'emulator-ca', extension: 'pem', content: pem })
  exportToJob({
    NODE_EXTRA_CA_CERTS: trustedFile({ file: caFile, pem }, process.env['NODE_EXTRA_CA_CERTS'] ?? ''),
    ACTIONS_ID_TOKEN_REQUEST_URL: line.idTokenRequestUrl,
    ACTIONS_ID_TOKEN_REQUEST_TOKEN: line.idTokenRequestToken,
  })
  saveState('endpoint', line.endpoint)
  saveState('ca', pem)
  saveState('log-file', logFile)
  setOutputs({
    endpoint: line.endpoint,
    'mqtt-endpoint': line.mqttEndpoint,
    'ca-file': caFile,
    'region-id': line.regionId,
    'account-id': line.accountId,
    'instance-id': line.instanceId,
    'access-key-id': line.accessKeyId,
    'access-key-secret': line.accessKeySecret,
    'role-arn': line.roleArn,
    'oidc-provider-arn': line.oidcProviderArn,
    'kms-key-id': line.kmsKeyId,
    'kms-rsa-key-id': line.kmsRsaKeyId,
  })
  // If anything fails before this line, the emulator ends with this step.
  await detach()

  log('Endpoint', `${line.endpoint}, process ${pid}`)
  log('MQTT', line.mqttEndpoint)
  log('Instance', `${line.instanceId} in ${line.regionId}, account ${line.accountId}`)
  log('Role', `${line.roleArn}, provider ${line.oidcProviderArn}`)
  log('OIDC token', `subject ${inputs.config.idToken?.subject ?? DEFAULT_SUBJECT}`)
}

/** The runner sets this URL for each step of a job with `id-token: write`. An emulator before this one sets its own. */
function usesTokensOfGitHub(requestUrl: string): boolean {
  return requestUrl !== '' && !requestUrl.startsWith('https://127.0.0.1:')
}

/**
 * Returns a file with the CAs that later steps trust: the emulator's, and those that they trust already. Node reads one
 * file only.
 *
 * @param extraCaCerts the present value of `NODE_EXTRA_CA_CERTS`
 */
function trustedFile(ca: { readonly file: string; readonly pem: string }, extraCaCerts: string): string {
  if (extraCaCerts === '') return ca.file
  let present: string
  try {
    present = readFileSync(extraCaCerts, 'utf8')
  } catch {
    // Node warns in each step, and continues without the file.
    log('Trust', `NODE_EXTRA_CA_CERTS names a file that cannot be read: ${extraCaCerts}`)
    return ca.file
  }
  return writeTemporaryFile({ name: 'emulator-trust', extension: 'pem', content: `${present}\n${ca.pem}` })
}

/**
 * Checks that variables for later steps can be set. Without `GITHUB_ENV` the toolkit would use a command that prints
 * their values to the log.
 *
 * @throws ActionError
 */
function requireEnvironmentFile(): void {
  const file = process.env['GITHUB_ENV'] ?? ''
  if (file === '') {
    throw new ActionError({
      what: 'GITHUB_ENV is not set, so variables for later steps cannot be set',
      fix: 'Run this action as a step of a workflow. To run the emulator on your own machine, use npm run emulator.',
    })
  }
  orCannotWrite(file, () => {
    accessSync(file, constants.W_OK)
  })
}

/**
 * Sets variables for the later steps of the job.
 *
 * @throws ActionError
 */
function exportToJob(variables: Readonly<Record<string, string>>): void {
  orCannotWrite(process.env['GITHUB_ENV'] ?? '', () => {
    for (const [name, value] of Object.entries(variables)) exportVariable(name, value)
  })
}

function orCannotWrite(file: string, write: () => void): void {
  try {
    write()
  } catch (cause) {
    throw new ActionError({
      what: `The file named by GITHUB_ENV cannot be written: ${file} (${reasonOf(cause)})`,
      fix: "Check the runner's disk, and the permissions of its temporary folder. The runner makes this file for each step.",
      cause,
    })
  }
}
