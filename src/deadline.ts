/** A time limit, and what sets it. */
export type Limit = {
  readonly ms: number
  /** Set if the limit is a share of what is left of the input `timeout`. Otherwise it is fixed. */
  readonly ofTimeout?: { readonly seconds: number; readonly share: number } | undefined
}

/** Names a limit that was hit, and the input that sets it, if one does: `within 20 s`. */
export function within({ ms, ofTimeout }: Limit): string {
  const text = `within ${Number(Math.max(0.1, ms / 1000).toFixed(1))} s`
  if (ofTimeout === undefined) return text
  const part = ofTimeout.share === 1 ? 'the end' : 'a part'
  return `${text}, ${part} of the ${ofTimeout.seconds} s of the input timeout`
}

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
