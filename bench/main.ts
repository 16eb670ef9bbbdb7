/**
 * `npm run bench`: what a run costs, in one table, and in `results.json`. What it may cost stands beside it.
 * `npm run bench -- check`: the same with few rounds, and fails when a figure is above its bar.
 * `npm run bench -- register`, `-- libraries`, `-- emulator`: what registering costs, what it costs to load each
 * library, and what the emulator can take.
 */
import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { benchAction } from './action.ts'
import { benchEmulator } from './emulator.ts'
import { aboveTheirBars, tableOf, type Figure } from './figures.ts'
import { benchLibraries } from './libraries.ts'
import { benchRegister } from './register.ts'
import { benchSign } from './sign.ts'

const ROUNDS = 25
const FEW_ROUNDS = 15

const BENCHES: Readonly<Record<string, () => Promise<void>>> = {
  run: async () => {
    const figures = await measure(ROUNDS)
    const results = { node: process.version, rounds: ROUNDS, figures }
    writeFileSync(join(import.meta.dirname, 'results.json'), `${JSON.stringify(results, null, 2)}\n`)
  },
  check: async () => {
    let above = aboveTheirBars(await measure(FEW_ROUNDS))
    // Once more, as another process may have taken a core away for a while.
    if (above.length > 0) above = aboveTheirBars(await measure(FEW_ROUNDS))
    for (const line of above) console.error(`Above its bar: ${line}`)
    if (above.length > 0) process.exitCode = 1
  },
  register: benchRegister,
  libraries: benchLibraries,
  emulator: benchEmulator,
}

const subjects = process.argv.length > 2 ? process.argv.slice(2) : ['run', 'register']
for (const subject of subjects) {
  const bench = BENCHES[subject]
  if (bench === undefined) {
    console.error(`There is no bench "${subject}": ${Object.keys(BENCHES).join(', ')} are there.`)
    process.exitCode = 2
    break
  }
  await bench()
}

async function measure(rounds: number): Promise<readonly Figure[]> {
  const figures: Figure[] = [
    ...(await benchAction(rounds)),
    ...(await benchSign(rounds)),
    { name: 'archive', value: archiveBytes() },
  ]
  console.table(tableOf(figures))
  console.log(`medians of ${rounds} runs each, by turns; action and by hand in ms, or in kB for memory`)
  return figures
}

/** Of the last commit: what GitHub's runner downloads before it starts the action. */
function archiveBytes(): number {
  const options = { cwd: dirname(import.meta.dirname), maxBuffer: 100_000_000 }
  return execFileSync('git', ['archive', '--format=tar.gz', 'HEAD'], options).length
}
