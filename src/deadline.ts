let isWorkAbandoned = false

/**
 * Waits for work until a deadline. Late work cannot be stopped: it goes on in the background, and its result is ignored.
 *
 * @param work started here, once the timer runs
 * @param onTimeout makes the value to return in place of the result, or throws
 * @throws what `work` or `onTimeout` throws
 */
export async function withDeadline<T>(
  timeoutMs: number,
  work: () => Promise<T>,
  onTimeout: () => T,
): Promise<T> {
  const timeout = Promise.withResolvers<undefined>()
  const timer = setTimeout(() => {
    isWorkAbandoned = true
    timeout.resolve(undefined)
  }, timeoutMs)
  try {
    return await Promise.race([work(), timeout.promise.then(onTimeout)])
  } finally {
    clearTimeout(timer)
  }
}

/** Whether late work may still be running. Node would wait for its thread, even in `process.exit`. */
export function hasAbandonedWork(): boolean {
  return isWorkAbandoned
}
