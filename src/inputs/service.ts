import type { Service } from '../alibaba-cloud/client.ts'
import { type CredentialPlan, obtainAccessKey } from '../alibaba-cloud/credentials.ts'
import { routeTo } from '../attempts/proxy.ts'
import type { Timing, Transport } from '../attempts/retry.ts'
import { ActionError } from '../errors.ts'
import { log } from '../runner/log.ts'
import { cleanForeign, mask } from '../runner/masking.ts'
import { readCredentialPlan, type Secrets } from './credentials.ts'
import { DEFAULT_TIMEOUT_SECONDS, invalid, oneOf, optional, wholeNumber } from './input.ts'
import { readProxy } from './proxy.ts'

/** The value of the credential and network inputs. */
export type ServiceInputs = {
  /** `host` or `host:port`. */
  readonly endpoint: string
  readonly regionId: string | undefined
  readonly credentials: CredentialPlan
  readonly transport: Transport
}

/** In order of precedence, after the input `region-id`. */
const REGION_VARIABLES = ['ALIBABA_CLOUD_REGION_ID', 'ALIBABACLOUD_REGION_ID', 'ALICLOUD_REGION']
/** A host name has at most 253 characters, and a port 5. */
const MAX_ENDPOINT_LENGTH = 260

/**
 * Reads the inputs that say where the service is, with which credentials to call it, and how long to try. The time
 * limit of the input `timeout` starts here.
 *
 * @param secrets of the credentials, read before any input was checked, so that all are masked
 * @param timing for tests, which wait less than users
 * @throws ActionError which input is invalid or missing
 */
export async function readServiceInputs(
  env: NodeJS.ProcessEnv,
  secrets: Secrets,
  timing?: Timing,
): Promise<ServiceInputs> {
  const startMs = performance.now()
  // First, because it masks the password of the proxy.
  const proxy = readProxy(env)
  const vpc = oneOf('network', ['public', 'vpc']) === 'vpc' ? '-vpc' : ''
  const regionId = readRegion(env)
  const endpointOf = (service: string, input: string): string =>
    readEndpoint(input) ?? `${service}${vpc}.${requireRegion(regionId, input)}.aliyuncs.com`
  const endpoint = endpointOf('onsmqtt', 'endpoint')
  const timeoutSeconds = wholeNumber('timeout', {
    fallback: DEFAULT_TIMEOUT_SECONDS,
    max: 21_600,
    unit: 'seconds',
  })
  const maxAttempts = wholeNumber('max-attempts', { fallback: 5, max: 100, unit: 'attempts' })
  const credentials = await readCredentialPlan(env, secrets, () => endpointOf('sts', 'sts-endpoint'))
  const onRetry = (line: string): void => {
    log('Retry', cleanForeign(line))
  }
  return {
    endpoint,
    regionId,
    credentials,
    transport: {
      proxy,
      maxAttempts,
      timeoutSeconds,
      deadlineMs: startMs + timeoutSeconds * 1000,
      onRetry,
      timing,
    },
  }
}

/**
 * Gets the access key. Logs its source, and the route to STS and to GitHub if they are called.
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

function readRegion(env: NodeJS.ProcessEnv): string | undefined {
  const places = [
    { name: 'region-id', value: optional('region-id') },
    ...REGION_VARIABLES.map((name) => ({ name, value: (env[name] ?? '').trim() })),
  ]
  const found = places.find(({ value }) => value !== '')
  if (found === undefined) return undefined
  // It becomes part of a host name: with a dot or a slash, the signed request could go to another host.
  if (/^[a-z0-9]+(-[a-z0-9]+)*$/.test(found.value)) return found.value
  throw invalid(found.name, found.value, 'a region ID, such as cn-hangzhou')
}

/**
 * @param endpointInput the input that would make the region unnecessary
 * @see https://www.alibabacloud.com/help/en/apsaramq-for-mqtt/mqtt-upgraded/developer-reference/api-onsmqtt-2020-04-20-endpoint
 */
function requireRegion(regionId: string | undefined, endpointInput: string): string {
  if (regionId !== undefined) return regionId
  throw new ActionError({
    what: `Neither region-id nor ${endpointInput} is set`,
    fix: `Set region-id to the region of the instance, for example cn-hangzhou, or set one of the environment variables ${REGION_VARIABLES.join(', ')}.`,
  })
}

function readEndpoint(input: string): string | undefined {
  const endpoint = optional(input)
  if (endpoint === '') return undefined
  const isHostAndPort = /^(\[[\da-f:.]+\]|[\da-z]([\da-z.-]*[\da-z])?)(:\d+)?$/i.test(endpoint)
  if (isHostAndPort && endpoint.length <= MAX_ENDPOINT_LENGTH && URL.canParse(`https://${endpoint}`))
    return endpoint
  // The text before an @ can contain a password.
  const shown = endpoint.replace(/^.*@/s, '***@')
  throw invalid(
    input,
    shown,
    'host or host:port without a scheme or path, such as onsmqtt.cn-hangzhou.aliyuncs.com',
  )
}
