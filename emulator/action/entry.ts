/**
 * The bundle of the action. By its first argument it is the step that starts the emulator, the post step that stops it,
 * or the emulator itself.
 */
import { runAction } from '../../src/runner/run-action.ts'
import { runEmulator } from '../run.ts'
import { stopEmulatorAction } from './stop-emulator.ts'
import { SERVE } from './service-process.ts'
import { startEmulatorAction } from './start-emulator.ts'

const [role, ...args] = process.argv.slice(2)

if (role === SERVE) void runEmulator(args, (line) => process.send?.(line))
else void runAction(role === 'end' ? stopEmulatorAction : startEmulatorAction)
