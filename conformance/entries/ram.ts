import { ASSUMED, BY_GITHUB, documented, ITS_OWN, SIMPLIFIED, type Part } from '../entry.ts'

const NEEDS_RAM = 'it needs users, roles and policies of its own in RAM'
const NEEDS_TOKENS = 'it needs a role and an OIDC provider of its own, and wrong tokens for them'
const IS_GITHUB = "it is about GitHub's endpoint"

/** Permissions and temporary keys. No check makes a user, a role or a policy, so none of these is reached. */
export const RAM: Part = {
  title: 'RAM and STS',
  entries: [
    {
      id: 'ram-actions',
      statement:
        'An operation needs its own action and `mq:MqttInstanceAccess` on `acs:mq:{region}:{account}:{instance}`. A Deny wins. `*` and `?` are wildcards.',
      source: documented('RAM policies'),
      unreachable: NEEDS_RAM,
    },
    {
      id: 'denial-detail',
      statement:
        'A denial has `AccessDeniedDetail`. The diagnostic message in it is made up in the emulator.',
      source: documented('RAM policies'),
      unreachable: NEEDS_RAM,
    },
    {
      id: 'denial-codes',
      statement:
        'A denial is `NoPermission`. `Forbidden`, `Forbidden.RAM`, `PermissionCheckFailed` and `InstancePermissionCheckFailed` are documented, too; the emulator returns them only if it is told to.',
      source: documented('GetRegisterCode'),
      unreachable: NEEDS_RAM,
    },
    {
      id: 'ram-conditions',
      statement: 'Letter case matters in actions. Conditions of RAM policies are not supported.',
      source: SIMPLIFIED,
      unreachable: NEEDS_RAM,
    },
    {
      id: 'ram-actions-of-changes',
      statement:
        'The RAM actions are `mq:RegisterCa`, `mq:ActiveCaCertificate`, and `mq:UnregisterCaCertificate` to deactivate.',
      source: documented('RegisterCaCertificate'),
      unreachable: NEEDS_RAM,
    },
    {
      id: 'ram-actions-of-others',
      statement:
        'The RAM actions of the others are `mq:GetCaCertificate`, `mq:ListCaCertificate` and `mq:DeleteCaCertificate`.',
      source: ASSUMED,
      unreachable: NEEDS_RAM,
    },
    {
      id: 'ram-actions-of-devices',
      statement:
        'The RAM actions for device certificates are `mq:GetDeviceCertificate`, `mq:ListDeviceCertificateByCaSn`, `mq:ActiveDeviceCertificate`, `mq:DeleteDeviceCertificate`, and `mq:UnregisterDeviceCertificate` to deactivate.',
      source: documented('InactivateDeviceCertificate'),
      unreachable: NEEDS_RAM,
    },
    {
      id: 'ram-action-of-device-list',
      statement: 'The RAM action of `ListDeviceCertificate` is `mq:ListDeviceCertificate`.',
      source: ASSUMED,
      unreachable: NEEDS_RAM,
    },
    {
      id: 'sts-parameters',
      statement:
        "Parameters and success bodies of `AssumeRole` and `AssumeRoleWithOIDC`. A session lasts 900 seconds up to the role's maximum. A session policy narrows the role's policy.",
      source: documented('AssumeRoleWithOIDC'),
      unreachable: NEEDS_TOKENS,
    },
    {
      id: 'assume-role-permission',
      statement: 'A caller of `AssumeRole` needs `sts:AssumeRole` on the role, and the trust of the role.',
      source: documented('AssumeRole'),
      unreachable: NEEDS_RAM,
    },
    {
      id: 'oidc-errors',
      statement:
        'With status 401: `AuthenticationFail.NoPermission`, `AuthenticationFail.OIDCToken.Invalid`, `AuthenticationFail.OIDCToken.InvalidSignature`, `AuthenticationFail.OIDCToken.AudienceNotMatch` and `AuthenticationFail.OIDCToken.Expired`.',
      source: documented('STS errors'),
      unreachable: NEEDS_TOKENS,
    },
    {
      id: 'sts-parameter-errors',
      statement:
        'A wrong session is `NoPermission`, `MissingRoleArn`, `MissingRoleSessionName`, `MissingOIDCProviderArn`, `InvalidParameter.DurationSeconds`, `InvalidParameter.RoleSessionName` or `InvalidParameter.PolicyGrammar`.',
      source: documented('STS errors'),
      unreachable: NEEDS_RAM,
    },
    {
      id: 'oidc-issuer-error',
      statement:
        'A wrong issuer is `AuthenticationFail.OIDCToken.IssuerNotMatch`. `EntityNotExist.Role` has status 404.',
      source: ASSUMED,
      unreachable: NEEDS_TOKENS,
    },
    {
      id: 'trust-mismatch',
      statement:
        'A trust policy that does not match is `AuthenticationFail.NoPermission`, or `NoPermission` for a signed call.',
      source: ASSUMED,
      unreachable: NEEDS_TOKENS,
    },
    {
      id: 'trust-actions',
      statement:
        'Either `sts:AssumeRole` or `sts:AssumeRoleWithOIDC` is enough in a trust policy for an OIDC provider. Both are in use.',
      source: ASSUMED,
      unreachable: NEEDS_TOKENS,
    },
    {
      id: 'order-of-sts-checks',
      statement:
        'The order of the checks: session parameters, provider, token (form, signature, issuer, expiry, audience), role, trust, duration.',
      source: ASSUMED,
      unreachable: NEEDS_TOKENS,
    },
    {
      id: 'token-of-github',
      statement: 'The message for a token that GitHub itself signed names `id-token: write`.',
      source: ITS_OWN,
      unreachable: 'it is not about the service',
    },
    {
      id: 'sts-flow-control',
      statement: 'STS has no flow control. The documented limit is 100 calls a second.',
      source: SIMPLIFIED,
      unreachable: 'that many calls would disturb other users of the account',
    },
    {
      id: 'github-token-endpoint',
      statement: 'Bearer token, `audience` and claims of its endpoint.',
      source: BY_GITHUB,
      unreachable: IS_GITHUB,
    },
    {
      id: 'github-refusals',
      statement: "The refusals of GitHub's endpoint are 401 and 405.",
      source: ASSUMED,
      unreachable: IS_GITHUB,
    },
    {
      id: 'github-subject',
      statement: 'The subject of a job without an environment.',
      source: BY_GITHUB,
      unreachable: IS_GITHUB,
    },
    {
      id: 'github-pull-request',
      statement: '`refs/pull/` in the ref shows a pull request.',
      source: ASSUMED,
      unreachable: IS_GITHUB,
    },
  ],
}
