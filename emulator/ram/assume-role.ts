import { randomBytes } from 'node:crypto'
import type { Call } from '../http/call.ts'
import { authenticate } from '../service/authentication.ts'
import { ServiceError } from '../service/errors.ts'
import type { Operation, Service } from '../service/service.ts'
import { policyShape, type Policy } from '../world/config.ts'
import { letters } from '../world/random.ts'
import { check, ShapeError } from '../world/shape.ts'
import type { OidcProvider, Role } from '../world/world.ts'
import { readIdToken, type Claims } from './id-tokens.ts'
import { decide, trusts } from './policies.ts'

/**
 * Issues temporary credentials of a role to a caller with an access key.
 *
 * @see https://www.alibabacloud.com/help/en/ram/developer-reference/api-sts-2015-04-01-assumerole
 */
export const assumeRole: Operation = {
  product: 'sts',
  methods: ['POST', 'GET'],
  run: ({ call, service }) => {
    const caller = authenticate(call, service)
    const request = readSessionRequest(call)
    if (decide(caller.policies, 'sts:AssumeRole', request.roleArn) !== 'Allow')
      throw new ServiceError('NoPermission')
    const role = findRole(service, request)
    const arns = [caller.arn, `acs:ram::${caller.accountId}:root`]
    if (!trusts(role.trustPolicy, { principal: 'RAM', arns, context: {} })) {
      const message =
        'No permission perform sts:AssumeRole on this Role. Maybe you are not authorized to perform sts:AssumeRole ' +
        'or the specified role does not trust you.'
      throw new ServiceError('NoPermission', { message })
    }
    return openSession(service, role, request)
  },
}

/**
 * Issues temporary credentials of a role to a caller with a token of a provider that the role trusts. The call is not
 * signed.
 *
 * @see https://www.alibabacloud.com/help/en/ram/developer-reference/api-sts-2015-04-01-assumerolewithoidc
 */
export const assumeRoleWithOidc: Operation = {
  product: 'sts',
  methods: ['POST', 'GET'],
  run: ({ call, service }) => {
    const providerArn = call.parameters.get('OIDCProviderArn') ?? ''
    if (providerArn === '') throw new ServiceError('MissingOIDCProviderArn')
    const request = readSessionRequest(call)
    const provider = service.world.oidcProviders.get(providerArn)
    if (provider === undefined) {
      const message = 'No such OIDC Provider registered.'
      throw new ServiceError('AuthenticationFail.NoPermission', { message })
    }
    const claims = checkToken(call.parameters.get('OIDCToken') ?? '', provider, service)
    const audiences = audiencesOf(claims)
    const role = findRole(service, request)
    const context = { 'oidc:iss': [claims.iss], 'oidc:aud': audiences, 'oidc:sub': [claims.sub] }
    if (!trusts(role.trustPolicy, { principal: 'Federated', arns: [providerArn], context })) {
      throw new ServiceError('AuthenticationFail.NoPermission')
    }
    return {
      ...openSession(service, role, request),
      OIDCTokenInfo: {
        Issuer: claims.iss,
        Subject: claims.sub,
        ClientIds: audiences.join(','),
        IssuanceTime: formatTime(claims.iat * 1000),
        ExpirationTime: formatTime(claims.exp * 1000),
        VerificationInfo: 'Success',
      },
    }
  },
}

function checkToken(token: string, provider: OidcProvider, service: Service): Claims {
  if (token === '') {
    const message = 'The OIDCToken can not empty.'
    throw new ServiceError('AuthenticationFail.OIDCToken.Invalid', { message })
  }
  const claims = readIdToken(token, service)
  if (claims.iss !== provider.issuer) throw new ServiceError('AuthenticationFail.OIDCToken.IssuerNotMatch')
  if (service.now() >= claims.exp * 1000) throw new ServiceError('AuthenticationFail.OIDCToken.Expired')
  if (!audiencesOf(claims).some((audience) => provider.clientIds.includes(audience))) {
    throw new ServiceError('AuthenticationFail.OIDCToken.AudienceNotMatch')
  }
  return claims
}

function audiencesOf({ aud }: Claims): readonly string[] {
  return typeof aud === 'string' ? [aud] : aud
}

/** The parameters that both operations share. */
type SessionRequest = {
  readonly roleArn: string
  readonly name: string
  readonly durationSeconds: number
  readonly policy: Policy | undefined
}

const DEFAULT_SECONDS = 3600
const MIN_SECONDS = 900

function readSessionRequest({ parameters }: Call): SessionRequest {
  const roleArn = parameters.get('RoleArn') ?? ''
  if (roleArn === '') throw new ServiceError('MissingRoleArn')
  const name = parameters.get('RoleSessionName') ?? ''
  if (name === '') throw new ServiceError('MissingRoleSessionName')
  if (!/^[\w.@-]{2,64}$/.test(name)) throw new ServiceError('InvalidParameter.RoleSessionName')
  const duration = parameters.get('DurationSeconds') ?? String(DEFAULT_SECONDS)
  const durationSeconds = /^\d{1,9}$/.test(duration) ? Number(duration) : 0
  if (durationSeconds < MIN_SECONDS) throw new ServiceError('InvalidParameter.DurationSeconds')
  return { roleArn, name, durationSeconds, policy: readPolicy(parameters.get('Policy')) }
}

function readPolicy(json: string | undefined): Policy | undefined {
  if (json === undefined) return undefined
  try {
    return check(policyShape, JSON.parse(json))
  } catch (error) {
    if (error instanceof ShapeError || error instanceof SyntaxError) {
      throw new ServiceError('InvalidParameter.PolicyGrammar')
    }
    throw error
  }
}

function findRole({ world }: Service, { roleArn }: SessionRequest): Role {
  const role = world.roles.get(roleArn)
  if (role === undefined) throw new ServiceError('EntityNotExist.Role')
  return role
}

function openSession(service: Service, role: Role, request: SessionRequest): Record<string, unknown> {
  const { name, durationSeconds, policy } = request
  if (durationSeconds > role.maxSessionDuration) throw new ServiceError('InvalidParameter.DurationSeconds')
  const id = `STS.N${letters(24)}`
  const secret = letters(44)
  const securityToken = `CAIS${randomBytes(450).toString('base64')}`
  const expiration = new Date(service.now() + durationSeconds * 1000)
  service.state.sessionKeys.set(id, {
    id,
    secret,
    status: 'active',
    caller: {
      accountId: role.accountId,
      type: 'AssumedRoleUser',
      name: `${role.id}:${name}`,
      arn: role.arn,
      policies: policy === undefined ? [role.policy] : [role.policy, policy],
    },
    temporary: { securityToken, expiration },
  })
  return {
    AssumedRoleUser: { Arn: `${role.arn}/${name}`, AssumedRoleId: `300000000000000001:${name}` },
    Credentials: {
      AccessKeyId: id,
      AccessKeySecret: secret,
      SecurityToken: securityToken,
      Expiration: formatTime(expiration.getTime()),
    },
  }
}

/** Formats a time as STS does: ISO 8601 without a fraction. */
function formatTime(timeMs: number): string {
  return new Date(timeMs).toISOString().replace(/\.\d+/, '')
}
