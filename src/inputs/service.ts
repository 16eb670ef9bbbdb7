import type { Service } from '../alibaba-cloud/client.ts'
import { type CredentialPlan, obtainAccessKey } from '../alibaba-cloud/credentials.ts'
import { routeTo } from '../attempts/proxy.ts'
import type { Transport } from '../attempts/retry.ts'
import { ActionError } from '../errors.ts'
import { log } from '../runner/log.ts'
import { cleanForeign, mask } from '../runner/masking.ts'
import { readCredentialPlan, readSecrets } from './credentials.ts'
import { invalid, oneOf, optional, wholeNumber } from './input.ts'
import { readProxy } from './proxy.ts'

/** What the credential and network inputs come to. */
export type ServiceInputs = {
  /** `host` or `host:port`. */
  readonly endpoint: string
  readonly regionId: string | undefined
  readonly credentials: CredentialPlan
  readonly transport: Transport
}

const REGION_VARIABLES = ['ALIBABA_CLOUD_REGION_ID', 'ALIBABACLOUD_REGION_ID', 'ALICLOUD_REGION']

/**
 * Reads the inputs that say where the service is, with which access key to call it, and how long to try. The time of
 * the input `timeout` runs from here.
 *
 * @throws ActionError which input is wrong, and what it takes
 */
export async function readServiceInputs(env: NodeJS.ProcessEnv): Promise<ServiceInputs> {
  const startMs = performance.now()
  // Both first, as they mask the secrets.
  const secrets = readSecrets(env)
  const proxy = readProxy(env)
  const vpc = oneOf('network', ['public', 'vpc']) === 'vpc' ? '-vpc' : ''
  const regionId = readRegion(env)
  const endpointOf = (service: string, input: string): string =>
    readEndpoint(input) ?? `${service}${vpc}.${requireRegion(regionId, input)}.aliyuncs.com`
  const endpoint = endpointOf('onsmqtt', 'endpoint')
  const timeoutSeconds = wholeNumber('timeout', { fallback: 60, max: 21_600, unit: 'seconds' })
  const maxAttempts = wholeNumber('max-attempts', { fallback: 5, max: 100, unit: 'attempts' })
  const credentials = await readCredentialPlan(env, secrets, () => endpointOf('sts', 'sts-endpoint'))
  const onRetry = (line: string): void => {
    log('Retry', cleanForeign(line))
  }
  return {
    endpoint,
    regionId,
    credentials,
    transport: { proxy, maxAttempts, timeoutSeconds, deadlineMs: startMs + timeoutSeconds * 1000, onRetry },
  }
}

function readRegion(env: NodeJS.ProcessEnv): string | undefined {
  const places = [
    { name: 'region-id', value: optional('region-id') },
    ...REGION_VARIABLES.map((name) => ({ name, value: (env[name] ?? '').trim() })),
  ]
  const found = places.find(({ value }) => value !== '')
  if (found === undefined) return undefined
  // It becomes part of a host name: with a dot or a slash in it, the signed request could go to another host.
  if (/^[a-z0-9]+(-[a-z0-9]+)*$/.test(found.value)) return found.value
  throw invalid(found.name, found.value, 'the id of a region, such as cn-hangzhou')
}

/** A host name has 253 characters at most. */
const MAX_ENDPOINT_LENGTH = 260

function readEndpoint(input: string): string | undefined {
  const endpoint = optional(input)
  if (endpoint === '') return undefined
  const isHostAndPort = /^(\[[\da-f:.]+\]|[\da-z]([\da-z.-]*[\da-z])?)(:\d+)?$/i.test(endpoint)
  if (isHostAndPort && endpoint.length <= MAX_ENDPOINT_LENGTH && URL.canParse(`https://${endpoint}`))
    return endpoint
  const takes =
    'host or host:port, such as onsmqtt.cn-hangzhou.aliyuncs.com, without a scheme and without a path'
  // What stands before an @ may be a password.
  throw invalid(
    input,
    endpoint.includes('@') ? `***${endpoint.slice(endpoint.lastIndexOf('@'))}` : endpoint,
    takes,
  )
}

/**
 * @param endpointInput the input that would make the region unnecessary
 * @see https://www.alibabacloud.com/help/en/apsaramq-for-mqtt/mqtt-upgraded/developer-reference/api-onsmqtt-2020-04-20-endpoint
 */
function requireRegion(regionId: string | undefined, endpointInput: string): string {
  if (regionId !== undefined) return regionId
  throw new ActionError({
    what: `Neither the input region-id nor ${endpointInput} is given`,
    fix: `Give region-id, the region of the instance, e.g. region-id: cn-hangzhou, or set ${REGION_VARIABLES.join(', ')}.`,
  })
}

/**
 * Gets the access key, and tells the log the way to STS and to GitHub's token, and where the key comes from.
 *
 * @returns the service, ready to be called
 * @throws ActionError
 */
export async function connect({ endpoint, credentials, transport }: ServiceInputs): Promise<Service> {
  if (credentials.role !== undefined) log('STS', routeTo(credentials.role.stsEndpoint, transport.proxy))
  const { accessKey, source } = await obtainAccessKey(credentials, transport, mask)
  log('Access key', source)
  return { endpoint, accessKey, transport }
}
