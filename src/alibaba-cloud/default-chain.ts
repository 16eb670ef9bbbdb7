import { giveUp } from '../attempts/given-up.ts'
import type { Transport } from '../attempts/retry.ts'
import { ActionError } from '../errors.ts'
import type { AccessKey } from './client.ts'
import { loadCredentials } from './sdk.ts'

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
      cure: 'Give access-key-id and access-key-secret, or role-to-assume and oidc-provider-arn, or set up one of these places on the runner.',
    })
  } finally {
    clearTimeout(timer)
  }
}
