import { execFileSync, spawn } from 'node:child_process'
import { existsSync, readdirSync, writeFileSync } from 'node:fs'
import { connect, createServer, type AddressInfo } from 'node:net'
import { once } from 'node:events'
import { dirname, join } from 'node:path'
import { text } from 'node:stream/consumers'
import { setImmediate, setTimeout } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { runStep } from '../../testing/run-step.ts'
import { keysOf } from '../support/emulator-steps.ts'
import { startJob, type Job } from '../support/job.ts'
import { pidIn, untilGone } from '../support/processes.ts'

// The tests count processes with ps, and stop a step half-way with a named pipe. Windows has neither.
const onUnix = process.platform === 'win32' ? describe.skip : describe

const root = dirname(dirname(import.meta.dirname))

let job: Job
let otherJob: Job
beforeEach(() => {
  job = startJob()
  otherJob = startJob()
})
afterEach(async () => {
  await job.end()
  await otherJob.end()
})

/** Lists the emulators of this job. Their config path distinguishes them from those of other tests. */
function emulators(): string[] {
  const processes = execFileSync('ps', ['-A', '-o', 'args='], { encoding: 'utf8' }).split('\n')
  return processes.filter((args) => args.includes(' serve ') && args.includes(job.temp))
}

onUnix('a step that starts an emulator', () => {
  it.each<[string, Record<string, string>, RegExp]>([
    [
      'a config with an unknown key',
      { config: '{"acounts":[]}' },
      /^Invalid config: acounts is not a known key\. docs\/emulator\.md/,
    ],
    [
      'a config that is not JSON, and shows no part of it',
      { config: '{"accessKeys":[{"secret":"of-somebody"},]}' },
      /^Invalid config: the value is not JSON: Unexpected token '\]'\. docs/,
    ],
    [
      'a config that contradicts itself',
      { config: '{"instances":[{"accountId":"1"}]}' },
      /^The emulator did not start \(config: instances\[0\]\.accountId is not the ID of one of accounts: 1\)\. Check the inputs config and port/,
    ],
    ['a config that does not exist', { config: 'nowhere.json' }, /neither JSON text.*nor the path of a file/],
    [
      'a role that is not an ARN',
      { 'role-to-assume': 'admin' },
      /^Invalid role-to-assume: "admin"\. Use an ARN/,
    ],
    [
      'a role and a provider of different accounts',
      { 'role-to-assume': 'acs:ram::1:role/a', 'oidc-provider-arn': 'acs:ram::2:oidc-provider/b' },
      /belong to different accounts, 1 and 2/,
    ],
    ['an invalid port', { port: '70000' }, /^Invalid port: "70000"\. Use a port from 1 to 65535/],
    ['an invalid time limit', { 'max-minutes': '0' }, /^Invalid max-minutes: "0"/],
  ])('refuses %s', async (_, inputs, annotation) => {
    const run = await job.step('emulator', inputs)
    expect(run).toMatchObject({ exitCode: 1, outputs: {}, exported: {}, state: {}, stderr: '' })
    expect(run.annotations).toEqual([expect.stringMatching(annotation)])
    expect(emulators()).toEqual([])
    expect(await job.end()).toMatchObject([{ exitCode: 0, log: 'Emulator       not started' }])
  })

  it('says that its port is in use', async () => {
    const server = createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    const run = await job.step('emulator', { port: String(port) })
    server.close()
    expect(run.annotations).toEqual([
      expect.stringContaining(`The emulator did not start (port ${port} is in use). Check the inputs`),
    ])
    expect(run).toMatchObject({ exitCode: 1, outputs: {}, exported: {}, state: {} })
    expect(emulators()).toEqual([])
  })

  it.each(['GITHUB_OUTPUT', 'GITHUB_ENV', 'RUNNER_TEMP'])('refuses to run without %s', async (name) => {
    const run = await job.step('emulator', {}, { [name]: '' })
    expect(run).toMatchObject({ exitCode: 1, outputs: {}, exported: {}, state: {} })
    expect(run.annotations).toEqual([expect.stringContaining(`${name} is not set`)])
    expect(run.stdout).not.toMatch(/::set-(env|output)/)
    expect(emulators()).toEqual([])
  })

  // Only Linux has a device on which every write fails.
  ;(existsSync('/dev/full') ? it : it.skip)(
    'stops the emulator when the step fails after the start',
    async () => {
      const run = await job.step('emulator', {}, { GITHUB_ENV: '/dev/full' })
      expect(run.annotations).toEqual([
        expect.stringContaining('The file named by GITHUB_ENV cannot be written'),
      ])
      expect(run).toMatchObject({ exitCode: 1, outputs: {}, state: {} })
      while (emulators().length > 0) await setImmediate()
    },
  )

  it.each<[string, () => boolean]>([
    ['while it starts', () => emulators().length > 0],
    ['when it is ready', () => readdirSync(job.temp).some((name) => name.startsWith('emulator-ca-'))],
  ])('stops the emulator when the step is killed %s', async (_, isTime) => {
    // A step that writes to a pipe without a reader hangs after it starts the emulator and before it detaches it.
    const pipe = join(job.temp, 'env')
    execFileSync('mkfifo', [pipe])
    const kill = new AbortController()
    const run = runStep('emulator', {}, { env: { ...job.env, GITHUB_ENV: pipe }, signal: kill.signal })
    while (!isTime()) await setImmediate()
    expect(emulators()).toHaveLength(1)
    kill.abort()
    expect(await run).toMatchObject({ exitCode: null, outputs: {} })
    while (emulators().length > 0) await setImmediate()
  })
})

describe('the post step', () => {
  it('warns when the emulator has already ended, and kills no other process', async () => {
    const started = await job.step('emulator')
    const pid = pidIn(started)
    process.kill(pid, 'SIGKILL')
    await untilGone(pid)
    expect(await job.step('.', { ...keysOf(started), 'max-attempts': '1' })).toMatchObject({ exitCode: 1 })
    const [ended] = await job.end()
    expect(ended).toMatchObject({ exitCode: 0, annotations: [], stderr: '' })
    expect(ended?.log).toMatch(/^Warning: The emulator at 127\.0\.0\.1:\d+ did not respond.*ECONNREFUSED/)
  })

  it('does not stop another server on the same port', async () => {
    const started = await job.step('emulator')
    const port = started.outputs['endpoint']?.split(':')[1] ?? ''
    process.kill(pidIn(started), 'SIGKILL')
    await untilGone(pidIn(started))
    const inItsPlace = await otherJob.step('emulator', { port })
    const [ended] = await job.end()
    expect(ended?.log).toMatch(/^Warning: The emulator .* did not respond .*certificate/)
    expect(await otherJob.step('.', keysOf(inItsPlace))).toMatchObject({ exitCode: 0 })
    const [itsEnd] = await otherJob.end()
    expect(itsEnd?.log).toContain('Requests       1:')
  })

  it('prints no workflow command from the name of a request', async () => {
    const started = await job.step('emulator')
    const { endpoint = '', 'ca-file': ca = '' } = started.outputs
    const script = join(job.temp, 'ask.mjs')
    const path = `/?Action=${encodeURIComponent('X\n::error::of a request')}`
    writeFileSync(
      script,
      `import { get } from 'node:https'; get('https://${endpoint}${path}', (a) => a.resume())`,
    )
    await once(spawn(process.execPath, [script], { env: { NODE_EXTRA_CA_CERTS: ca } }), 'exit')
    const [ended] = await job.end()
    expect(ended).toMatchObject({ annotations: [] })
    expect(ended?.log).toMatch(/X : :error: :of a request/)
    expect(ended?.summary).toMatch(/X : :error/)
  })
})

it('an emulator stops after --max-seconds', async () => {
  const child = spawn(process.execPath, [join(root, 'emulator/main.ts'), '--max-seconds', '1'])
  const [stderr] = await Promise.all([text(child.stderr), once(child, 'exit')])
  expect(stderr).toBe('emulator: stopped after 1 seconds, the limit of --max-seconds\n')
  expect(child.exitCode).toBe(0)
})

onUnix('npm run emulator', () => {
  it('leaves no process and no folder when npm receives SIGTERM', async () => {
    const env = { ...process.env, TMPDIR: job.temp }
    const npm = spawn('npm', ['run', '--silent', 'emulator', '--', '--max-seconds', '60'], { cwd: root, env })
    const [line] = (await once(npm.stdout, 'data')) as [Buffer]
    const { endpoint, caFile } = JSON.parse(line.toString()) as { endpoint: string; caFile: string }
    expect(caFile).toContain(job.temp)
    npm.kill('SIGTERM')
    await once(npm, 'exit')
    // The emulator removes its folder before it exits.
    for (let tries = 0; tries < 150 && existsSync(dirname(caFile)); tries += 1) await setTimeout(20)
    expect(existsSync(dirname(caFile))).toBe(false)
    const socket = connect(Number(endpoint.split(':')[1]), '127.0.0.1')
    await expect(once(socket, 'connect')).rejects.toMatchObject({ code: 'ECONNREFUSED' })
  })
})
