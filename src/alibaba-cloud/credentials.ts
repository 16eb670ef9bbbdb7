import { giveUp } from '../abandoned.ts'
import type { Transport } from '../attempts/retry.ts'
import { ActionError } from '../errors.ts'
import type { AccessKey } from './client.ts'
import { loadCredentials } from './sdk.ts'
import { assumeRole, assumeRoleWithOidc, type Role } from './sts.ts'

/** A role, and the STS at which it is assumed: `host` or `host:port`. */
export type AssumedRole = Role & { readonly stsEndpoint: string }

/** Where the access key comes from. */
export type CredentialPlan =
  | {
      readonly kind: 'keys'
      readonly accessKey: AccessKey
      /** Where it was found, in words for the log. */
      readonly source: string
      readonly role: AssumedRole | undefined
    }
  | {
      readonly kind: 'oidc'
      readonly providerArn: string
      readonly role: AssumedRole
      /** Asks the runner for its token, masked when it comes. */
      readonly getIdToken: (transport: Transport) => Promise<string>
    }
  | { readonly kind: 'default-chain'; readonly role: AssumedRole | undefined }

/**
 * Carries out a plan. Nothing is kept outside of this process: no file, no variable.
 *
 * @param mask hides a secret from here on; called as soon as one is known
 * @returns the access key to call with, and where it comes from, in words for the log
 * @throws ActionError
 */
export async function obtainAccessKey(
  plan: CredentialPlan,
  transport: Transport,
  mask: (secret: string) => string,
): Promise<{ readonly accessKey: AccessKey; readonly source: string }> {
  const maskKey = (accessKey: AccessKey): AccessKey => {
    mask(accessKey.accessKeySecret)
    mask(accessKey.securityToken ?? '')
    return accessKey
  }
  if (plan.kind === 'oidc') {
    const { role, providerArn } = plan
    const idToken = await plan.getIdToken(transport)
    const sts = { endpoint: role.stsEndpoint, accessKey: undefined, transport }
    const accessKey = maskKey(await assumeRoleWithOidc(sts, role, { providerArn, idToken }))
    return { accessKey, source: `of ${inWords(role)}, assumed with GitHub's OIDC token` }
  }
  const base = plan.kind === 'keys' ? plan : await fromDefaultChain(transport, maskKey)
  const { role } = plan
  if (role === undefined) return { accessKey: base.accessKey, source: base.source }
  const sts = { endpoint: role.stsEndpoint, accessKey: base.accessKey, transport }
  const accessKey = maskKey(await assumeRole(sts, role))
  return { accessKey, source: `of ${inWords(role)}, assumed with the one ${base.source}` }
}

async function fromDefaultChain(
  transport: Transport,
  maskKey: (accessKey: AccessKey) => AccessKey,
): Promise<{ readonly accessKey: AccessKey; readonly source: string }> {
  const { accessKey, place } = await findInDefaultChain(transport)
  return { accessKey: maskKey(accessKey), source: `from the default chain (${place})` }
}

function inWords(role: Role): string {
  return `the role ${role.arn}, session ${role.sessionName}`
}

/** What the SDK's default chain looks at, in its order, after the environment's access keys. */
export const DEFAULT_CHAIN =
  'an OIDC role in the environment (ALIBABA_CLOUD_ROLE_ARN), the profile of the aliyun CLI, the credentials file ' +
  '~/.alibabacloud/credentials, the RAM role of the ECS instance, ALIBABA_CLOUD_CREDENTIALS_URI'

/**
 * Looks for an access key where Alibaba Cloud's SDKs look by default.
 *
 * @returns the key, and the place it was found in, as the SDK names it
 * @throws ActionError what was looked at. The SDK's own words are not shown: they can hold a whole answer of STS.
 */
export async function findInDefaultChain({
  deadlineMs,
  proxy,
}: Pick<Transport, 'deadlineMs' | 'proxy'>): Promise<{
  readonly accessKey: AccessKey
  readonly place: string
}> {
  const credential = await loadCredentials(proxy)
  const late = Promise.withResolvers<never>()
  const timer = setTimeout(() => {
    giveUp()
    late.reject(new Error('late'))
  }, deadlineMs - performance.now())
  try {
    const found = await Promise.race([credential.getCredential(), late.promise])
    const { accessKeyId, accessKeySecret, securityToken, providerName } = found
    if (!accessKeyId || !accessKeySecret) throw new Error('half an access key')
    const place = (providerName ?? '').split('/').slice(1).join('/')
    return {
      accessKey: {
        accessKeyId,
        accessKeySecret,
        securityToken: securityToken === '' ? undefined : securityToken,
      },
      place,
    }
  } catch {
    throw new ActionError({
      what: `There is no access key: looked at the inputs, at the environment, and at the default chain of Alibaba Cloud's SDK (${DEFAULT_CHAIN})`,
      fix: 'Give access-key-id and access-key-secret, or role-to-assume and oidc-provider-arn, or set up one of these places on the runner.',
    })
  } finally {
    clearTimeout(timer)
  }
}
