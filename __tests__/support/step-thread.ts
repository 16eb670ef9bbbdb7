import { once } from 'node:events'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import type { RunProgram } from '../../testing/run-step.ts'

/** A thread that runs steps from `src/`, one after another. To stop a step, the thread is terminated. */
export type StepThread = {
  readonly run: RunProgram
  readonly end: () => Promise<void>
}

/** The messages to and from the thread. */
export type Order = Pick<Parameters<RunProgram>[0], 'action' | 'env'>
export type StepEnd = { readonly exitCode: number | null; readonly stdout: string; readonly stderr: string }

/** Returns a thread that starts with its first step, and again after a step was stopped. */
export function stepThread(): StepThread {
  let worker: Worker | undefined
  const end = async (): Promise<void> => {
    await worker?.terminate()
    worker = undefined
  }
  return {
    end,
    run: async ({ action, env, signal, onOutput }) => {
      worker ??= new Worker(join(import.meta.dirname, 'step-thread-worker.ts'))
      const ended = once(worker, 'message', signal && { signal }) as Promise<[StepEnd]>
      worker.postMessage({ action, env } satisfies Order)
      try {
        const [{ exitCode, stdout, stderr }] = await ended
        onOutput(stdout)
        return { exitCode, stderr }
      } catch (error) {
        if (signal?.aborted !== true) throw error
        await end()
        return { exitCode: null, stderr: '' }
      }
    },
  }
}
