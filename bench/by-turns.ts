import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { median } from './median.ts'

/** A program that stands for a step: it sets the output that the next step wants. */
export type Contender = {
  readonly program: string
  readonly args: readonly string[]
  readonly env: Readonly<Record<string, string>>
  readonly sets: string
}

/** Medians of a contender's runs. */
export type Cost = {
  readonly ms: number
  /** Of a script that Node runs. */
  readonly peakKb: number
  /** All the JavaScript that Node loaded for it, but its own. */
  readonly loadedBytes: number
}

/**
 * Runs two programs by turns, as a machine's speed changes from one minute to the next. Time and footprint are of
 * different runs, so that the one is not part of the other.
 *
 * @param options.folder for what they write
 */
export async function byTurns(
  contenders: readonly [action: Contender, byHand: Contender],
  options: { readonly rounds: number; readonly folder: string },
): Promise<readonly [action: Cost, byHand: Cost]> {
  const [action, byHand] = contenders
  const costs: readonly [Cost[], Cost[]] = [[], []]
  // The first round warms up the disk cache, and is not counted.
  for (let round = 0; round <= options.rounds; round++) {
    const ofAction = await costOf(action, options.folder)
    const ofHand = await costOf(byHand, options.folder)
    if (round === 0) continue
    costs[0].push(ofAction)
    costs[1].push(ofHand)
  }
  return [medians(costs[0]), medians(costs[1])]
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

/** Runs it once, and fails when it did not do its work. */
async function run(
  { program, args, env, sets }: Contender,
  before: readonly string[],
  folder: string,
  more: Readonly<Record<string, string>> = {},
): Promise<number> {
  const output = join(folder, 'output')
  writeFileSync(output, '')
  const startMs = performance.now()
  const child = spawn(program, [...before, ...args], {
    env: { PATH: process.env['PATH'], GITHUB_OUTPUT: output, ...env, ...more },
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
