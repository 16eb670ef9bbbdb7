import type { AssumedRole, CredentialPlan } from '../alibaba-cloud/credentials.ts'
import type { Role } from '../alibaba-cloud/sts.ts'
import { ActionError } from '../errors.ts'
import { ENVIRONMENT, readAccessKeys, type FoundAccessKey } from './access-key-inputs.ts'
import { forkCure, readIdTokenService } from './id-token-inputs.ts'
import { invalid, optional } from './inputs.ts'
import { readRole } from './role-inputs.ts'

const GIVE_A_KEY =
  "Give one of these. A secret or variable that is not set arrives empty. The default chain of Alibaba Cloud's SDK is asked on self-hosted runners alone."
const GIVE_THE_PROVIDER =
  'There is role-to-assume: to assume it without a key, give oidc-provider-arn too. A variable that is not set arrives empty.'

/** What was read, and masked, before anything could go wrong. */
export type Secrets = {
  readonly keys: ReturnType<typeof readAccessKeys>
  readonly getIdToken: ReturnType<typeof readIdTokenService>
}

/** Masks every secret about credentials, in the inputs and in the environment, used or not. */
export function readSecrets(env: NodeJS.ProcessEnv): Secrets {
  return { keys: readAccessKeys(env), getIdToken: readIdTokenService(env) }
}

/**
 * Reads where the access key is to come from: the key inputs, GitHub's OIDC token, the environment, and on a
 * self-hosted runner the SDK's default chain, in this order. On a hosted runner the chain would find nothing, and end
 * at an address that is not there.
 *
 * @param stsEndpoint asked for when there is a role to assume; throws when it is not known
 * @throws ActionError which input is wrong, or what was looked at when there is no key
 */
export async function readCredentialPlan(
  env: NodeJS.ProcessEnv,
  { keys, getIdToken }: Secrets,
  stsEndpoint: () => string,
): Promise<CredentialPlan> {
  const role = readRole(env)
  const providerArn = readProviderArn()
  if (providerArn !== undefined && role === undefined) {
    throw new ActionError({
      what: 'oidc-provider-arn given without role-to-assume',
      cure: 'Give role-to-assume too: the role that the token is exchanged for.',
    })
  }
  const assumed: AssumedRole | undefined = role && { ...role, stsEndpoint: stsEndpoint() }
  const fromInputs = await wholeOrForked(keys.inputs)
  if (fromInputs !== undefined && providerArn !== undefined) {
    throw new ActionError({
      what: 'Both access-key-id and oidc-provider-arn are given',
      cure: 'Leave the access key inputs out to use OIDC, or oidc-provider-arn to assume the role with the access key.',
    })
  }
  if (fromInputs !== undefined) return { kind: 'keys', ...fromInputs, role: assumed }
  if (assumed !== undefined && providerArn !== undefined)
    return { kind: 'oidc', providerArn, role: assumed, getIdToken }
  const fromEnvironment = await wholeOrForked(keys.environment)
  if (fromEnvironment !== undefined) return { kind: 'keys', ...fromEnvironment, role: assumed }
  if (env['RUNNER_ENVIRONMENT'] === 'self-hosted') return { kind: 'default-chain', role: assumed }
  throw await noAccessKey(role)
}

/** Half a key in a pull request from a fork is one whose secret GitHub left out. */
async function wholeOrForked(key: () => FoundAccessKey | undefined): Promise<FoundAccessKey | undefined> {
  try {
    return key()
  } catch (error) {
    const cure = await forkCure()
    if (!(error instanceof ActionError) || cure === '') throw error
    throw new ActionError({ what: error.message, cure, cause: error })
  }
}

function readProviderArn(): string | undefined {
  const arn = optional('oidc-provider-arn')
  if (arn === '') return undefined
  if (/^acs:ram::\d+:oidc-provider\/\S+$/.test(arn)) return arn
  throw invalid(
    'oidc-provider-arn',
    arn,
    'the ARN of an OIDC provider: acs:ram::1234567890123456:oidc-provider/NAME',
  )
}

async function noAccessKey(role: Role | undefined): Promise<ActionError> {
  const looked = [
    'the inputs access-key-id and access-key-secret',
    'the inputs role-to-assume and oidc-provider-arn',
    ...ENVIRONMENT.map((names) => `${names.id} and ${names.secret} in the environment`),
  ]
  return new ActionError({
    what: `There is no access key: looked at ${looked.join(', ')}`,
    cure: (await forkCure()) || (role === undefined ? GIVE_A_KEY : GIVE_THE_PROVIDER),
  })
}
