/** `npm run bench`: prints what a run costs; `npm run bench -- emulator`: what the emulator can take. */
import { benchAction } from './action.ts'
import { benchEmulator } from './emulator.ts'

const [subject = 'action'] = process.argv.slice(2)
if (subject === 'action') await benchAction()
else if (subject === 'emulator') await benchEmulator()
else {
  console.error(`There is no bench "${subject}": action and emulator are there.`)
  process.exitCode = 2
}
