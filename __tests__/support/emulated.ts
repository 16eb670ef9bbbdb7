import { afterAll, beforeAll, beforeEach } from '@jest/globals'
import { runStep, type StepRun } from '../../testing/run-step.ts'
import type { EmulatorConfig } from '../../emulator/world/config.ts'
import { startEmulator, type Emulator } from '../../emulator/start.ts'

/** An emulator for the tests of a file, which is reset before each test, and functions that run the actions. */
export function emulated(config?: EmulatorConfig): {
  readonly emulator: Emulator
  /** Runs the root action from dist/ with working inputs, which the given ones replace. */
  readonly getRegisterCode: (inputs?: Inputs, env?: Readonly<Record<string, string>>) => Promise<StepRun>
  /** Runs register from dist/ with a working endpoint and access key. */
  readonly register: (inputs: Inputs, options?: Options) => Promise<StepRun>
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
    register: (inputs, { env, signal } = {}) =>
      runStep('register', given({ ...workingInputs(emulator()), ...inputs }), {
        env: { NODE_EXTRA_CA_CERTS: emulator().info.caFile, ...env },
        ...(signal && { signal }),
      }),
  }
}

type Options = { readonly env?: Readonly<Record<string, string>>; readonly signal?: AbortSignal }

/** Inputs of a step. `undefined` omits an input. */
export type Inputs = Readonly<Record<string, string | undefined>>

export function workingInputs({ info }: Emulator): Record<string, string> {
  return { ...address(info), 'access-key-id': info.accessKeyId, 'access-key-secret': info.accessKeySecret }
}

/** Returns inputs and environment of a step that uses OIDC instead of an access key. */
export function keyless({ info }: Emulator): { inputs: Record<string, string>; env: Record<string, string> } {
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

function address(info: Emulator['info']): Record<string, string> {
  return { 'instance-id': info.instanceId, 'region-id': info.regionId, endpoint: info.endpoint }
}

function given(inputs: Inputs): Record<string, string> {
  return Object.fromEntries(
    Object.entries(inputs).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  )
}
