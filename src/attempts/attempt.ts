import { giveUp } from '../abandoned.ts'
import { AttemptError, failureOf, timeout } from './failures.ts'
import type { Proxy } from './proxy.ts'
import { type ResponseHead, watchResponse } from './response.ts'

/**
 * Makes one HTTPS request, bounded in time whatever the library that makes it does about that: most start their
 * timers with the connection, and a name server that hangs is not noticed.
 *
 * @param timeoutMs for all of it: name resolution, connection and answer
 * @param request makes exactly one request; what was seen of its response can be asked for
 * @throws AttemptError
 */
export async function attempt<T>(
  { timeoutMs, proxy }: { readonly timeoutMs: number; readonly proxy: Proxy | undefined },
  request: (head: () => ResponseHead | undefined) => Promise<T>,
): Promise<T> {
  const seen = watchResponse()
  const late = Promise.withResolvers<never>()
  const timer = setTimeout(() => {
    giveUp()
    late.reject(new AttemptError(timeout(seen.head)))
  }, timeoutMs)
  try {
    return await Promise.race([request(() => seen.head), late.promise])
  } catch (thrown) {
    if (thrown instanceof AttemptError) throw thrown
    throw new AttemptError(failureOf(thrown, seen.head, proxy))
  } finally {
    clearTimeout(timer)
    seen.stop()
  }
}
