import { execFileSync, spawn } from 'node:child_process'
import { existsSync, readdirSync, writeFileSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { once } from 'node:events'
import { dirname, join } from 'node:path'
import { text } from 'node:stream/consumers'
import { setImmediate } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { runStep } from '../../testing/run-step.ts'
import { keysOf } from '../support/emulator-steps.ts'
import { startJob, type Job } from '../support/job.ts'
import { pidIn, untilGone } from '../support/processes.ts'

// Processes are counted with ps, and a step is stopped half-way with a named pipe. Windows has neither.
const onUnix = process.platform === 'win32' ? describe.skip : describe

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

/** The emulators of this job: the path of their config tells them from those of other tests. */
function emulators(): string[] {
  const processes = execFileSync('ps', ['-A', '-o', 'args='], { encoding: 'utf8' }).split('\n')
  return processes.filter((args) => args.includes(' serve ') && args.includes(job.temp))
}

onUnix('a step that starts an emulator', () => {
  it.each<[string, Record<string, string>, RegExp]>([
    [
      'a config with a key that is not known',
      { config: '{"acounts":[]}' },
      /^The input config cannot be used: the whole has an unknown key "acounts"; known: regionId, .*README\.md/,
    ],
    [
      'a config that is no JSON, of which it shows no piece',
      { config: '{"accessKeys":[{"secret":"of-somebody"},]}' },
      /^The input config cannot be used: the whole is no JSON: Unexpected token '\]'\. emulator/,
    ],
    [
      'a config that contradicts itself',
      { config: '{"instances":[{"accountId":"1"}]}' },
      /^The emulator did not start \(config: instances\[0\]\.accountId is not the id of one of accounts: 1\)\. Check the inputs config and port/,
    ],
    ['a config that is not there', { config: 'nowhere.json' }, /neither JSON text.*nor the path of a file/],
    ['a role that is no ARN', { 'role-to-assume': 'admin' }, /^Invalid role-to-assume: "admin"\. Use an ARN/],
    [
      'a role and a provider of two accounts',
      { 'role-to-assume': 'acs:ram::1:role/a', 'oidc-provider-arn': 'acs:ram::2:oidc-provider/b' },
      /are of two accounts, 1 and 2/,
    ],
    ['no port', { port: '70000' }, /^Invalid port: "70000"\. Use a port from 1 to 65535/],
    ['no time', { 'max-minutes': '0' }, /^Invalid max-minutes: "0"/],
  ])('refuses %s', async (_, inputs, annotation) => {
    const run = await job.step('emulator', inputs)
    expect(run).toMatchObject({ exitCode: 1, outputs: {}, exported: {}, state: {}, stderr: '' })
    expect(run.annotations).toEqual([expect.stringMatching(annotation)])
    expect(emulators()).toEqual([])
    expect(await job.end()).toMatchObject([{ exitCode: 0, log: 'Emulator       none was started' }])
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

  // A device on which nothing can be written is a thing of Linux.
  ;(existsSync('/dev/full') ? it : it.skip)('ends the emulator when it fails after its start', async () => {
    const run = await job.step('emulator', {}, { GITHUB_ENV: '/dev/full' })
    expect(run.annotations).toEqual([
      expect.stringContaining('The file named by GITHUB_ENV cannot be written'),
    ])
    expect(run).toMatchObject({ exitCode: 1, outputs: {}, state: {} })
    while (emulators().length > 0) await setImmediate()
  })

  it.each<[string, () => boolean]>([
    ['while it starts', () => emulators().length > 0],
    ['when it is ready', () => readdirSync(job.temp).some((name) => name.startsWith('emulator-ca-'))],
  ])('takes the emulator along when it is killed %s', async (_, isTime) => {
    // A step that writes to a pipe that nobody reads hangs there: after the start, and before it lets go.
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
  it('warns when the emulator has ended before, and kills nothing in its place', async () => {
    const started = await job.step('emulator')
    const pid = pidIn(started)
    process.kill(pid, 'SIGKILL')
    await untilGone(pid)
    expect(await job.step('.', { ...keysOf(started), 'max-attempts': '1' })).toMatchObject({ exitCode: 1 })
    const [ended] = await job.end()
    expect(ended).toMatchObject({ exitCode: 0, annotations: [], stderr: '' })
    expect(ended?.log).toMatch(/^Warning: The emulator at 127\.0\.0\.1:\d+ did not answer.*ECONNREFUSED/)
  })

  it('stops no other server that has taken its port', async () => {
    const started = await job.step('emulator')
    const port = started.outputs['endpoint']?.split(':')[1] ?? ''
    process.kill(pidIn(started), 'SIGKILL')
    await untilGone(pidIn(started))
    const inItsPlace = await otherJob.step('emulator', { port })
    const [ended] = await job.end()
    expect(ended?.log).toMatch(/^Warning: The emulator .* did not answer .*certificate/)
    expect(await otherJob.step('.', keysOf(inItsPlace))).toMatchObject({ exitCode: 0 })
    const [itsEnd] = await otherJob.end()
    expect(itsEnd?.log).toContain('Requests       1:')
  })

  it('prints no command that a request has in its name', async () => {
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

it('an emulator ends by itself when its time is over', async () => {
  const main = join(dirname(dirname(import.meta.dirname)), 'emulator/main.ts')
  const child = spawn(process.execPath, [main, '--max-seconds', '1'])
  const [said] = await Promise.all([text(child.stderr), once(child, 'exit')])
  expect(said).toBe('emulator: it ended by itself after 1 seconds\n')
  expect(child.exitCode).toBe(0)
})
