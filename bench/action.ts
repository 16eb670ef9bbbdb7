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
const handWritten = join(import.meta.dirname, 'hand-written.js')

type Cost = { readonly ms: number; readonly peakKb: number }

/**
 * Runs the action and a hand-written script that makes the same signed call, by turns, and compares them. The two
 * are run in one go, as a machine's speed changes from one minute to the next.
 */
export async function benchAction(): Promise<void> {
  const emulator = await startEmulator()
  const folder = mkdtempSync(join(tmpdir(), 'bench-'))
  try {
    const costs: Record<string, Cost[]> = { [action]: [], [handWritten]: [] }
    // The first round warms up the disk cache, and is not counted.
    for (let round = 0; round <= ROUNDS; round++) {
      for (const [script, measured] of Object.entries(costs)) {
        const cost = await run(script, emulator, folder)
        if (round > 0) measured.push(cost)
      }
    }
    const of = (script: string, part: keyof Cost) => median((costs[script] ?? []).map((cost) => cost[part]))
    const results = {
      rounds: ROUNDS,
      wallMs: { action: of(action, 'ms'), handWritten: of(handWritten, 'ms') },
      wallRatio: of(action, 'ms') / of(handWritten, 'ms'),
      peakMemoryKb: { action: of(action, 'peakKb'), handWritten: of(handWritten, 'peakKb') },
      peakMemoryRatio: of(action, 'peakKb') / of(handWritten, 'peakKb'),
      mainBundleBytes: statSync(action).size,
    }
    console.table({
      'wall time, ms': { ...rounded(results.wallMs), ratio: results.wallRatio.toFixed(2) },
      'peak memory, kB': { ...rounded(results.peakMemoryKb), ratio: results.peakMemoryRatio.toFixed(2) },
    })
    console.log(`medians of ${ROUNDS} runs each, by turns; dist/index.js: ${results.mainBundleBytes} bytes`)
    writeFileSync(join(import.meta.dirname, 'results.json'), `${JSON.stringify(results, null, 2)}\n`)
  } finally {
    await emulator.stop()
    rmSync(folder, { recursive: true })
  }
}

async function run(script: string, { info }: Emulator, folder: string): Promise<Cost> {
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
    'INPUT_ACCESS-KEY-ID': info.accessKeyId,
    'INPUT_ACCESS-KEY-SECRET': info.accessKeySecret,
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

function rounded(values: Record<string, number>): Record<string, number> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, Math.round(value)]))
}
