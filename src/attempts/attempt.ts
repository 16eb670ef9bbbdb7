import { withDeadline, type Limit } from '../deadline.ts'
import { AttemptError, failureOf, timeoutOf } from './failures.ts'
import { watched, type Watch } from './proxy.ts'
import { watchResponse } from './response.ts'

/**
 * Makes one HTTPS request within a time limit. It does not rely on the timeouts of the HTTP library, because most start
 * with the connection and miss a DNS server that hangs.
 *
 * @param limit for name resolution, connection and response together
 * @param request makes exactly one request
 * @param maxMib how long the response may be
 * @throws AttemptError
 */
export async function attempt<T>(limit: Limit, request: () => Promise<T>, maxMib?: number): Promise<T> {
  const watch: Watch = {}
  const response = watchResponse(() => watched.getStore() === watch, maxMib)
  const seen = () => ({ limit, maxMib, head: response.head, tunnel: watch.tunnel })
  try {
    return await withDeadline(
      limit.ms,
      () => watched.run(watch, request),
      () => {
        throw new AttemptError(timeoutOf(seen()))
      },
    )
  } catch (thrown) {
    if (thrown instanceof AttemptError) throw thrown
    throw new AttemptError(failureOf(thrown, seen()))
  } finally {
    response.stop()
  }
}
