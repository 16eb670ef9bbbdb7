import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { runStep, type StepRun } from '../../testing/run-step.ts'
import { emulated, keyless } from '../support/emulated.ts'

const service = emulated()
let home = ''
let emptyHome = ''

beforeAll(() => {
  home = mkdtempSync(join(tmpdir(), 'home-'))
  emptyHome = mkdtempSync(join(tmpdir(), 'home-'))
  const { accessKeyId, accessKeySecret } = service.emulator.info
  mkdirSync(join(home, '.alibabacloud'))
  writeFileSync(
    join(home, '.alibabacloud/credentials'),
    `[default]\ntype = access_key\naccess_key_id = ${accessKeyId}\naccess_key_secret = ${accessKeySecret}\n`,
  )
})

afterAll(() => {
  for (const folder of [home, emptyHome]) rmSync(folder, { recursive: true, force: true })
})

function run(env: Record<string, string>, inputs: Record<string, string> = {}): Promise<StepRun> {
  const { inputs: given, env: working } = keyless(service.emulator)
  const withoutOidc = { ...given, 'role-to-assume': '', 'oidc-provider-arn': '', ...inputs }
  // The address of the metadata service is never called from a test.
  return runStep('.', withoutOidc, {
    env: { ...working, ALIBABA_CLOUD_ECS_METADATA_DISABLED: 'true', ...env },
  })
}

describe('on a self-hosted runner, a step without credentials', () => {
  const RUNNER_ENVIRONMENT = 'self-hosted'

  it('uses the default chain of the Alibaba Cloud SDK', async () => {
    const step = await run({ RUNNER_ENVIRONMENT, HOME: home })
    expect(step).toMatchObject({ exitCode: 0, stderr: '' })
    expect(step.log).toContain('Access key     from the default chain (profile)')
    expect(step.masks).toContain(service.emulator.info.accessKeySecret)
  })

  it('assumes a role with the credentials of the default chain', async () => {
    const { roleArn } = service.emulator.info
    const step = await run({ RUNNER_ENVIRONMENT, HOME: home }, { 'role-to-assume': roleArn })
    expect(step.log).toMatch(/role .*, assumed with the access key from the default chain/)
    expect(await service.emulator.requests('AssumeRole')).toHaveLength(1)
  })

  it('lists where it searched, in order, when it finds none', async () => {
    const step = await run({ RUNNER_ENVIRONMENT, HOME: emptyHome })
    expect(step.annotations).toEqual([
      expect.stringMatching(
        /No credentials found in the inputs.*environment.*default chain.*profile.*credentials.*ECS instance/,
      ),
    ])
    expect(step.outputs).toEqual({})
  })

  it.each<[string, string, string | Buffer | undefined, RegExp]>([
    ['a byte order mark', '.alibabacloud/credentials', '\ufeff[default]\n', /byte order mark/],
    ['UTF-16', '.alibabacloud/credentials', Buffer.from('\ufeff[default]\n', 'utf16le'), /UTF-16/],
    ['a byte order mark', '.aliyun/config.json', '\ufeff{"profiles":[]}', /byte order mark/],
    [
      'half a JSON text',
      '.aliyun/config.json',
      '{"profiles":[{"access_key_secret":"of-somebody"',
      /valid JSON/,
    ],
    ['a folder in its place', '.aliyun/config.json', undefined, /EISDIR/],
  ])('names a profile file that it cannot read: %s in %s', async (_, name, content, problem) => {
    const folder = mkdtempSync(join(emptyHome, 'home-'))
    const file = join(folder, name)
    mkdirSync(content === undefined ? file : dirname(file), { recursive: true })
    if (content !== undefined) writeFileSync(file, content)
    const { annotations, stdout } = await run({ RUNNER_ENVIRONMENT, HOME: folder })
    expect(annotations).toEqual([expect.stringContaining(`The file ${file} cannot be read: `)])
    expect(annotations).toEqual([expect.stringMatching(problem)])
    expect(stdout).not.toContain('of-somebody')
  })
})

describe('on a hosted runner, a step without credentials', () => {
  it.each(['github-hosted', ''])(
    'does not use the default chain (RUNNER_ENVIRONMENT %j)',
    async (RUNNER_ENVIRONMENT) => {
      const step = await run({ RUNNER_ENVIRONMENT, HOME: home })
      expect(step.annotations).toEqual([
        expect.stringMatching(/^No credentials found\. .* only on self-hosted runners/),
      ])
      expect(await service.emulator.requests()).toEqual([])
    },
  )
})
