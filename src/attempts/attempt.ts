import { withDeadline } from '../deadline.ts'
import { AttemptError, failureOf, timeoutOf } from './failures.ts'
import type { Proxy } from './proxy.ts'
import { watchResponse } from './response.ts'

/**
 * Makes one HTTPS request within a time limit. It does not rely on the timeouts of the HTTP library, because most start
 * with the connection and miss a DNS server that hangs.
 *
 * @param limits.timeoutMs for name resolution, connection and response together
 * @param request makes exactly one request
 * @throws AttemptError
 */
export async function attempt<T>(
  limits: { readonly timeoutMs: number; readonly proxy: Proxy | undefined },
  request: () => Promise<T>,
): Promise<T> {
  const seen = watchResponse()
  try {
    return await withDeadline(limits.timeoutMs, request, () => {
      throw new AttemptError(timeoutOf({ ...limits, head: seen.head }))
    })
  } catch (thrown) {
    if (thrown instanceof AttemptError) throw thrown
    throw new AttemptError(failureOf(thrown, { ...limits, head: seen.head }))
  } finally {
    seen.stop()
  }
}
