import { readFileSync } from 'node:fs'
import { setImmediate } from 'node:timers/promises'
import type { StepRun } from '../../testing/run-step.ts'

/** The emulator that a step started, as its log names it. */
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

/** Waits until a process has ended; the test's own time is the bound. */
export async function untilGone(pid: number): Promise<void> {
  while (isAlive(pid)) await setImmediate()
}

/** Ended, and kept in the list only because nobody has asked for its exit code: a container may have nobody who does. */
function isZombie(pid: number): boolean {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'utf8').includes(') Z ')
  } catch {
    return false
  }
}
