import { createCaAction } from '../../src/actions/create-ca.ts'
import { getRegisterCodeAction } from '../../src/actions/get-register-code.ts'
import { inventoryAction } from '../../src/actions/inventory.ts'
import { issueDeviceCertificatesAction } from '../../src/actions/issue-device-certificates.ts'
import { registerAction } from '../../src/actions/register.ts'
import { setStatusAction } from '../../src/actions/set-status.ts'
import { signAction } from '../../src/actions/sign.ts'
import { unsealAction } from '../../src/actions/unseal.ts'
import type { Timing } from '../../src/attempts/retry.ts'
import { runAction } from '../../src/runner/run-action.ts'
import { type RunProgram, runStep, type StepRun } from '../../testing/run-step.ts'
import { NO_PAUSES, withEnvironment } from './in-process.ts'

/**
 * Runs a step like `runStep`, but from `src/` and in this process, one step at a time. A secret that one step masks is
 * also withheld by later steps in this process.
 *
 * @param options.timing replaces the timing of users
 */
export async function runStepInProcess(
  action: string,
  inputs: Readonly<Record<string, string>>,
  { env = {}, timing = NO_PAUSES }: Options = {},
): Promise<StepRun> {
  return await runStep(action, inputs, { env, run: inProcess(timing) })
}

type Options = { readonly env?: Readonly<Record<string, string>>; readonly timing?: Timing }

/** Returns a function that runs the program of an action in the calling thread. */
export function inProcess(timing: Timing): RunProgram {
  return async ({ action, env, onOutput }) => {
    const exitCodes: number[] = []
    const { stdout, stderr } = await withEnvironment(env, () =>
      runAction(
        () => start(action, timing),
        (code) => exitCodes.push(code),
      ),
    )
    onOutput(stdout)
    return { exitCode: exitCodes[0] ?? null, stderr }
  }
}

async function start(action: string, timing: Timing): Promise<void> {
  switch (action) {
    case '.': {
      await getRegisterCodeAction(timing)
      return
    }
    case 'register': {
      await registerAction(timing)
      return
    }
    case 'sign': {
      await signAction(timing)
      return
    }
    case 'create-ca': {
      await createCaAction(timing)
      return
    }
    case 'issue-device-certificates': {
      await issueDeviceCertificatesAction(timing)
      return
    }
    case 'set-status': {
      await setStatusAction(timing)
      return
    }
    case 'inventory': {
      await inventoryAction(timing)
      return
    }
    case 'unseal': {
      await unsealAction()
      return
    }
    default:
      throw new Error(`no action ${action} runs in this process`)
  }
}
