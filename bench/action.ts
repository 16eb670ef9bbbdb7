import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { startEmulator, type Emulator } from '../emulator/start.ts'
import { median } from './median.ts'

const root = dirname(import.meta.dirname)
const ROUNDS = 25
const action = join(root, 'dist/index.js')

/** A way to get the code: what the step is given for it, and the script that does the same by hand, if there is one. */
type Way = {
  readonly name: string
  readonly handWritten?: string
  readonly env: (info: Emulator['info']) => Readonly<Record<string, string>>
}

const keys = (info: Emulator['info']) => ({
  'INPUT_ACCESS-KEY-ID': info.accessKeyId,
  'INPUT_ACCESS-KEY-SECRET': info.accessKeySecret,
})
const role = (info: Emulator['info']) => ({
  'INPUT_STS-ENDPOINT': info.endpoint,
  'INPUT_ROLE-TO-ASSUME': info.roleArn,
})
const WAYS: readonly Way[] = [
  { name: 'keys', handWritten: 'hand-written.js', env: keys },
  { name: 'keys that assume a role', env: (info) => ({ ...keys(info), ...role(info) }) },
  {
    name: 'keyless',
    handWritten: 'hand-written-keyless.js',
    env: (info) => ({
      ...role(info),
      'INPUT_OIDC-PROVIDER-ARN': info.oidcProviderArn,
      ACTIONS_ID_TOKEN_REQUEST_URL: info.idTokenRequestUrl,
      ACTIONS_ID_TOKEN_REQUEST_TOKEN: info.idTokenRequestToken,
    }),
  },
]

type Cost = { readonly ms: number; readonly peakKb: number }

/**
 * Runs the action and a hand-written script that makes the same calls, by turns, and compares them. The two are run in
 * one go, as a machine's speed changes from one minute to the next.
 */
export async function benchAction(): Promise<void> {
  const emulator = await startEmulator()
  const folder = mkdtempSync(join(tmpdir(), 'bench-'))
  try {
    const results: Record<string, Record<string, number>> = {}
    for (const way of WAYS) results[way.name] = await compare(way, emulator, folder)
    console.table(results)
    const mainBundleBytes = statSync(action).size
    console.log(`medians of ${ROUNDS} runs each, by turns; dist/index.js: ${mainBundleBytes} bytes`)
    const file = join(import.meta.dirname, 'results.json')
    writeFileSync(file, `${JSON.stringify({ rounds: ROUNDS, mainBundleBytes, ...results }, null, 2)}\n`)
  } finally {
    await emulator.stop()
    rmSync(folder, { recursive: true })
  }
}

async function compare(way: Way, emulator: Emulator, folder: string): Promise<Record<string, number>> {
  const env = way.env(emulator.info)
  await emulator.reset()
  await run(action, env, emulator, folder)
  const requests = (await emulator.requests()).length
  if (way.handWritten === undefined) return { requests }

  const byHand = join(import.meta.dirname, way.handWritten)
  const costs: Record<string, Cost[]> = { [action]: [], [byHand]: [] }
  // The first round warms up the disk cache, and is not counted.
  for (let round = 0; round <= ROUNDS; round++) {
    for (const [script, measured] of Object.entries(costs)) {
      const cost = await run(script, env, emulator, folder)
      if (round > 0) measured.push(cost)
    }
  }
  const of = (script: string, part: keyof Cost) => median((costs[script] ?? []).map((cost) => cost[part]))
  return {
    requests,
    'wall ms': Math.round(of(action, 'ms')),
    'by hand ms': Math.round(of(byHand, 'ms')),
    'wall ratio': hundredths(of(action, 'ms') / of(byHand, 'ms')),
    'peak kB': Math.round(of(action, 'peakKb')),
    'peak ratio': hundredths(of(action, 'peakKb') / of(byHand, 'peakKb')),
  }
}

async function run(
  script: string,
  given: Readonly<Record<string, string>>,
  { info }: Emulator,
  folder: string,
): Promise<Cost> {
  const output = join(folder, 'output')
  const peak = join(folder, 'peak')
  writeFileSync(output, '')
  const env = {
    PATH: process.env['PATH'],
    NODE_EXTRA_CA_CERTS: info.caFile,
    GITHUB_OUTPUT: output,
    PEAK_MEMORY_FILE: peak,
    'INPUT_INSTANCE-ID': info.instanceId,
    'INPUT_REGION-ID': info.regionId,
    INPUT_ENDPOINT: info.endpoint,
    ...given,
  }
  const preload = ['--import', join(import.meta.dirname, 'peak-memory.js')]
  const startMs = performance.now()
  const child = spawn(process.execPath, [...preload, script], { env, stdio: ['ignore', 'ignore', 'inherit'] })
  await once(child, 'exit')
  const ms = performance.now() - startMs
  if (child.exitCode !== 0 || !readFileSync(output, 'utf8').includes('register-code')) {
    throw new Error(`${script} did not get its code`)
  }
  return { ms, peakKb: Number(readFileSync(peak, 'utf8')) }
}

function hundredths(ratio: number): number {
  return Math.round(ratio * 100) / 100
}
