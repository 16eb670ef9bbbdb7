import { header, type Call } from './call.ts'
import type { Answer, Service } from './service.ts'

/** What the log and the faults call it. */
export const GITHUB_ID_TOKEN = 'GitHubIdToken'
export const ID_TOKEN_PATH = '/github/idtoken'

/**
 * GitHub's token endpoint, which a job with `permissions: id-token: write` may use.
 *
 * @see https://docs.github.com/en/actions/reference/security/oidc
 */
export function answerIdToken(call: Call, service: Service): Answer {
  if (call.method !== 'GET') return { status: 405, code: null, body: { message: 'Method not allowed' } }
  const [scheme = '', token] = header(call.headers, 'authorization')?.split(' ') ?? []
  if (scheme.toLowerCase() !== 'bearer' || token !== service.world.idTokenRequestToken) {
    return { status: 401, code: null, body: { message: 'Bad credentials' } }
  }
  const value = service.idTokens.issue(call.query.get('audience'))
  return { status: 200, code: null, body: { count: value.length, value } }
}
