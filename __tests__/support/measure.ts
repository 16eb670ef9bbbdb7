import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { text } from 'node:stream/consumers'
import type { RunningEmulator } from '../../emulator/start.ts'

const program = join(dirname(dirname(import.meta.dirname)), 'conformance', 'main.ts')

/** A run of `npm run conformance`. */
export type Measurement = {
  readonly exitCode: number | null
  readonly stdout: string
  readonly stderr: string
  /** Both files of the report; empty if there is none. */
  readonly markdown: string
  readonly json: string
  /** The IDs of the entries with each outcome. */
  readonly ids: (outcome: 'as assumed' | 'different' | 'not reached') => string[]
}

/**
 * Measures an emulator as if it were the service.
 *
 * @param env in place of an access key in the environment
 * @param whileRunning called once the process has started
 */
export async function measure(
  { info }: Pick<RunningEmulator, 'info'>,
  args: readonly string[] = ['--yes'],
  options: {
    readonly env?: Readonly<Record<string, string>>
    readonly whileRunning?: (child: ChildProcess) => Promise<void>
  } = {},
): Promise<Measurement> {
  const folder = mkdtempSync(join(tmpdir(), 'conformance-'))
  const { env = keyOf(info), whileRunning } = options
  const child = spawn(process.execPath, [program, '--report', folder, '--endpoint', info.endpoint, ...args], {
    env: {
      PATH: process.env['PATH'] ?? '',
      NODE_EXTRA_CA_CERTS: info.caFile,
      MQTT_INSTANCE_ID: info.instanceId,
      MQTT_REGION_ID: info.regionId,
      ...env,
    },
  })
  const [stdout, stderr] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    whileRunning?.(child),
    once(child, 'close'),
  ])
  const read = (file: string): string =>
    existsSync(join(folder, file)) ? readFileSync(join(folder, file), 'utf8') : ''
  const [markdown, json] = [read('conformance.md'), read('conformance.json')]
  rmSync(folder, { recursive: true })
  const ids: Measurement['ids'] = (outcome) => {
    const { entries } = JSON.parse(json) as { entries: { id: string; outcome: string; detail: string }[] }
    return entries.filter((entry) => entry.outcome === outcome).map(({ id }) => id)
  }
  return { exitCode: child.exitCode, stdout, stderr, markdown, json, ids }
}

function keyOf({ accessKeyId, accessKeySecret }: RunningEmulator['info']): Record<string, string> {
  return { ALIBABA_CLOUD_ACCESS_KEY_ID: accessKeyId, ALIBABA_CLOUD_ACCESS_KEY_SECRET: accessKeySecret }
}
