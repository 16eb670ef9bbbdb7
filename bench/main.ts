/** `npm run bench`: prints what a run costs; `npm run bench -- emulator`: what the emulator can take. */
import { benchAction } from './action.ts'
import { benchEmulator } from './emulator.ts'
import { benchRegister } from './register.ts'

const BENCHES: Readonly<Record<string, () => Promise<void>>> = {
  action: benchAction,
  register: benchRegister,
  emulator: benchEmulator,
}

const subjects = process.argv.length > 2 ? process.argv.slice(2) : ['action', 'register']
for (const subject of subjects) {
  const bench = BENCHES[subject]
  if (bench === undefined) {
    console.error(`There is no bench "${subject}": ${Object.keys(BENCHES).join(', ')} are there.`)
    process.exitCode = 2
    break
  }
  await bench()
}
