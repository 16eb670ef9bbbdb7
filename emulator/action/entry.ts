/**
 * The bundle of the action: the step that starts the emulator, the post step that ends it, and the emulator itself, by
 * the first argument.
 */
import { runAction } from '../../src/runner/run-action.ts'
import { runEmulator } from '../run.ts'
import { endEmulatorAction } from './end-emulator.ts'
import { SERVE } from './service-process.ts'
import { startEmulatorAction } from './start-emulator.ts'

const [role, ...args] = process.argv.slice(2)

if (role === SERVE) void runEmulator(args, (line) => process.send?.(line))
else void runAction(role === 'end' ? endEmulatorAction : startEmulatorAction)
