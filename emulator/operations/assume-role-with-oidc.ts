import { ServiceError } from '../errors.ts'
import type { Claims } from '../id-tokens.ts'
import type { OidcProvider } from '../roles.ts'
import type { Service } from '../service.ts'
import { trusts } from '../trust-policy.ts'
import type { Operation } from './operation.ts'
import { findRole, openSession, readSessionRequest, withoutFraction } from './role-session.ts'

/**
 * Gives temporary keys of a role to whoever has a token of a provider that the role trusts. Not signed.
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
      throw new ServiceError('AuthenticationFail.NoPermission', {
        message: 'No such OIDC Provider registered.',
      })
    }
    const claims = readToken(call.parameters.get('OIDCToken') ?? '', provider, service)
    const role = findRole(service, request)
    const context = { 'oidc:iss': [claims.iss], 'oidc:aud': audiences(claims), 'oidc:sub': [claims.sub] }
    if (!trusts(role.trustPolicy, { principal: 'Federated', arns: [providerArn], context })) {
      throw new ServiceError('AuthenticationFail.NoPermission')
    }
    return {
      ...openSession(service, role, request),
      OIDCTokenInfo: {
        Issuer: claims.iss,
        Subject: claims.sub,
        ClientIds: audiences(claims).join(','),
        IssuanceTime: withoutFraction(new Date(claims.iat * 1000)),
        ExpirationTime: withoutFraction(new Date(claims.exp * 1000)),
        VerificationInfo: 'Success',
      },
    }
  },
}

function readToken(token: string, provider: OidcProvider, service: Service): Claims {
  if (token === '') {
    throw new ServiceError('AuthenticationFail.OIDCToken.Invalid', {
      message: 'The OIDCToken can not empty.',
    })
  }
  const claims = service.idTokens.read(token)
  if (claims.iss !== provider.issuer) throw new ServiceError('AuthenticationFail.OIDCToken.IssuerNotMatch')
  if (service.now() >= claims.exp * 1000) throw new ServiceError('AuthenticationFail.OIDCToken.Expired')
  if (!audiences(claims).some((audience) => provider.clientIds.includes(audience))) {
    throw new ServiceError('AuthenticationFail.OIDCToken.AudienceNotMatch')
  }
  return claims
}

function audiences({ aud }: Claims): readonly string[] {
  return typeof aud === 'string' ? [aud] : aud
}
