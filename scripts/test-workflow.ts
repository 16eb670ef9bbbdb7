/**
 * `npm run test:workflow`: runs the action in a workflow, on a runner that was not written here (act, on this machine
 * itself, without a container), against the emulator. Checks that the next step got the whole code, and that the
 * log shows neither it nor the secret.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { text } from 'node:stream/consumers'
import { randomInt, randomUUID } from 'node:crypto'
import { startEmulator } from '../emulator/start.ts'
import { pythonEnvironment } from './python-environment.ts'

const root = dirname(import.meta.dirname)
const programs = pythonEnvironment('act', '__tests__/workflow/requirements.txt')
if (programs !== undefined) process.exitCode = (await registerCodeReachesTheNextStep(programs)) ? 0 : 1

async function registerCodeReachesTheNextStep(programs: string): Promise<boolean> {
  const emulator = await startEmulator()
  const folder = mkdtempSync(join(tmpdir(), 'workflow-'))
  try {
    const { instanceId, endpoint, accessKeyId, accessKeySecret, caFile } = emulator.info
    // A code known beforehand, or there would be nothing to compare with.
    const registerCode = `${randomUUID()}${randomInt(1e9, 1e10)}`
    await emulator.setFaults([{ operation: 'GetRegisterCode', fault: { registerCode } }])
    const proofFile = join(folder, 'proof')
    const act = spawn(
      join(programs, 'act'),
      [
        'workflow_dispatch',
        ...['--workflows', '__tests__/workflow/register-code.yml'],
        ...['--platform', 'ubuntu-latest=-self-hosted'],
        '--no-cache-server',
        ...['--secret', 'ACCESS_KEY_SECRET'],
        ...['--var', `INSTANCE_ID=${instanceId}`],
        ...['--var', `ENDPOINT=${endpoint}`],
        ...['--var', `ACCESS_KEY_ID=${accessKeyId}`],
        ...['--env', `NODE_EXTRA_CA_CERTS=${caFile}`],
        ...['--env', `PROOF_FILE=${proofFile}`],
      ],
      {
        cwd: root,
        env: {
          ...process.env,
          ACCESS_KEY_SECRET: accessKeySecret,
          PATH: [dirname(process.execPath), process.env['PATH']].join(delimiter),
          XDG_CACHE_HOME: folder,
        },
        stdio: ['ignore', 'pipe', 'pipe'],
      },
    )
    const [out, err] = await Promise.all([text(act.stdout), text(act.stderr), once(act, 'close')])
    const log = out + err
    console.log(log)
    return report([
      ['the workflow succeeded', act.exitCode === 0],
      [
        'the next step got the whole code',
        act.exitCode === 0 && readFileSync(proofFile, 'utf8') === registerCode,
      ],
      ['the log shows the step that used it', log.includes('The code is ***.')],
      ['the log shows the code nowhere', !log.includes(registerCode)],
      ['the log shows the secret nowhere', !log.includes(accessKeySecret)],
      ['the service was called once', (await emulator.requests('GetRegisterCode')).length === 1],
    ])
  } finally {
    await emulator.stop()
    rmSync(folder, { recursive: true, force: true })
  }
}

function report(checks: readonly (readonly [string, boolean])[]): boolean {
  for (const [name, held] of checks) console.log(`${held ? 'passed' : 'FAILED'}  ${name}`)
  const failed = checks.filter(([, held]) => !held).length
  console.log(`${checks.length - failed} passed, ${failed} failed`)
  return failed === 0
}
