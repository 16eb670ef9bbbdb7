import { afterAll, beforeAll, beforeEach } from '@jest/globals'
import { runStep, type StepRun } from '../../demo/runner.ts'
import type { EmulatorConfig } from '../../emulator/config.ts'
import { startEmulator, type Emulator } from '../../emulator/start.ts'

/** An emulator for the tests of a file, with a clean state for each; and the actions as the runner starts them. */
export function emulated(config?: EmulatorConfig): {
  readonly emulator: Emulator
  /** Runs the root action from dist/, with inputs that work; those given replace them. */
  readonly getRegisterCode: (inputs?: Inputs, env?: Readonly<Record<string, string>>) => Promise<StepRun>
} {
  let running: Emulator | undefined
  const emulator = (): Emulator => {
    if (running === undefined) throw new Error('The emulator runs while tests do.')
    return running
  }
  beforeAll(async () => {
    running = await startEmulator(config === undefined ? {} : { config })
  })
  beforeEach(async () => {
    await emulator().reset()
  })
  afterAll(async () => {
    await running?.stop()
  })
  return {
    get emulator() {
      return emulator()
    },
    getRegisterCode: (inputs = {}, env = {}) =>
      runStep('.', given({ ...workingInputs(emulator()), ...inputs }), {
        env: { NODE_EXTRA_CA_CERTS: emulator().info.caFile, ...env },
      }),
  }
}

/** Inputs of a step; `undefined` leaves one out. */
export type Inputs = Readonly<Record<string, string | undefined>>

export function workingInputs({ info }: Emulator): Record<string, string> {
  return {
    'instance-id': info.instanceId,
    'region-id': info.regionId,
    endpoint: info.endpoint,
    'access-key-id': info.accessKeyId,
    'access-key-secret': info.accessKeySecret,
  }
}

function given(inputs: Inputs): Record<string, string> {
  return Object.fromEntries(
    Object.entries(inputs).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  )
}
