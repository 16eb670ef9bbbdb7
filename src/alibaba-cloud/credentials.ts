import type { Transport } from '../attempts/retry.ts'
import type { AccessKey } from './client.ts'
import { findInDefaultChain } from './default-chain.ts'
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
