import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, beforeEach } from '@jest/globals'
import { type RunProgram, runStep, type StepRun } from '../../testing/run-step.ts'
import { controlClient } from '../../emulator/control-client.ts'
import type { StartupLine } from '../../emulator/run.ts'
import type { EmulatorConfig } from '../../emulator/world/config.ts'
import { type Emulator, type RunningEmulator, startEmulator } from '../../emulator/start.ts'

/**
 * An emulator that is reset before each test of a file, and functions that run the actions.
 *
 * @param config of an emulator for this file alone; by default it is shared with other files
 */
export function emulated(config?: EmulatorConfig): {
  readonly emulator: RunningEmulator
  /** Runs the root action from dist/ with working inputs, which the given ones replace. */
  readonly getRegisterCode: (inputs?: Inputs, env?: Readonly<Record<string, string>>) => Promise<StepRun>
  /** Runs register with a working endpoint and access key, from dist/ unless another program is given. */
  readonly register: (inputs: Inputs, options?: Options) => Promise<StepRun>
} {
  let running: RunningEmulator | undefined
  const emulator = (): RunningEmulator => {
    if (running === undefined) throw new Error('The emulator runs while tests do.')
    return running
  }
  if (config === undefined) {
    running = sharedEmulator()
  } else {
    let started: Emulator | undefined
    beforeAll(async () => {
      running = started = await startEmulator({ config })
    })
    afterAll(async () => {
      await started?.stop()
    })
  }
  beforeEach(async () => {
    await emulator().reset()
  })
  return {
    get emulator() {
      return emulator()
    },
    getRegisterCode: (inputs = {}, env = {}) =>
      runStep('.', given({ ...workingInputs(emulator()), ...inputs }), {
        env: { NODE_EXTRA_CA_CERTS: emulator().info.caFile, ...env },
      }),
    register: (inputs, { env, ...options } = {}) =>
      runStep('register', given({ ...workingInputs(emulator()), ...inputs }), {
        env: { NODE_EXTRA_CA_CERTS: emulator().info.caFile, ...env },
        ...options,
      }),
  }
}

/** Returns the emulator that start-emulators.js started for this process. */
function sharedEmulator(): RunningEmulator {
  const all = JSON.parse(process.env['TEST_EMULATORS'] ?? '[]') as readonly StartupLine[]
  const info = all[Number(process.env['JEST_WORKER_ID']) - 1]
  if (info === undefined) throw new Error('no emulator was started for this process')
  return { info, ...controlClient(info.endpoint, readFileSync(info.caFile, 'utf8')) }
}

type Options = {
  readonly env?: Readonly<Record<string, string>>
  readonly signal?: AbortSignal
  readonly run?: RunProgram
}

/** Inputs of a step. `undefined` omits an input. */
export type Inputs = Readonly<Record<string, string | undefined>>

export function workingInputs({ info }: Pick<RunningEmulator, 'info'>): Record<string, string> {
  return { ...address(info), 'access-key-id': info.accessKeyId, 'access-key-secret': info.accessKeySecret }
}

/** Returns the inputs of a step that uses a key in KMS, by default the P-256 one. */
export function withKms(
  { info }: Pick<RunningEmulator, 'info'>,
  keyId = info.kmsKeyId,
): Record<string, string> {
  return {
    'region-id': info.regionId,
    'kms-endpoint': info.endpoint,
    'access-key-id': info.accessKeyId,
    'access-key-secret': info.accessKeySecret,
    'kms-key-id': keyId,
  }
}

/** Returns inputs and environment of a step that uses OIDC instead of an access key. */
export function keyless({ info }: Pick<RunningEmulator, 'info'>): {
  inputs: Record<string, string>
  env: Record<string, string>
} {
  return {
    inputs: {
      ...address(info),
      'sts-endpoint': info.endpoint,
      'role-to-assume': info.roleArn,
      'oidc-provider-arn': info.oidcProviderArn,
    },
    env: {
      NODE_EXTRA_CA_CERTS: info.caFile,
      ACTIONS_ID_TOKEN_REQUEST_URL: info.idTokenRequestUrl,
      ACTIONS_ID_TOKEN_REQUEST_TOKEN: info.idTokenRequestToken,
      GITHUB_REPOSITORY: 'acme/devices',
      GITHUB_RUN_ID: '42',
    },
  }
}

function address(info: StartupLine): Record<string, string> {
  return { 'instance-id': info.instanceId, 'region-id': info.regionId, endpoint: info.endpoint }
}

function given(inputs: Inputs): Record<string, string> {
  return Object.fromEntries(
    Object.entries(inputs).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  )
}
