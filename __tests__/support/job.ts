import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { runStep, type StepRun } from '../../testing/run-step.ts'

/** A job of several steps. Exported variables and masks apply to later steps, and post steps run at the end. */
export type Job = {
  /** `RUNNER_TEMP`. */
  readonly temp: string
  /** The environment of the next step. */
  readonly env: Readonly<Record<string, string>>
  readonly step: (
    action: string,
    inputs?: Readonly<Record<string, string>>,
    env?: Readonly<Record<string, string>>,
  ) => Promise<StepRun>
  /** Runs the post steps in reverse order, and removes the temporary folder. */
  readonly end: () => Promise<StepRun[]>
}

/** @param withPost the actions that have a post step */
export function startJob(variables: Readonly<Record<string, string>> = {}, withPost = ['emulator']): Job {
  const temp = mkdtempSync(join(tmpdir(), 'job-'))
  const masks: string[] = []
  let env: Record<string, string> = { ...variables, RUNNER_TEMP: temp }
  let posts: (() => Promise<StepRun>)[] = []
  return {
    temp,
    get env() {
      return env
    },
    step: async (action, inputs = {}, ownEnv = {}) => {
      const run = await runStep(action, inputs, { env: { ...env, ...ownEnv }, masks })
      env = { ...env, ...run.exported }
      masks.push(...run.masks)
      const state = Object.entries(run.state).map(([name, value]) => [`STATE_${name}`, value] as const)
      if (withPost.includes(action)) {
        posts.unshift(() =>
          runStep(action, inputs, { env: { ...env, ...Object.fromEntries(state) }, masks, stage: 'post' }),
        )
      }
      return run
    },
    end: async () => {
      const runs: StepRun[] = []
      for (const post of posts) runs.push(await post())
      posts = []
      rmSync(temp, { recursive: true, force: true })
      return runs
    },
  }
}
