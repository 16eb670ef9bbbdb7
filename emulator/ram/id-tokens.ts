import { createSign, createVerify, randomUUID } from 'node:crypto'
import { header, type Call } from '../http/call.ts'
import type { Answer } from '../http/reply.ts'
import { documentedErrors, ServiceError } from '../service/errors.ts'
import type { Service } from '../service/service.ts'
import { digits } from '../world/random.ts'

/** The name of GitHub's token endpoint in the request log and in fault orders. */
export const GITHUB_ID_TOKEN = 'GitHubIdToken'
export const ID_TOKEN_PATH = '/github/idtoken'

/** The claims of a token that STS reads. Times are in seconds. */
export type Claims = {
  readonly iss: string
  readonly sub: string
  readonly aud: string | readonly string[]
  readonly iat: number
  readonly exp: number
}

/**
 * Responds like GitHub's token endpoint, which a job with `permissions: id-token: write` can use.
 *
 * @see https://docs.github.com/en/actions/reference/security/oidc
 */
export function answerIdToken(call: Call, service: Service): Answer {
  if (call.method !== 'GET') return { status: 405, code: null, body: { message: 'Method not allowed' } }
  const [scheme = '', token] = header(call.headers, 'authorization')?.split(' ') ?? []
  if (scheme.toLowerCase() !== 'bearer' || token !== service.world.idTokenRequestToken) {
    return { status: 401, code: null, body: { message: 'Bad credentials' } }
  }
  const value = issueIdToken(service, call.query.get('audience'))
  return { status: 200, code: null, body: { count: value.length, value } }
}

/**
 * Reads the claims of a token and verifies its signature. The caller checks issuer, audience and expiry.
 *
 * @throws ServiceError `AuthenticationFail.OIDCToken…`
 */
export function readIdToken(token: string, { idTokenKey }: Service): Claims {
  const parts = token.split('.')
  const [head = '', payload = '', signature = ''] = parts
  if (parts.length !== 3) throw invalid("The number of Jwt field should be divided into 3 parts with '.' .")
  const { alg, kid } = decode(head)
  if (alg !== 'RS256')
    throw invalid(`The algorithm ${String(alg)} that be specified in Jwt header is unknown.`)
  const claims = decode(payload)
  const verifier = createVerify('RSA-SHA256').update(`${head}.${payload}`)
  if (!verifier.verify(idTokenKey.publicKey, signature, 'base64url')) {
    throw kid !== idTokenKey.id && isIssuerGitHub(claims['iss'])
      ? new ServiceError(INVALID_SIGNATURE, {
          message: `${documentedErrors[INVALID_SIGNATURE].message} ${FIX}`,
        })
      : new ServiceError(INVALID_SIGNATURE)
  }
  // The emulator signed the token, so the claims have the shape that `claimsOf` returns.
  return claims as Claims
}

const INVALID_SIGNATURE = 'AuthenticationFail.OIDCToken.InvalidSignature'
/** For users who run the emulator in a job: STS itself accepts tokens of GitHub. */
const FIX =
  'This is the emulator, and the token is from GitHub itself, because the job has the permission id-token: write. ' +
  "Remove id-token: write from the job's permissions, so that the job uses the emulator's tokens."

/** GitHub.com, an enterprise with its own issuer, or GitHub Enterprise Server. */
function isIssuerGitHub(issuer: unknown): boolean {
  return /^https:\/\/(token\.actions\.githubusercontent\.com(\/|$)|[^/]+\/_services\/token$)/.test(
    String(issuer),
  )
}

/**
 * @param audience defaults to the URL of the repository's owner
 * @returns a JWT, signed with RS256
 */
function issueIdToken(service: Service, audience: string | undefined): string {
  const { id, privateKey } = service.idTokenKey
  const head = { typ: 'JWT', alg: 'RS256', kid: id, x5t: id }
  const signed = `${encode(head)}.${encode(claimsOf(service, audience))}`
  return `${signed}.${createSign('RSA-SHA256').update(signed).sign(privateKey, 'base64url')}`
}

/** Names and shapes are those of a job on a GitHub-hosted runner, started by a push. */
function claimsOf(service: Service, audience: string | undefined): Claims & Record<string, unknown> {
  const iat = Math.floor(service.now() / 1000)
  const { issuer, subject, claims, lifetimeSeconds } = service.world.idToken
  const repository = claims['repository'] ?? /^repo:([^:]+)/.exec(subject)?.[1] ?? 'acme/devices'
  const [owner = ''] = repository.split('/')
  const ref = /:ref:(.+)$/.exec(subject)?.[1] ?? 'refs/heads/main'
  const workflow = `${repository}/.github/workflows/register.yml@${ref}`
  return {
    jti: randomUUID(),
    ref,
    sha: 'f'.repeat(40),
    repository,
    repository_owner: owner,
    repository_owner_id: '1001',
    repository_id: '2002',
    repository_visibility: 'private',
    run_id: digits(11),
    run_number: '1',
    run_attempt: '1',
    actor: 'octocat',
    actor_id: '3003',
    workflow: 'register',
    workflow_ref: workflow,
    workflow_sha: 'f'.repeat(40),
    job_workflow_ref: workflow,
    job_workflow_sha: 'f'.repeat(40),
    event_name: 'push',
    head_ref: '',
    base_ref: '',
    ref_type: 'branch',
    ref_protected: 'false',
    runner_environment: 'github-hosted',
    ...claims,
    iss: issuer,
    sub: subject,
    aud: audience ?? `https://github.com/${owner}`,
    nbf: iat - 600,
    iat,
    exp: iat + lifetimeSeconds,
  }
}

function encode(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}

function decode(part: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(Buffer.from(part, 'base64url').toString('utf8'))
    if (typeof value === 'object' && value !== null) return { ...value }
  } catch {
    // Refused below, like JSON that is not an object.
  }
  throw invalid()
}

function invalid(message?: string): ServiceError {
  return new ServiceError('AuthenticationFail.OIDCToken.Invalid', message === undefined ? {} : { message })
}
