import { getRegisterCodeAction } from '../../src/actions/get-register-code.ts'
import { registerAction } from '../../src/actions/register.ts'
import { signAction } from '../../src/actions/sign.ts'
import { unsealAction } from '../../src/actions/unseal.ts'
import type { Timing } from '../../src/attempts/retry.ts'
import { runAction } from '../../src/runner/run-action.ts'
import { type RunProgram, runStep, type StepRun } from '../../testing/run-step.ts'
import { NO_PAUSES, withEnvironment } from './in-process.ts'

/**
 * Runs a step as `runStep` does, but from `src/` and in this process, one step at a time. What one step masks, the later
 * ones in this process withhold, too.
 *
 * @param options.timing how long it waits, instead of as long as for users
 */
export async function runStepInProcess(
  action: string,
  inputs: Readonly<Record<string, string>>,
  { env = {}, timing = NO_PAUSES }: Options = {},
): Promise<StepRun> {
  return await runStep(action, inputs, { env, run: inProcess(timing) })
}

type Options = { readonly env?: Readonly<Record<string, string>>; readonly timing?: Timing }

/** @returns what runs the program of an action in this process, or in the thread that calls it */
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
      await signAction()
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
