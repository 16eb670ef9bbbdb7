import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { get } from 'node:https'
import { join } from 'node:path'
import { json } from 'node:stream/consumers'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import type { StepRun } from '../../testing/run-step.ts'
import { makeCa } from '../../testing/certificates.ts'
import { keylessOf, keysOf } from '../support/emulator-steps.ts'
import { startJob, type Job } from '../support/job.ts'
import { isAlive, pidIn, untilGone } from '../support/processes.ts'
import { withKey } from '../../testing/registered-cas.ts'

const RUN = {
  GITHUB_REPOSITORY: 'octo/sensors',
  GITHUB_REF: 'refs/heads/main',
  GITHUB_RUN_ID: '42',
  GITHUB_EVENT_NAME: 'push',
}

let job: Job
beforeEach(() => {
  job = startJob(RUN)
})
afterEach(async () => {
  await job.end()
})

/** Returns the contents of all files in a folder and its subfolders. */
function textsIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => readFileSync(join(entry.parentPath, entry.name), 'utf8'))
}

describe('a job with the emulator', () => {
  it('gets codes and registers a CA, with and without an access key, and lists the requests', async () => {
    const started = await job.step('emulator')
    expect(started).toMatchObject({ exitCode: 0, annotations: [], stderr: '' })
    expect(isAlive(pidIn(started))).toBe(true)
    const withAKey = await job.step('.', keysOf(started))
    expect(withAKey).toMatchObject({ exitCode: 0, annotations: [], stderr: '' })
    const withoutOne = await job.step('.', keylessOf(started))
    expect(withoutOne).toMatchObject({ exitCode: 0, annotations: [], stderr: '' })
    expect(withoutOne.outputs['register-code']).not.toBe(withAKey.outputs['register-code'])
    const registered = await job.step('register', { ...keylessOf(started), ...withKey(await makeCa()) })
    expect(registered).toMatchObject({ exitCode: 0, outputs: { created: 'true', status: 'active' } })
    await job.step('.', { ...keysOf(started), 'instance-id': 'post-cn-none' })

    const [ended] = await job.end()
    expect(ended).toMatchObject({ exitCode: 0, annotations: [], stderr: '' })
    expect(ended?.log.split('\n')).toEqual([
      'Requests       10:',
      ...[
        'GetRegisterCode          200',
        'GitHubIdToken            200',
        'AssumeRoleWithOIDC       200',
        'GetRegisterCode          200',
        'GitHubIdToken            200',
        'AssumeRoleWithOIDC       200',
        'GetCaCertificate         500 FindCaBySnError',
        'GetRegisterCode          200',
        'RegisterCaCertificate    200',
        'GetRegisterCode          500 MqttInstanceNotFound',
      ].map((line): unknown =>
        expect.stringMatching(new RegExp(`^\\d\\d:\\d\\d:\\d\\d\\.\\d{3}   ${line}$`)),
      ),
      'Emulator       stopped',
    ])
    expect(ended?.summary).toContain(
      '<tr><th align="left">GetRegisterCode</th><td><code>4, 1 failed: MqttInstanceNotFound</code></td></tr>',
    )
    await untilGone(pidIn(started))
  })

  it('masks and does not show the access key secret and the request token', async () => {
    const started = await job.step('emulator')
    expect(readFileSync(started.outputs['ca-file'] ?? '', 'utf8')).toMatch(/-----END CERTIFICATE-----\n$/)
    const secret = started.outputs['access-key-secret']
    const requestToken = started.exported['ACTIONS_ID_TOKEN_REQUEST_TOKEN']
    expect(started.masks).toEqual([secret, requestToken])
    expect(started.log).not.toContain('***')
    expect(textsIn(job.temp).filter((text) => text.includes(secret ?? '-'))).toEqual([])
  })

  // The environment of a process can be read only where /proc exists. CI has it on Ubuntu.
  ;(existsSync('/proc/self/environ') ? it : it.skip)(
    'does not get the other environment variables of the job',
    async () => {
      const started = await job.step('emulator', {}, { A_SECRET: 'of the job' })
      expect(readFileSync(`/proc/${pidIn(started)}/environ`, 'utf8')).not.toContain('of the job')
    },
  )

  it('stops the emulator and lists the refused request when a step fails', async () => {
    const started = await job.step('emulator')
    expect(await job.step('.', { ...keysOf(started), 'access-key-secret': 'wrong' })).toMatchObject({
      exitCode: 1,
    })
    expect(await job.end()).toMatchObject([
      { exitCode: 0, log: expect.stringContaining('SignatureDoesNotMatch') },
    ])
    await untilGone(pidIn(started))
  })

  it('can start two emulators and trust both', async () => {
    const first = await job.step('emulator')
    const second = await job.step('emulator')
    for (const started of [first, second])
      expect(await job.step('.', keysOf(started))).toMatchObject({ exitCode: 0, annotations: [] })
    expect(await job.step('.', keylessOf(second))).toMatchObject({ exitCode: 0, annotations: [] })
    expect(await job.end()).toMatchObject([{ exitCode: 0 }, { exitCode: 0 }])
    await untilGone(pidIn(first))
    await untilGone(pidIn(second))
  })
})

describe('a job with the permission id-token: write', () => {
  it('gets a warning when the emulator starts, and an error when a step sends a token of GitHub', async () => {
    const ofRunner = { ACTIONS_ID_TOKEN_REQUEST_URL: 'https://run.actions.githubusercontent.com/idtoken?v=1' }
    const started = await job.step('emulator', {}, ofRunner)
    expect(started).toMatchObject({ exitCode: 0, annotations: [] })
    expect(started.log).toMatch(
      /^Warning: This job has the permission id-token: write, .* remove id-token: write/m,
    )

    // A second emulator acts as GitHub: it has another key and the issuer of GitHub.
    const { exported, log } = await job.step('emulator')
    expect(log).not.toContain('Warning')
    const run = await job.step('.', keylessOf(started), exported)
    expect(run.annotations).toEqual([
      expect.stringMatching(
        /OIDCToken\.InvalidSignature: .* token is from GitHub itself, .* Remove id-token: write/,
      ),
    ])
  })
})

describe('a workflow', () => {
  const THEIRS = {
    'instance-id': 'post-cn-7mz2d',
    'region-id': 'ap-southeast-1',
    'role-to-assume': 'acs:ram::1234567890123456:role/mqtt-register-ca',
    'oidc-provider-arn': 'acs:ram::1234567890123456:oidc-provider/github',
  }
  const trusting = (subject: string): string =>
    JSON.stringify({
      roles: [
        {
          trustPolicy: {
            Version: '1',
            Statement: [
              {
                Effect: 'Allow',
                Action: 'sts:AssumeRoleWithOIDC',
                Principal: { Federated: [THEIRS['oidc-provider-arn']] },
                Condition: { StringEquals: { 'oidc:aud': 'sts.aliyuncs.com', 'oidc:sub': subject } },
              },
            ],
          },
        },
      ],
    })

  async function run(started: StepRun, env: Record<string, string> = {}): Promise<StepRun> {
    const { endpoint = '' } = started.outputs
    return await job.step('.', { ...THEIRS, endpoint, 'sts-endpoint': endpoint }, env)
  }

  it('keeps its own instance, region, role and provider, and changes only the endpoints', async () => {
    const started = await job.step('emulator', THEIRS)
    expect(started.outputs).toMatchObject({
      'instance-id': THEIRS['instance-id'],
      'region-id': THEIRS['region-id'],
      'role-arn': THEIRS['role-to-assume'],
      'oidc-provider-arn': THEIRS['oidc-provider-arn'],
      'account-id': '1234567890123456',
    })
    expect(await run(started)).toMatchObject({ exitCode: 0, annotations: [] })
  })

  it('can test its trust policy with the subject of this job', async () => {
    const trusted = await job.step('emulator', {
      ...THEIRS,
      config: trusting('repo:octo/sensors:ref:refs/heads/main'),
    })
    expect(await run(trusted)).toMatchObject({ exitCode: 0, annotations: [] })
    const started = await job.step(
      'emulator',
      { ...THEIRS, config: trusting('repo:octo/sensors:ref:refs/heads/main') },
      { GITHUB_REF: 'refs/pull/7/merge', GITHUB_EVENT_NAME: 'pull_request' },
    )
    const [annotation] = (await run(started)).annotations
    expect(annotation).toContain('subject "repo:octo/sensors:pull_request"')
  })

  it('gets an ID token with the claims of the job', async () => {
    const started = await job.step('emulator', {
      config: '{"idToken":{"claims":{"environment":"production"}}}',
    })
    const { ACTIONS_ID_TOKEN_REQUEST_URL: url = '', ACTIONS_ID_TOKEN_REQUEST_TOKEN: token = '' } =
      started.exported
    const { value } = await getJson(url, token, started.outputs['ca-file'] ?? '')
    expect(JSON.parse(Buffer.from(value.split('.')[1] ?? '', 'base64url').toString())).toMatchObject({
      sub: 'repo:octo/sensors:ref:refs/heads/main',
      aud: 'https://github.com/octo',
      repository: 'octo/sensors',
      run_id: '42',
      event_name: 'push',
      environment: 'production',
    })
  })
})

async function getJson(url: string, token: string, caFile: string): Promise<{ value: string }> {
  return await new Promise((resolve, reject) => {
    get(
      url,
      { ca: readFileSync(caFile), agent: false, headers: { authorization: `Bearer ${token}` } },
      (answer) => {
        json(answer).then((value) => {
          resolve(value as { value: string })
        }, reject)
      },
    ).on('error', reject)
  })
}
