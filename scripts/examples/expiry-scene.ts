import { mkdtempSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { EmulatorConfig } from '../../emulator/world/config.ts'
import { DAY_MS, makeCa } from '../../testing/certificates.ts'
import { startGitHubIssues, type GitHubIssues } from '../../testing/github-issues.ts'
import { snOf } from '../../testing/registered-cas.ts'
import type { Check } from '../checks.ts'
import { checksOf, prefixed } from './example-checks.ts'
import { KEYLESS, runExample, type Setting } from './run-example.ts'
import { standIns } from './stand-in.ts'

const ca = await makeCa()
const now = Date.now()

/** An instance with one device, which other examples do not use. */
function withDevice(id: string, deviceName: string, endsInDays: number) {
  const validity = { validBegin: String(now - 10 * DAY_MS), validEnd: String(now + endsInDays * DAY_MS) }
  return {
    id,
    caCertificates: [{ certificate: ca.pem }],
    deviceCertificates: [{ caSn: snOf(ca), deviceSn: '0a0b', deviceName, ...validity }],
  } satisfies NonNullable<EmulatorConfig['instances']>[number]
}

const EXPIRING = withDevice('post-cn-expiring01', 'expiring-device', 59.5)
const EXPIRED = withDevice('post-cn-expired001', 'expired-device', -0.5)
export const WITH_EXPIRY = [EXPIRING, EXPIRED]

/** Two runs keep one issue. A device that has expired fails the step, which keeps its issue and report all the same. */
export async function expiry(setting: Setting): Promise<Check[]> {
  const github = await startGitHubIssues()
  try {
    const expected = {
      calls: [...KEYLESS, 'ListCaCertificate', 'ListDeviceCertificate'],
      cas: [],
      secrets: [github.token],
    }
    const first = await runOnce(setting, github, EXPIRING.id)
    const second = await runOnce(setting, github, EXPIRING.id)
    const failing = await runOnce(setting, github, EXPIRED.id)
    const create = ['viewer', 'list', 'create', 'list']
    return [
      ...checksOf(first.example, expected),
      ...kept(first, { operations: create, issues: ['expiring-device'], devices: ['expiring-device'] }),
      ...prefixed('second run', [
        ...checksOf(second.example, expected),
        ...kept(second, {
          operations: ['viewer', 'list', 'update'],
          issues: ['expiring-device'],
          devices: ['expiring-device'],
        }),
      ]),
      ...prefixed('an expired device', [
        ...checksOf(failing.example, { ...expected, failsAt: 'List what expires' }),
        ...kept(failing, {
          operations: create,
          issues: ['expiring-device', 'expired-device'],
          devices: ['expired-device'],
        }),
      ]),
      ['GitHub would accept each request', github.problems.length === 0, github.problems.join(', ')],
    ]
  } finally {
    await github.stop()
  }
}

/** Runs the example, with a stand-in that keeps the artifact. */
async function runOnce(setting: Setting, github: GitHubIssues, instanceId: string) {
  const folder = mkdtempSync(join(setting.folder, 'artifacts-'))
  const before = github.calls.length
  const example = await runExample('expiry', setting, {
    event: 'schedule',
    files: {},
    // act passes it on as github.token.
    secrets: { GITHUB_TOKEN: github.token },
    vars: { MQTT_INSTANCE_ID: instanceId },
    env: github.env,
    actions: standIns('expiry', folder, {
      'actions/upload-artifact': `cp "\${{ inputs.path }}" "${folder}/\${{ inputs.name }}"`,
    }),
  })
  const lines = readFileSync(join(folder, 'certificates'), 'utf8').trimEnd().split('\n')
  return {
    example,
    operations: github.calls.slice(before),
    issues: github.issues.map(({ body }) => body),
    report: lines.map((line) => JSON.parse(line) as { kind: string; name: string }),
  }
}

function kept(
  run: Awaited<ReturnType<typeof runOnce>>,
  wanted: Readonly<Record<'operations' | 'issues' | 'devices', readonly string[]>>,
): Check[] {
  const operations = run.operations.join()
  const devices = run.report.filter(({ kind }) => kind === 'device').map(({ name }) => name)
  return [
    [
      `GitHub's API gets ${wanted.operations.join(', ')}`,
      operations === wanted.operations.join(),
      operations,
    ],
    [
      `there is an issue about ${wanted.issues.join(', and one about ')}`,
      run.issues.length === wanted.issues.length &&
        wanted.issues.every((name, at) => run.issues[at]?.includes(`<code>${name}</code>`)),
    ],
    ['the artifact is the report', devices.join() === wanted.devices.join(), devices.join()],
  ]
}
