/**
 * `npm run bench`: runs `run`, `register`, `issue` and `inventory` below. Names after `--` choose others, as in `npm run bench -- check`.
 *
 * run        measures a run of the actions against the limit of each figure, and writes results.json
 * check      measures the same with fewer rounds, and fails when a figure is above its bar
 * register   measures a whole registration, with the key at hand and in KMS
 * issue      measures issuing device certificates
 * inventory  measures listing device certificates
 * libraries  measures what loading each library costs
 * emulator   measures how many calls the emulator answers, and its memory
 */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { benchEmulator } from './emulator.ts'
import { benchIssue } from './issue.ts'
import { benchInventory } from './inventory.ts'
import { benchLibraries } from './libraries.ts'
import { benchRegister } from './register.ts'
import { aboveTheirBars, benchRun } from './run.ts'

const ROUNDS = 25
const FEW_ROUNDS = 15

const BENCHES: Readonly<Record<string, () => Promise<void>>> = {
  run: async () => {
    const results = { node: process.version, rounds: ROUNDS, figures: await benchRun(ROUNDS) }
    writeFileSync(join(import.meta.dirname, 'results.json'), `${JSON.stringify(results, null, 2)}\n`)
  },
  check: async () => {
    let above = aboveTheirBars(await benchRun(FEW_ROUNDS))
    // Measures again, because another process may have slowed down the first time.
    if (above.length > 0) above = aboveTheirBars(await benchRun(FEW_ROUNDS))
    for (const line of above) console.error(`Above its bar: ${line}`)
    if (above.length > 0) process.exitCode = 1
  },
  register: benchRegister,
  issue: benchIssue,
  inventory: benchInventory,
  libraries: benchLibraries,
  emulator: benchEmulator,
}

const names = process.argv.length > 2 ? process.argv.slice(2) : ['run', 'register', 'issue', 'inventory']
for (const name of names) {
  const bench = BENCHES[name]
  if (bench === undefined) throw new Error(`Unknown bench "${name}". Use ${Object.keys(BENCHES).join(', ')}.`)
  await bench()
}
