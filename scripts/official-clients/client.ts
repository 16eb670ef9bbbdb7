import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { StartupLine } from '../../emulator/run.ts'
import type { Check } from '../checks.ts'

/**
 * An SDK of Alibaba Cloud: for ApsaraMQ for MQTT, for STS, for KMS, or the core SDK with the classic signature; or the
 * aliyun CLI, which signs the classic way, too.
 */
export type Client = 'onsmqtt' | 'sts' | 'kms' | 'classic' | 'cli'

export type ClientCall = {
  readonly client: Client
  readonly operation: string
  /** Only for the classic client, which does not know the operations. */
  readonly method?: 'GET' | 'POST'
  /** Only for the classic client and the CLI. Defaults to that of ApsaraMQ for MQTT. */
  readonly version?: typeof KMS_VERSION
  readonly parameters: Readonly<Record<string, string | number>>
  /** Replaces the emulator's own key. */
  readonly keys?: {
    readonly accessKeyId?: string
    readonly accessKeySecret?: string
    readonly securityToken?: string
  }
}

export const KMS_VERSION = '2016-01-20'

/** The response as the client read it. A success has `body` and no code. */
export type Outcome = {
  readonly code: string | null
  readonly body?: Readonly<Record<string, unknown>>
  readonly message?: string
}

/** Whether the aliyun CLI is on the path. No package registry has it, so it is not installed here. */
export function hasCli(): boolean {
  return spawnSync('aliyun', ['version']).status === 0
}

/**
 * Makes a call in a new process: of Python, or of the CLI.
 *
 * @param programs the folder of the virtual environment's programs
 * @throws Error with Python's own message when the client fails on the response
 */
export function makeCall(call: ClientCall, info: StartupLine, programs: string): Outcome {
  if (call.client === 'cli') return callWithCli(call, info)
  const { endpoint, caFile, accessKeyId, accessKeySecret } = info
  const input = { endpoint, caFile, accessKeyId, accessKeySecret, ...call.keys, ...call }
  return runPython('client.py', input, programs) as Outcome
}

function callWithCli({ operation, version, parameters, keys }: ClientCall, info: StartupLine): Outcome {
  const product = version === KMS_VERSION ? 'kms' : 'onsmqtt'
  const options: ClientCall['parameters'] = { ...parameters, region: info.regionId, endpoint: info.endpoint }
  const args = Object.entries(options).flatMap(([name, value]) => [`--${name}`, String(value)])
  const { accessKeyId, accessKeySecret } = { ...info, ...keys }
  const home = mkdtempSync(join(tmpdir(), 'aliyun-'))
  try {
    const { status, stdout, stderr } = spawnSync('aliyun', [product, operation, ...args], {
      encoding: 'utf8',
      // Nothing else, as below. It keeps its configuration in the home directory.
      env: {
        PATH: process.env['PATH'],
        HOME: home,
        SSL_CERT_FILE: info.caFile,
        ALIBABA_CLOUD_ACCESS_KEY_ID: accessKeyId,
        ALIBABA_CLOUD_ACCESS_KEY_SECRET: accessKeySecret,
      },
    })
    if (status === 0) return { code: null, body: JSON.parse(stdout) as Readonly<Record<string, unknown>> }
    const [, code] = /^ErrorCode: (\S+)$/m.exec(stdout + stderr) ?? []
    if (code === undefined) throw new Error(`aliyun ended with ${status ?? 'a signal'}: ${stdout}${stderr}`)
    return { code }
  } finally {
    rmSync(home, { recursive: true })
  }
}

/**
 * Runs a Python program of this folder, which reads JSON from standard input and writes JSON to standard output.
 *
 * @param programs the folder of the virtual environment's programs
 * @throws Error with Python's own message when the program fails
 */
export function runPython(program: string, input: unknown, programs: string): unknown {
  const { status, stdout, stderr } = spawnSync(join(programs, 'python'), [program], {
    cwd: import.meta.dirname,
    input: JSON.stringify(input),
    encoding: 'utf8',
    // Nothing else, so that no proxy or access key of this machine is used.
    env: { PATH: process.env['PATH'], PYTHONDONTWRITEBYTECODE: '1' },
  })
  if (status !== 0) throw new Error(`${program} ended with ${status ?? 'a signal'}: ${stderr}`)
  return JSON.parse(stdout) as unknown
}

/** Checks that a call is refused with this code. */
export function refused(name: string, outcome: Outcome, code: string): Check {
  return [name, outcome.code === code, JSON.stringify(outcome)]
}

/** Checks that a call succeeds with a correct body. */
export function succeeded(
  name: string,
  outcome: Outcome,
  isCorrect: (body: Readonly<Record<string, unknown>>) => boolean,
): Check {
  return [name, outcome.code === null && isCorrect(outcome.body ?? {}), JSON.stringify(outcome)]
}
