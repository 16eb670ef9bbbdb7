import type { AccessKey } from '../alibaba-cloud/client.ts'
import { ActionError } from '../errors.ts'
import { mask } from '../runner/masking.ts'
import { optional, requireHeaderText, secret } from './inputs.ts'

/** An access key, and where it was found, in words for the log. */
export type FoundAccessKey = { readonly accessKey: AccessKey; readonly source: string }

/** Names of the three values that make an access key, as inputs or as environment variables. */
type Spelling = { readonly id: string; readonly secret: string; readonly token: string }

/** The values that stand in one place. */
type Place = { readonly names: Spelling; readonly values: Spelling; readonly source: string }

const INPUTS: Spelling = { id: 'access-key-id', secret: 'access-key-secret', token: 'security-token' }

/** The spellings in which Alibaba Cloud's own action and tools set an access key, the current one first. */
export const ENVIRONMENT: readonly Spelling[] = [
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
 * Reads the access keys of the inputs and of the environment. All secrets are masked here, those of the places that
 * are not used too; whether a key is whole is judged when it is taken.
 *
 * @returns inputs, environment: takes the key of that place, or of its first spelling that has a value; each
 * throws an ActionError when that key is not whole. Values of different places are never put together.
 */
export function readAccessKeys(env: NodeJS.ProcessEnv): {
  readonly inputs: () => FoundAccessKey | undefined
  readonly environment: () => FoundAccessKey | undefined
} {
  const inputs: Place = {
    names: INPUTS,
    values: { id: optional(INPUTS.id), secret: secret(INPUTS.secret), token: secret(INPUTS.token) },
    source: 'from the inputs',
  }
  const environment = ENVIRONMENT.map((names): Place => ({
    names,
    values: {
      id: (env[names.id] ?? '').trim(),
      secret: mask((env[names.secret] ?? '').trim()),
      token: mask((env[names.token] ?? '').trim()),
    },
    source: `from the environment (${names.id})`,
  }))
  return { inputs: () => firstKey([inputs]), environment: () => firstKey(environment) }
}

function firstKey(places: readonly Place[]): FoundAccessKey | undefined {
  const place = places.find(({ values }) => values.id !== '' || values.secret !== '' || values.token !== '')
  if (place === undefined) return undefined
  const { names, values, source } = place
  requireWhole(names, values)
  requireHeaderText(names.id, values.id)
  requireHeaderText(names.token, values.token)
  const { id: accessKeyId, secret: accessKeySecret, token } = values
  return { accessKey: { accessKeyId, accessKeySecret, securityToken: token || undefined }, source }
}

function requireWhole(names: Spelling, values: Spelling): void {
  const missing = [values.id === '' ? names.id : '', values.secret === '' ? names.secret : ''].filter(Boolean)
  if (missing.length === 0) return
  const given = [values.id && names.id, values.secret && names.secret, values.token && names.token].filter(
    Boolean,
  )
  throw new ActionError({
    what: `${given.join(' and ')} given without ${missing.join(' and ')}`,
    cure:
      'An access key is a pair, with a security token when it is a temporary one: give all of it in one place, or ' +
      'nothing there. A secret that the workflow may not read arrives empty.',
  })
}
