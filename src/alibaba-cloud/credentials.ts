import { readFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import type { Transport } from '../attempts/retry.ts'
import { withDeadline } from '../deadline.ts'
import { ActionError } from '../errors.ts'
import type { AccessKey, Endpoint } from './client.ts'
import { loadCredentials } from './sdk.ts'
import { assumeRole, assumeRoleWithOidc, type Role } from './sts.ts'

/** A role, and the STS endpoint at which it is assumed. */
export type AssumedRole = Role & { readonly stsEndpoint: Endpoint }

/** An access key, and where it comes from, for the log. */
export type SourcedAccessKey = { readonly accessKey: AccessKey; readonly source: string }

/** Where the access key comes from. */
export type CredentialPlan =
  | (SourcedAccessKey & { readonly kind: 'keys'; readonly role: AssumedRole | undefined })
  | {
      readonly kind: 'oidc'
      readonly providerArn: string
      readonly role: AssumedRole
      /** Gets GitHub's token, already masked. */
      readonly getIdToken: (transport: Transport) => Promise<string>
    }
  | { readonly kind: 'default-chain'; readonly role: AssumedRole | undefined }

/** The sources of the SDK's default chain, in its order, after the access keys of the environment. */
const DEFAULT_CHAIN =
  'an OIDC role in the environment (ALIBABA_CLOUD_ROLE_ARN), the profile of the aliyun CLI, the credentials file ' +
  '~/.alibabacloud/credentials, the RAM role of the ECS instance, ALIBABA_CLOUD_CREDENTIALS_URI'

const SET_CREDENTIALS =
  'Set role-to-assume and oidc-provider-arn (recommended), or access-key-id and access-key-secret, or set up one of ' +
  'these sources on the runner.'

/**
 * Carries out a plan. Writes nothing outside this process: no file, no environment variable.
 *
 * @param mask masks a secret; called as soon as one is known
 * @throws ActionError
 */
export async function obtainAccessKey(
  plan: CredentialPlan,
  transport: Transport,
  mask: (secret: string) => string,
): Promise<SourcedAccessKey> {
  const masked = (accessKey: AccessKey): AccessKey => {
    mask(accessKey.accessKeySecret)
    mask(accessKey.securityToken ?? '')
    return accessKey
  }
  if (plan.kind === 'oidc') {
    const { role, providerArn } = plan
    const idToken = await plan.getIdToken(transport)
    const sts = { endpoint: role.stsEndpoint, accessKey: undefined, transport }
    const accessKey = masked(await assumeRoleWithOidc(sts, role, { providerArn, idToken }))
    return { accessKey, source: `${formatRole(role)}, assumed with GitHub's OIDC token` }
  }
  const { role } = plan
  const { accessKey, source } = plan.kind === 'keys' ? plan : await findInDefaultChain(transport)
  if (plan.kind === 'default-chain') masked(accessKey)
  if (role === undefined) return { accessKey, source }
  const sts = { endpoint: role.stsEndpoint, accessKey, transport }
  return {
    accessKey: masked(await assumeRole(sts, role)),
    source: `${formatRole(role)}, assumed with the access key ${source}`,
  }
}

/**
 * Looks for an access key where Alibaba Cloud's SDKs look by default.
 *
 * @throws ActionError with the sources. The SDK's own error is not shown, because it can contain a whole response of STS.
 */
export async function findInDefaultChain({
  deadlineMs,
  proxy,
  timeoutSeconds,
}: Pick<Transport, 'deadlineMs' | 'proxy' | 'timeoutSeconds'>): Promise<SourcedAccessKey> {
  const credential = await loadCredentials(proxy)
  try {
    const found = await withDeadline(
      deadlineMs - performance.now(),
      () => credential.getCredential(),
      () => {
        throw new ActionError({
          what: `The default chain of Alibaba Cloud's SDK did not respond within the ${timeoutSeconds} s of the input timeout (${DEFAULT_CHAIN})`,
          fix: `${SET_CREDENTIALS} If one of these sources is slow, raise the input timeout.`,
        })
      },
    )
    const { accessKeyId, accessKeySecret, providerName } = found
    if (!accessKeyId || !accessKeySecret) throw new Error('half an access key')
    const place = (providerName ?? '').split('/').slice(1).join('/')
    return {
      accessKey: {
        accessKeyId,
        accessKeySecret,
        securityToken: found.securityToken === '' ? undefined : found.securityToken,
      },
      source: `from the default chain (${place})`,
    }
  } catch (error) {
    if (error instanceof ActionError) throw error
    const unreadable = await unreadableProfiles(process.env)
    throw new ActionError({
      what: `No credentials found in the inputs, in the environment, or in the default chain of Alibaba Cloud's SDK (${DEFAULT_CHAIN})`,
      fix: [...unreadable, SET_CREDENTIALS].join(' '),
    })
  }
}

/**
 * Looks for profile files that exist but that the SDK cannot read. It skips them without a word, as if they did not
 * exist. Nothing of their content is returned.
 *
 * @returns a sentence for each
 */
async function unreadableProfiles(env: NodeJS.ProcessEnv): Promise<readonly string[]> {
  const file = env['ALIBABA_CLOUD_CREDENTIALS_FILE'] ?? ''
  const paths = [
    join(homedir(), '.aliyun', 'config.json'),
    file === '' ? join(homedir(), '.alibabacloud', 'credentials') : file,
  ]
  const problems = await Promise.all(paths.map(problemOf))
  return paths.flatMap((path, at) => {
    const problem = problems[at]
    return problem === undefined ? [] : [`The file ${path} cannot be read: ${problem}.`]
  })
}

async function problemOf(path: string): Promise<string | undefined> {
  try {
    const bytes = await readFile(path)
    if (/^(?:\xff\xfe|\xfe\xff)/.test(bytes.toString('latin1', 0, 2)) || bytes.includes(0)) {
      return 'it is in UTF-16. Save it in UTF-8'
    }
    const text = bytes.toString()
    if (text.startsWith('\ufeff')) return 'it starts with a byte order mark. Save it in UTF-8 without one'
    if (path.endsWith('.json')) JSON.parse(text)
    return undefined
  } catch (error) {
    if (error instanceof SyntaxError) return 'it is not valid JSON'
    const { code } = error as NodeJS.ErrnoException
    return code === 'ENOENT' || code === 'ENOTDIR' ? undefined : code
  }
}

function formatRole(role: Role): string {
  return `role ${role.arn}, session ${role.sessionName}`
}
