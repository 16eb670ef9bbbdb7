import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { once } from 'node:events'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { type RunProgram, runStep, type StepRun } from '../../testing/run-step.ts'
import { makeCa } from '../../testing/certificates.ts'
import { emulated, keyless } from '../support/emulated.ts'
import { stepThread } from '../support/step-thread.ts'
import { snOf } from '../../testing/registered-cas.ts'

const service = emulated()
const folder = mkdtempSync(join(tmpdir(), 'endless-'))
afterAll(() => {
  rmSync(folder, { recursive: true })
})

const fifo = join(folder, 'fifo')
spawnSync('mkfifo', [fifo])
const CODE = '13274673-8f90-4630-bea1-9cccb25756ad2089473625'
const ca = await makeCa()
const key = ca.key.export({ type: 'pkcs8', format: 'pem' }).toString()

/** Texts that can make a regular expression backtrack. Each is repeated to nearly 1 MiB, the limit of a response. */
const WORST: readonly [string, string][] = [
  ['spaces', ' '],
  ['line ends', '\n'],
  ['backslashes', '\\'],
  ['per cent signs', '%'],
  ['escapes', '%25'],
  ['ampersands', '&#'],
  ['dashes', '-'],
  ['colons', ':'],
  ['dots', '.'],
  ['letters', 'a'],
  ['digits', '7'],
  ['opening brackets', '{"a":['],
  ['frames of PEM', '-----BEGIN '],
  ['stars', '*'],
  ['letters that grow', '\ufdfa'],
]
/** The text that runs through dist/. The others run in a thread, which is much faster. */
const SHIPPED = 'a'
const thread = stepThread()
afterAll(async () => {
  await thread.end()
})

/** Each step ends within a few seconds. With a regular expression that backtracked, it took minutes. */
const LIMIT_MS = 15_000
/** Encloses the text in two letters. Without them, a pattern for the end of a text would match at once. */
const fill = (piece: string, bytes: number): string =>
  `x${piece.repeat(Math.floor(bytes / Buffer.byteLength(piece)))}x`

/** Returns the longest response that a fault order can contain. It is JSON in JSON, so some characters are escaped twice. */
function answer(piece: string, body: (message: string) => Record<string, unknown>): string {
  for (const bytes of [900_000, 440_000, 220_000, 110_000]) {
    const text = JSON.stringify(body(fill(piece, bytes)))
    if (Buffer.byteLength(JSON.stringify(text)) < 1_000_000) return text
  }
  throw new Error('No answer is short enough.')
}

type Step = (options: { readonly signal: AbortSignal; readonly run?: RunProgram }) => Promise<StepRun>

/** Runs a step through dist/, and expects one annotation within the limit. */
async function inTime(step: Step, options: { readonly run?: RunProgram } = {}): Promise<StepRun> {
  const ended = await step({ signal: AbortSignal.timeout(LIMIT_MS), ...options })
  // A step that was killed has no exit code.
  expect(ended.exitCode).toBe(1)
  expect(ended.annotations).toHaveLength(1)
  expect(ended.annotations[0]?.length).toBeLessThan(5100)
  return ended
}

/** Runs a step that receives this text: through dist/ for one of the texts, in a thread for the others. */
async function inTimeWith(piece: string, step: Step): Promise<void> {
  await inTime(step, piece === SHIPPED ? {} : { run: thread.run })
}

describe('a message of nearly 1 MiB', () => {
  it.each(WORST)('from the service makes the step fail in time: %s', async (_, piece) => {
    const body = answer(piece, (Message) => ({
      Code: 'NoPermission',
      Message,
      RequestId: Message.slice(0, 1000),
    }))
    await service.emulator.setFaults([{ operation: '*', fault: { status: 403, body }, times: 'always' }])
    const { inputs, env } = keyless(service.emulator)
    const withKeys = {
      ...inputs,
      'role-to-assume': '',
      'oidc-provider-arn': '',
      'access-key-id': 'LTAI',
      'access-key-secret': key,
      timeout: '3',
    }
    await inTimeWith(piece, (options) => runStep('.', withKeys, { env, ...options }))
    await inTimeWith(piece, (options) => runStep('.', { ...inputs, timeout: '3' }, { env, ...options }))
  })

  it.each(WORST)('from the token endpoint of GitHub makes the step fail in time: %s', async (_, piece) => {
    const body = answer(piece, (message) => ({ message }))
    await service.emulator.setFaults([{ operation: 'GitHubIdToken', fault: { status: 403, body } }])
    const { inputs, env } = keyless(service.emulator)
    await inTimeWith(piece, (options) => runStep('.', { ...inputs, timeout: '3' }, { env, ...options }))
  })
})

/** Each field of a response that an action reads. */
const PLACES: readonly [place: string, operation: string, body: (text: string) => Record<string, unknown>][] =
  [
    ['the register code', 'GetRegisterCode', (RegisterCode) => ({ RegisterCode })],
    ['the error code', 'GetRegisterCode', (Code) => ({ Code, Message: 'x' })],
    ["GitHub's token", 'GitHubIdToken', (value) => ({ value })],
    [
      'the temporary key',
      'AssumeRoleWithOIDC',
      (text) => ({ Credentials: { AccessKeyId: 'STS.x', AccessKeySecret: text, SecurityToken: text } }),
    ],
    ['the serial number of a CA', 'GetCaCertificate', (Sn) => ({ Data: { ...REGISTERED, Sn } })],
    ['the name of a CA', 'GetCaCertificate', (CaName) => ({ Data: { ...REGISTERED, CaName, Status: '0' } })],
    ['the content of a CA', 'GetCaCertificate', (CaContent) => ({ Data: { ...REGISTERED, CaContent } })],
    ['the status of a CA', 'GetCaCertificate', (Status) => ({ Data: { ...REGISTERED, Status } })],
  ]
const REGISTERED = { Sn: snOf(ca), CaName: 'x', CaContent: ca.pem, Status: '1' }

/** The headers of a response that an action reads, or could. */
const HEADERS = ['content-type', 'date', 'location', 'x-acs-request-id']

describe('a response with nearly 1 MiB in one field', () => {
  it.each(PLACES)('makes the step fail in time: %s', async (_, operation, place) => {
    const { inputs, env } = keyless(service.emulator)
    const register = { 'ca-name': 'x', 'ca-certificate': ca.pem, 'ca-private-key': key }
    for (const [, piece] of WORST) {
      const body = answer(piece, place)
      const status = operation === 'GetRegisterCode' && 'Code' in place('') ? 403 : 200
      await service.emulator.reset()
      await service.emulator.setFaults([{ operation, fault: { status, body }, times: 'always' }])
      const given = { ...inputs, 'max-attempts': '1' }
      await inTimeWith(piece, (options) =>
        operation === 'GetCaCertificate'
          ? runStep('register', { ...given, ...register }, { env, ...options })
          : runStep('.', given, { env, ...options }),
      )
    }
  })

  it.each(WORST)('makes the step fail in time when it is in the headers: %s', async (_, piece) => {
    // Node reads at most 16 KiB of headers. Characters that are not allowed in a header are replaced.
    const value = fill(piece, 3_500).replace(/[^\x20-\x7e]/g, '.')
    const headers = Object.fromEntries(HEADERS.map((name) => [name, value]))
    const { inputs, env } = keyless(service.emulator)
    for (const operation of ['GitHubIdToken', 'GetRegisterCode']) {
      await service.emulator.reset()
      const fault = { status: 403, headers, body: '{"Code":"InvalidTimeStamp.Expired"}' }
      await service.emulator.setFaults([{ operation, fault, times: 'always' }])
      await inTimeWith(piece, (options) =>
        runStep('.', { ...inputs, 'max-attempts': '1' }, { env, ...options }),
      )
    }
  })
})

describe('a proxy', () => {
  it.each([
    ['whose response never ends', 'HTTP/1.1 200 OK\r\nX: '],
    ['whose refusal never ends', 'HTTP/1.1 403 No\r\n\r\n'],
    ['that does not speak HTTP', 'x'],
  ])('%s makes the step fail in time', async (_, beginning) => {
    const proxy = createServer((socket) => {
      socket.on('error', () => undefined)
      socket.write(beginning)
      const more = (): void => {
        while (!socket.destroyed && socket.write('a'.repeat(65_536)));
      }
      socket.on('drain', more)
      more()
    })
    await once(proxy.listen(0, '127.0.0.1'), 'listening')
    const { port } = proxy.address() as AddressInfo
    const { inputs, env } = keyless(service.emulator)
    const ACTIONS_ID_TOKEN_REQUEST_URL = 'https://token.invalid/?api-version=2.0'
    const given = { ...env, ACTIONS_ID_TOKEN_REQUEST_URL, HTTPS_PROXY: `http://127.0.0.1:${port}` }
    const { annotations } = await inTime((options) =>
      runStep('.', { ...inputs, timeout: '3', 'max-attempts': '1' }, { env: given, ...options }),
    )
    expect(annotations).toEqual([expect.stringMatching(/The proxy 127\.0\.0\.1:\d+ (could not be|refused)/)])
    proxy.close()
  })
})

describe('the default chain', () => {
  it('fails in time when a file that it reads never ends', async () => {
    if (!existsSync(fifo)) return
    const { inputs } = keyless(service.emulator)
    const env = {
      RUNNER_ENVIRONMENT: 'self-hosted',
      ALIBABA_CLOUD_ECS_METADATA_DISABLED: 'true',
      ALIBABA_CLOUD_CREDENTIALS_FILE: fifo,
      HOME: folder,
    }
    const given = { 'instance-id': 'x', endpoint: inputs['endpoint'] ?? '', timeout: '1' }
    const run = await inTime((options) => runStep('.', given, { env, ...options }))
    expect(run.annotations).toEqual([
      expect.stringContaining('did not respond within the 1 s of the input timeout'),
    ])
  })
})

describe('an input of the maximum length of an environment variable', () => {
  const LENGTH = 120_000
  // A new thread, because a secret that an earlier step masked would be found in these inputs.
  beforeAll(async () => {
    await thread.end()
  })

  it.each(WORST)('makes the step fail in time: %s', async (_, piece) => {
    const value = fill(piece, LENGTH)
    const register = { 'ca-name': 'x', 'ca-certificate': ca.pem, 'ca-private-key': key }
    for (const name of [
      'endpoint',
      'region-id',
      'access-key-secret',
      'role-to-assume',
      'seal-key',
      'timeout',
    ]) {
      const inputs = { 'instance-id': '', [name]: value }
      await inTimeWith(piece, (options) => runStep('.', inputs, { ...options }))
    }
    for (const HTTPS_PROXY of [value, 'http://a']) {
      const env = { HTTPS_PROXY, NO_PROXY: value }
      await inTimeWith(piece, (options) => runStep('.', { 'instance-id': '' }, { env, ...options }))
    }
    for (const name of [
      'ca-certificate',
      'ca-private-key',
      'register-code',
      'replaces',
      'ca-private-key-passphrase',
    ]) {
      await inTimeWith(piece, (options) =>
        runStep('register', { ...register, 'instance-id': '', [name]: value }, { ...options }),
      )
    }
    for (const name of ['sealed-register-code', 'seal-key', 'seal-key-passphrase']) {
      const inputs = { 'sealed-register-code': 'x', 'seal-key': 'x', [name]: value }
      await inTimeWith(piece, (options) => runStep('unseal', inputs, { ...options }))
    }
  })

  it('fails in time with a file of thousands of lines that look like keys and a response of nearly 1 MiB', async () => {
    const line = (at: number): string => `-----BEGIN PRIVATE KEY-----\n${String(at).padStart(16, 'A')}`
    const file = join(folder, 'fake.pem')
    writeFileSync(
      file,
      Array.from({ length: 5500 }, (_, at) => line(at))
        .join('\n')
        .slice(0, 250_000) + `\n${ca.pem}`,
    )
    const message = { Code: 'NoPermission', Message: fill('AAAAAAAAAAAA0000', 900_000) }
    await service.emulator.setFaults([
      { operation: '*', fault: { status: 403, body: JSON.stringify(message) }, times: 'always' },
    ])
    for (const inputs of [
      { 'ca-certificate': file, 'ca-private-key': key },
      { 'ca-certificate': ca.pem, 'ca-private-key': file },
    ]) {
      const { 'instance-id': id = '', endpoint = '' } = keyless(service.emulator).inputs
      const given = {
        'instance-id': id,
        endpoint,
        'ca-name': 'x',
        'access-key-id': 'L',
        'access-key-secret': 'secret-of-it',
        ...inputs,
      }
      const env = { NODE_EXTRA_CA_CERTS: service.emulator.info.caFile }
      await inTime((options) => runStep('register', given, { env, ...options }))
    }
  })
})

describe('a path', () => {
  const large = join(folder, 'large.pem')
  writeFileSync(large, `${ca.pem}${'\n'.repeat(256 * 1024)}`)

  it.each([
    [
      'a file that never ends',
      '/proc/self/pagemap',
      /neither PEM text nor the path of a readable file|larger than 256 KiB/,
    ],
    [
      'a file whose read blocks',
      '/proc/kmsg',
      /neither PEM text nor the path of a readable file|larger than 256 KiB|contains no PEM/,
    ],
    ['a pipe', fifo, /neither PEM text nor the path of a readable file/],
    ['a device', '/dev/zero', /neither PEM text nor the path of a readable file/],
    ['a folder', '/', /neither PEM text nor the path of a readable file/],
    ['a file that is too large', large, /larger than 256 KiB/],
  ])('to %s makes the step fail', async (_, path, text) => {
    for (const name of ['ca-certificate', 'ca-private-key']) {
      const inputs = { 'register-code': CODE, 'ca-certificate': ca.pem, 'ca-private-key': key, [name]: path }
      const { annotations } = await inTime((options) => runStep('sign', inputs, { ...options }))
      expect(annotations).toEqual([expect.stringMatching(text)])
    }
  })

  it('to a file whose read hangs makes the step fail at the timeout', async () => {
    if (!existsSync(fifo)) return
    // Simulates a read that hangs, as on a lost file server: it has the size and type of a file, but reads from a pipe.
    const preload = join(folder, 'preload.cjs')
    writeFileSync(
      preload,
      `const promises = require('node:fs/promises'), { open } = promises
       promises.open = async (path, ...rest) => {
         if (path !== ${JSON.stringify(large)}) return open(path, ...rest)
         const file = await open(${JSON.stringify(fifo)}, 'r+')
         file.stat = async () => ({ isFile: () => true })
         return file
       }`,
    )
    const { inputs } = keyless(service.emulator)
    const given = {
      'instance-id': inputs['instance-id'] ?? '',
      'ca-name': 'x',
      'ca-certificate': ca.pem,
      'ca-private-key': large,
      timeout: '1',
    }
    const env = { NODE_OPTIONS: `--require "${preload}"` }
    const run = await inTime((options) => runStep('register', given, { env, ...options }))
    expect(run.annotations).toEqual([
      expect.stringMatching(/^The file named by ca-private-key could not be read within 1 s/),
    ])
  })
})
