import { createSign, createVerify, generateKeyPairSync, randomUUID } from 'node:crypto'
import { ServiceError } from './errors.ts'
import { digits } from './random.ts'

/** What a token says. Times are in seconds. */
export type Claims = {
  readonly iss: string
  readonly sub: string
  readonly aud: string | readonly string[]
  readonly iat: number
  readonly exp: number
}

/** What can be set of the tokens that GitHub issues. */
export type IdTokenSettings = {
  readonly issuer: string
  /** E.g. `repo:acme/devices:ref:refs/heads/main`. */
  readonly subject: string
  /** Others, in place of those of a job that was run after a push. */
  readonly claims: Readonly<Record<string, string>>
  /** Negative for a token that has expired. */
  readonly lifetimeSeconds: number
}

/** GitHub's tokens: issued with a key that is made when it is first needed, and verified with the same. */
export class IdTokens {
  readonly #settings: IdTokenSettings
  readonly #now: () => number
  readonly #keyId = randomUUID()
  #keys: ReturnType<typeof makeKeys> | undefined

  constructor(settings: IdTokenSettings, now: () => number) {
    this.#settings = settings
    this.#now = now
  }

  /**
   * @param audience the owner of the repository when left out
   * @returns a JWT, signed with RS256
   */
  issue(audience: string | undefined): string {
    const header = { typ: 'JWT', alg: 'RS256', kid: this.#keyId, x5t: this.#keyId }
    const signed = `${encoded(header)}.${encoded(this.#claims(audience))}`
    return `${signed}.${createSign('RSA-SHA256').update(signed).sign(this.#signingKeys().privateKey, 'base64url')}`
  }

  /**
   * Reads a token's claims, and checks its signature. Issuer, audience and expiry are the reader's to check.
   *
   * @throws ServiceError of `AuthenticationFail.OIDCToken`
   */
  read(token: string): Claims {
    const parts = token.split('.')
    const [header = '', payload = '', signature = ''] = parts
    if (parts.length !== 3) {
      const message = "The number of Jwt field should be divided into 3 parts with '.' ."
      throw new ServiceError('AuthenticationFail.OIDCToken.Invalid', { message })
    }
    const { alg } = decoded(header)
    if (alg !== 'RS256') {
      const message = `The algorithm ${String(alg)} that be specified in Jwt header is unknown.`
      throw new ServiceError('AuthenticationFail.OIDCToken.Invalid', { message })
    }
    const verifier = createVerify('RSA-SHA256').update(`${header}.${payload}`)
    if (!verifier.verify(this.#signingKeys().publicKey, signature, 'base64url')) {
      throw new ServiceError('AuthenticationFail.OIDCToken.InvalidSignature')
    }
    // The signature is ours, so the claims are as `#claims` made them.
    return decoded(payload) as Claims
  }

  #signingKeys(): ReturnType<typeof makeKeys> {
    this.#keys ??= makeKeys()
    return this.#keys
  }

  /** The names and shapes of the claims are the ones of a job's token, run on a hosted runner after a push. */
  #claims(audience: string | undefined): Claims & Record<string, unknown> {
    const iat = Math.floor(this.#now() / 1000)
    const { issuer, subject, claims, lifetimeSeconds } = this.#settings
    const repository = claims['repository'] ?? /^repo:([^:]+)/.exec(subject)?.[1] ?? 'acme/devices'
    const ref = /:ref:(.+)$/.exec(subject)?.[1] ?? 'refs/heads/main'
    const workflow = `${repository}/.github/workflows/register.yml@${ref}`
    return {
      jti: randomUUID(),
      ref,
      sha: 'f'.repeat(40),
      repository,
      repository_owner: repository.split('/')[0],
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
      aud: audience ?? `https://github.com/${repository.split('/')[0] ?? ''}`,
      nbf: iat - 600,
      iat,
      exp: iat + lifetimeSeconds,
    }
  }
}

function makeKeys(): { publicKey: string; privateKey: string } {
  return generateKeyPairSync('rsa', {
    modulusLength: 2048,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  })
}

function encoded(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}

function decoded(part: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(Buffer.from(part, 'base64url').toString('utf8'))
    if (typeof value === 'object' && value !== null) return { ...value }
  } catch {
    // Answered below, like JSON that is no object.
  }
  throw new ServiceError('AuthenticationFail.OIDCToken.Invalid')
}
