import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** A program that does the work of a step. */
export type Contender = {
  readonly program: string
  readonly args: readonly string[]
  readonly env: Readonly<Record<string, string>>
  /** The output that it must set. */
  readonly sets: string
  /** Called before each run. */
  readonly prepare?: () => Promise<void>
}

/** Medians of a contender's runs. */
export type Cost = {
  readonly ms: number
  /** 0 for a program that is not Node. */
  readonly peakKb: number
  /** All JavaScript that Node loaded, except its own modules; 0 for a program that is not Node. */
  readonly loadedBytes: number
}

/**
 * Runs two programs by turns, because the speed of a machine changes from minute to minute. Time and footprint are
 * measured in different runs, so that one does not disturb the other.
 *
 * @param options.folder for the files that they write
 */
export async function byTurns(
  [one, other]: readonly [Contender, Contender],
  options: { readonly rounds: number; readonly folder: string },
): Promise<readonly [Cost, Cost]> {
  const costs: readonly [Cost[], Cost[]] = [[], []]
  // The first round warms up the disk cache and is not counted.
  for (let round = 0; round <= options.rounds; round++) {
    const ofOne = await costOf(one, options.folder)
    const ofOther = await costOf(other, options.folder)
    if (round === 0) continue
    costs[0].push(ofOne)
    costs[1].push(ofOther)
  }
  return [medians(costs[0]), medians(costs[1])]
}

/** Returns the middle value, or the mean of the two middle values. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const low = sorted[Math.floor((sorted.length - 1) / 2)]
  const high = sorted[Math.ceil((sorted.length - 1) / 2)]
  if (low === undefined || high === undefined) throw new Error('There is no median of an empty list.')
  return (low + high) / 2
}

async function costOf(contender: Contender, folder: string): Promise<Cost> {
  const ms = await run(contender, [], folder)
  if (contender.program !== process.execPath) return { ms, peakKb: 0, loadedBytes: 0 }
  const file = join(folder, 'footprint.json')
  rmSync(file, { force: true })
  await run(contender, ['--import', join(import.meta.dirname, 'footprint.js')], folder, {
    FOOTPRINT_FILE: file,
  })
  return { ms, ...(JSON.parse(readFileSync(file, 'utf8')) as Omit<Cost, 'ms'>) }
}

/** Runs the program once and returns its milliseconds. Fails when it did not set its output. */
async function run(
  { program, args, env, sets, prepare }: Contender,
  nodeOptions: readonly string[],
  folder: string,
  extraEnv: Readonly<Record<string, string>> = {},
): Promise<number> {
  await prepare?.()
  const output = join(folder, 'output')
  writeFileSync(output, '')
  const startMs = performance.now()
  const child = spawn(program, [...nodeOptions, ...args], {
    env: { PATH: process.env['PATH'], GITHUB_OUTPUT: output, ...env, ...extraEnv },
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  await once(child, 'exit')
  const ms = performance.now() - startMs
  if (child.exitCode === 0 && readFileSync(output, 'utf8').includes(sets)) return ms
  throw new Error(`${program} ${args.join(' ')} did not set ${sets}`)
}

function medians(costs: readonly Cost[]): Cost {
  const of = (part: keyof Cost) => median(costs.map((cost) => cost[part]))
  return { ms: of('ms'), peakKb: of('peakKb'), loadedBytes: of('loadedBytes') }
}
