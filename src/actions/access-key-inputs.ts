import type { AccessKey } from '../alibaba-cloud/client.ts'
import { ActionError } from '../errors.ts'
import { mask } from '../runner/masking.ts'
import { optional, secret } from './inputs.ts'

/** An access key, and where it was found, in words for the log. */
export type FoundAccessKey = { readonly accessKey: AccessKey; readonly source: string }

/** Names of the three values that make an access key, as inputs or as environment variables. */
type Spelling = { readonly id: string; readonly secret: string; readonly token: string }

const INPUTS: Spelling = { id: 'access-key-id', secret: 'access-key-secret', token: 'security-token' }

/** The spellings in which Alibaba Cloud's own action and tools set an access key, the current one first. */
const ENVIRONMENT: readonly Spelling[] = [
  {
    id: 'ALIBABA_CLOUD_ACCESS_KEY_ID',
    secret: 'ALIBABA_CLOUD_ACCESS_KEY_SECRET',
    token: 'ALIBABA_CLOUD_SECURITY_TOKEN',
  },
  {
    id: 'ALIBABACLOUD_ACCESS_KEY_ID',
    secret: 'ALIBABACLOUD_ACCESS_KEY_SECRET',
    token: 'ALIBABACLOUD_SECURITY_TOKEN',
  },
  { id: 'ALICLOUD_ACCESS_KEY', secret: 'ALICLOUD_SECRET_KEY', token: 'ALICLOUD_SECURITY_TOKEN' },
]

/**
 * Finds the access key: the inputs', else the first spelling in the environment. All secrets are masked before any
 * is judged, those of the spellings that are not used too. Values of different spellings are never put together.
 *
 * @throws ActionError when there is none, or half a one
 */
export function readAccessKey(env: NodeJS.ProcessEnv): FoundAccessKey {
  const fromInputs = { id: optional(INPUTS.id), secret: secret(INPUTS.secret), token: secret(INPUTS.token) }
  const fromEnvironment = ENVIRONMENT.map((names) => ({
    names,
    values: {
      id: (env[names.id] ?? '').trim(),
      secret: mask((env[names.secret] ?? '').trim()),
      token: mask((env[names.token] ?? '').trim()),
    },
  }))

  const places = [
    { names: INPUTS, values: fromInputs, source: 'the inputs' },
    ...fromEnvironment.map((place) => ({ ...place, source: `the environment (${place.names.id})` })),
  ]
  for (const { names, values, source } of places) {
    if (values.id === '' && values.secret === '' && values.token === '') continue
    requireWhole(names, values)
    const { id: accessKeyId, secret: accessKeySecret, token } = values
    return { accessKey: { accessKeyId, accessKeySecret, securityToken: token || undefined }, source }
  }
  throw new ActionError({
    what: 'There is no access key: looked at the inputs, then at the environment',
    cure:
      `Give ${INPUTS.id} and ${INPUTS.secret}, from the secrets of the repository, or let an earlier step set ` +
      ENVIRONMENT.map((names) => `${names.id} and ${names.secret}`).join(', or ') +
      '.',
  })
}

function requireWhole(names: Spelling, values: Spelling): void {
  const missing = [values.id === '' ? names.id : '', values.secret === '' ? names.secret : ''].filter(Boolean)
  if (missing.length === 0) return
  const given = [values.id && names.id, values.secret && names.secret, values.token && names.token].filter(
    Boolean,
  )
  throw new ActionError({
    what: `${given.join(' and ')} given without ${missing.join(' and ')}`,
    cure: 'An access key is a pair, with a security token when it is a temporary one: give all of it in one place, or nothing there. A secret that the workflow cannot read arrives empty.',
  })
}
