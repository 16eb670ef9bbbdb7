import { readFileSync } from 'node:fs'
import { saveState } from '@actions/core'
import { log } from '../../src/runner/log.ts'
import { mask } from '../../src/runner/masking.ts'
import { requireOutputFile, setOutputs, writeTemporaryFile } from '../../src/runner/outputs.ts'
import { DEFAULT_SUBJECT } from '../roles.ts'
import { readEmulatorInputs } from './inputs.ts'
import { exportToJob, requireEnvironmentFile } from './job-environment.ts'
import { startServiceProcess } from './service-process.ts'
import { trustedFile } from './trust.ts'

/** Starts the emulator for the rest of the job. The post step, `endEmulatorAction`, ends it. */
export async function startEmulatorAction(): Promise<void> {
  const inputs = readEmulatorInputs(process.env)
  requireOutputFile()
  requireEnvironmentFile()
  const logFile = writeTemporaryFile({ name: 'emulator', extension: 'log', content: '' })

  const { line, pid, letGo } = await startServiceProcess({ ...inputs, logFile })
  mask(line.accessKeySecret)
  mask(line.idTokenRequestToken)
  const pem = readFileSync(line.caFile, 'utf8')
  // Not its own file, which goes with it: what runs after it, such as the post step of an earlier one, reads it too.
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
    'ca-file': caFile,
    'region-id': line.regionId,
    'account-id': line.accountId,
    'instance-id': line.instanceId,
    'access-key-id': line.accessKeyId,
    'access-key-secret': line.accessKeySecret,
    'role-arn': line.roleArn,
    'oidc-provider-arn': line.oidcProviderArn,
  })
  // Until here it ends with this step, should anything fail.
  await letGo()

  log('Endpoint', `${line.endpoint}, process ${pid}`)
  log('Instance', `${line.instanceId} in ${line.regionId}, of the account ${line.accountId}`)
  log('Role', `${line.roleArn}, through ${line.oidcProviderArn}`)
  log('OIDC token', `with the subject ${inputs.config.idToken?.subject ?? DEFAULT_SUBJECT}`)
}
