import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import type { StartupLine } from '../../emulator/startup-line.ts'

/** A program beside this file that uses one of Alibaba Cloud's own SDKs. */
export type Client = 'onsmqtt' | 'classic' | 'sts'

/** A call that a client is told to make. */
export type ClientCall = {
  readonly client: Client
  readonly operation: string
  /** For the classic client, which does not know. */
  readonly method?: 'GET' | 'POST'
  readonly parameters: Readonly<Record<string, string | number>>
  /** Instead of the emulator's own key. */
  readonly keys?: {
    readonly accessKeyId?: string
    readonly accessKeySecret?: string
    readonly securityToken?: string
  }
}

/** What the client made of the answer. `code` is `null` with a success. */
export type Outcome = {
  readonly code: string | null
  readonly body?: Readonly<Record<string, unknown>>
  readonly message?: string
}

/**
 * Makes a call in a Python process of its own.
 *
 * @param programs the folder of the virtual environment's programs
 * @throws Error with what Python says, when the client breaks on the answer
 */
export function makeCall(call: ClientCall, info: StartupLine, programs: string): Outcome {
  const { endpoint, caFile, accessKeyId, accessKeySecret } = info
  const { status, stdout, stderr } = spawnSync(join(programs, 'python'), [`${call.client}.py`], {
    cwd: import.meta.dirname,
    input: JSON.stringify({ endpoint, caFile, accessKeyId, accessKeySecret, ...call.keys, ...call }),
    encoding: 'utf8',
    // Nothing else: no proxy, no key of whoever runs this.
    env: { PATH: process.env['PATH'], PYTHONDONTWRITEBYTECODE: '1' },
  })
  if (status !== 0) throw new Error(`${call.client}.py ended with ${status ?? 'a signal'}: ${stderr}`)
  // Written by call.py in this very shape.
  return JSON.parse(stdout) as Outcome
}
