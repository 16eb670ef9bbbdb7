import { log } from './log.ts'

const EVERY_MS = 3000

/**
 * Prints a line every few seconds while something runs.
 *
 * @param line what to print now
 */
export async function withProgress<T>(label: string, line: () => string, work: () => Promise<T>): Promise<T> {
  const timer = setInterval(() => {
    log(label, line())
  }, EVERY_MS)
  try {
    return await work()
  } finally {
    clearInterval(timer)
  }
}
