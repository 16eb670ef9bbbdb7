import type { Call } from '../call.ts'
import { ServiceError } from '../errors.ts'
import { policyShape, type Policy } from '../policy.ts'
import type { Role } from '../roles.ts'
import type { Service } from '../service.ts'
import { ShapeError } from '../shape.ts'

const DEFAULT_SECONDS = 3600
const MIN_SECONDS = 900

/** The parameters that both ways to assume a role share. */
export type SessionRequest = {
  readonly roleArn: string
  readonly name: string
  readonly durationSeconds: number
  readonly policy: Policy | undefined
}

/** @throws ServiceError when a parameter is missing or malformed */
export function readSessionRequest({ parameters }: Call): SessionRequest {
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

/** @throws ServiceError `EntityNotExist.Role` */
export function findRole(service: Service, { roleArn }: SessionRequest): Role {
  const role = service.world.roles.get(roleArn)
  if (role === undefined) throw new ServiceError('EntityNotExist.Role')
  return role
}

/**
 * Opens the session, for somebody whom the role trusts.
 *
 * @throws ServiceError `InvalidParameter.DurationSeconds` when it would be longer than the role allows
 */
export function openSession(service: Service, role: Role, request: SessionRequest): Record<string, unknown> {
  if (request.durationSeconds > role.maxSessionDuration)
    throw new ServiceError('InvalidParameter.DurationSeconds')
  const expiration = new Date(service.now() + request.durationSeconds * 1000)
  const { name, policy } = request
  const key = service.state.sessions.open({ role, name, expiration, policy })
  return {
    AssumedRoleUser: { Arn: `${role.arn}/${name}`, AssumedRoleId: `300000000000000001:${name}` },
    Credentials: {
      AccessKeyId: key.id,
      AccessKeySecret: key.secret,
      SecurityToken: key.temporary?.securityToken,
      Expiration: withoutFraction(expiration),
    },
  }
}

/** As STS writes a moment. */
export function withoutFraction(date: Date): string {
  return date.toISOString().replace(/\.\d+/, '')
}

function readPolicy(json: string | undefined): Policy | undefined {
  if (json === undefined) return undefined
  try {
    return policyShape(JSON.parse(json), 'Policy')
  } catch (error) {
    if (error instanceof ShapeError || error instanceof SyntaxError) {
      throw new ServiceError('InvalidParameter.PolicyGrammar')
    }
    throw error
  }
}
