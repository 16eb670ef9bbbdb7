import type { Endpoint, Service } from '../alibaba-cloud/client.ts'
import { type CredentialPlan, obtainAccessKey } from '../alibaba-cloud/credentials.ts'
import { Pace } from '../attempts/pace.ts'
import { routeTo } from '../attempts/proxy.ts'
import type { Timing, Transport } from '../attempts/retry.ts'
import { ActionError } from '../errors.ts'
import { log } from '../runner/log.ts'
import { cleanForeign, mask } from '../runner/masking.ts'
import { readCredentialPlan, type Secrets } from './credentials.ts'
import { invalid, oneOf, optional, readTimeout, wholeNumber } from './input.ts'
import { readProxy, unusedProxyVariable } from './proxy.ts'

/** The value of the credential and network inputs. */
export type ServiceInputs = {
  readonly endpoint: Endpoint
  readonly regionId: string | undefined
  readonly credentials: CredentialPlan
  readonly transport: Transport
}

/** A service of Alibaba Cloud: the start of its host names, and the input for another endpoint. */
export type Product = { readonly name: string; readonly input: string }

export const MQTT: Product = { name: 'onsmqtt', input: 'endpoint' }
export const KMS: Product = { name: 'kms', input: 'kms-endpoint' }
const STS: Product = { name: 'sts', input: 'sts-endpoint' }

/** In order of precedence, after the input `region-id`. */
const REGION_VARIABLES = ['ALIBABA_CLOUD_REGION_ID', 'ALIBABACLOUD_REGION_ID', 'ALICLOUD_REGION']
/** The default of `timeout` for many calls. */
const MANY_CALLS_SECONDS = 600
/** A host name has at most 253 characters, and a port 5. */
const MAX_ENDPOINT_LENGTH = 260

export type ServiceOptions = {
  /** The service to call; ApsaraMQ for MQTT by default. */
  readonly product?: Product
  /** Set if the action makes a call for each of many things. */
  readonly many?: ManyCalls | undefined
  /** For tests, which wait less than users. */
  readonly timing?: Timing | undefined
}

/** How an action makes many calls. */
export type ManyCalls = {
  readonly perSecond: number
  /** Called for each retry, in place of a line in the log. */
  readonly onRetry: () => void
}

/**
 * Reads the inputs that say where the service is, with which credentials to call it, and how long to try. The time
 * limit of the input `timeout` starts here.
 *
 * @param secrets of the credentials, read before any input was checked, so that all are masked
 * @throws ActionError which input is invalid or missing
 */
export async function readServiceInputs(
  env: NodeJS.ProcessEnv,
  secrets: Secrets,
  { product = MQTT, many, timing }: ServiceOptions = {},
): Promise<ServiceInputs> {
  const startMs = performance.now()
  // First, because it masks the password of the proxy.
  const proxy = readProxy(env)
  const region = readRegion(env)
  const endpoint = readEndpoint(env, product)
  const timeoutSeconds = readTimeout(many && MANY_CALLS_SECONDS)
  const maxAttempts = wholeNumber('max-attempts', { fallback: 5, max: 100, unit: 'attempts' })
  const credentials = await readCredentialPlan(env, secrets, () => readEndpoint(env, STS))
  if (many !== undefined) requireSessionFor(timeoutSeconds, credentials)
  const onRetry = (line: string): void => {
    log('Retry', cleanForeign(line))
  }
  return {
    endpoint,
    regionId: region?.id,
    credentials,
    transport: {
      proxy,
      unusedProxyVariable: unusedProxyVariable(env),
      extraCaFile: env['NODE_EXTRA_CA_CERTS'],
      maxAttempts,
      timeoutSeconds,
      deadlineMs: startMs + timeoutSeconds * 1000,
      onRetry: many?.onRetry ?? onRetry,
      pace: many && new Pace(many.perSecond),
      timing,
    },
  }
}

/** In the middle of many calls, the temporary credentials must not expire. */
function requireSessionFor(timeoutSeconds: number, { role }: CredentialPlan): void {
  if (role === undefined || timeoutSeconds <= role.sessionSeconds) return
  throw new ActionError({
    what: `timeout (${timeoutSeconds} s) is longer than role-session-expiration (${role.sessionSeconds} s)`,
    fix: 'Raise role-session-expiration, and in RAM the maximum session duration of the role if necessary, or lower timeout.',
  })
}

/**
 * Gets the access key. Logs its source, and the route to STS and to GitHub if they are called.
 *
 * @returns the service, ready to be called
 * @throws ActionError
 */
export async function connect({ endpoint, credentials, transport }: ServiceInputs): Promise<Service> {
  if (credentials.role !== undefined) log('STS', routeTo(credentials.role.stsEndpoint.host, transport.proxy))
  const { accessKey, source } = await obtainAccessKey(credentials, transport, mask)
  log('Access key', source)
  return { endpoint, accessKey, transport }
}

/**
 * Reads where a service is: at the endpoint of its input, or at the one of the region and the network.
 *
 * @throws ActionError if neither is known
 */
export function readEndpoint(env: NodeJS.ProcessEnv, { name, input }: Product): Endpoint {
  const network = oneOf('network', ['public', 'vpc'])
  const region = readRegion(env)
  return givenEndpoint(input) ?? { ...regionalEndpoint(name, network, requireRegion(region, input)), input }
}

/** A region ID, and the input or environment variable that sets it. */
type Region = { readonly id: string; readonly name: string }

function readRegion(env: NodeJS.ProcessEnv): Region | undefined {
  const places = [
    { name: 'region-id', value: optional('region-id') },
    ...REGION_VARIABLES.map((name) => ({ name, value: (env[name] ?? '').trim() })),
  ]
  const found = places.find(({ value }) => value !== '')
  if (found === undefined) return undefined
  // It becomes part of a host name: with a dot or a slash, the signed request could go to another host.
  if (/^[a-z0-9]+(-[a-z0-9]+)*$/.test(found.value)) return { id: found.value, name: found.name }
  throw invalid(found.name, found.value, 'a region ID, such as cn-hangzhou')
}

/**
 * @param endpointInput the input that would make the region unnecessary
 * @see https://www.alibabacloud.com/help/en/apsaramq-for-mqtt/mqtt-upgraded/developer-reference/api-onsmqtt-2020-04-20-endpoint
 */
function requireRegion(region: Region | undefined, endpointInput: string): Region {
  if (region !== undefined) return region
  throw new ActionError({
    what: `Neither region-id nor ${endpointInput} is set`,
    fix: `Set region-id to the region of the instance, for example cn-hangzhou, or set one of the environment variables ${REGION_VARIABLES.join(', ')}.`,
  })
}

/** New regions appear, so an unknown one, or one that looks like a zone, is used as it is. */
function regionalEndpoint(
  service: string,
  network: 'public' | 'vpc',
  { id, name }: Region,
): Omit<Endpoint, 'input'> {
  const vpc = network === 'vpc' ? '-vpc' : ''
  // The zones of cn-hangzhou are cn-hangzhou-b and so on, those of us-east-1 us-east-1a and so on.
  const zoneless = id.replace(/-[a-z]$|(?<=\d)[a-z]$/, '')
  const other =
    network === 'vpc'
      ? 'no VPC endpoint: they need network: public'
      : 'a VPC endpoint only: they need network: vpc, and a runner in the VPC'
  return {
    host: `${service}${vpc}.${id}.aliyuncs.com`,
    origin:
      `The region in this host name is set by ${name}${name === 'region-id' ? '' : ', unless region-id is set'}. ` +
      (zoneless === id
        ? `It may be mistyped. Some regions have ${other}.`
        : `"${id}" looks like a zone: use its region, ${zoneless}.`),
  }
}

function givenEndpoint(input: string): Endpoint | undefined {
  const endpoint = optional(input)
  if (endpoint === '') return undefined
  const isHostAndPort = /^(\[[\da-f:.]+\]|[\da-z]([\da-z.-]*[\da-z])?)(:\d+)?$/i.test(endpoint)
  if (isHostAndPort && endpoint.length <= MAX_ENDPOINT_LENGTH && URL.canParse(`https://${endpoint}`))
    return { host: endpoint, origin: `The input ${input} sets this host: check it.`, input }
  // The text before an @ can contain a password.
  const shown = endpoint.replace(/^.*@/s, '***@')
  throw invalid(
    input,
    shown,
    'host or host:port without a scheme or path, such as onsmqtt.cn-hangzhou.aliyuncs.com',
  )
}
