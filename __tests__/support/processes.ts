import { readFileSync } from 'node:fs'
import { setImmediate } from 'node:timers/promises'
import type { StepRun } from '../../testing/run-step.ts'

/** Returns the process ID of the emulator that a step started, from its log. */
export function pidIn({ log }: StepRun): number {
  const [, pid] = /, process (\d+)$/m.exec(log) ?? []
  if (pid === undefined) throw new Error(`no process is named in: ${log}`)
  return Number(pid)
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return !isZombie(pid)
  } catch {
    return false
  }
}

/** Waits until a process has ended. The timeout of the test is the limit. */
export async function untilGone(pid: number): Promise<void> {
  while (isAlive(pid)) await setImmediate()
}

/** Checks for a zombie: in a container, nothing may read the exit code of a process that has ended. */
function isZombie(pid: number): boolean {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'utf8').includes(') Z ')
  } catch {
    return false
  }
}
