import type { Service } from '../alibaba-cloud/call.ts'
import { ActionError } from '../errors.ts'
import { log } from '../runner/log.ts'
import { readAccessKey } from './access-key-inputs.ts'
import { invalid, oneOf, optional, wholeNumber } from './inputs.ts'

/** What the credential and network inputs come to. */
export type ServiceInputs = {
  readonly service: Service
  readonly regionId: string | undefined
  /** Where the access key was found, in words for the log. */
  readonly credentialSource: string
}

const REGION_VARIABLES = ['ALIBABA_CLOUD_REGION_ID', 'ALIBABACLOUD_REGION_ID', 'ALICLOUD_REGION']

/**
 * Reads the inputs that say where the service is, with which access key, and how long to try. The time of the
 * input `timeout` runs from here.
 *
 * @throws ActionError which input is wrong, and what it takes
 */
export function readServiceInputs(env: NodeJS.ProcessEnv): ServiceInputs {
  const startMs = performance.now()
  const { accessKey, source } = readAccessKey(env)
  const network = oneOf('network', ['public', 'vpc'])
  const regionId = readRegion(env)
  const endpoint = readEndpoint() ?? endpointOf(regionId, network)
  const timeoutSeconds = wholeNumber('timeout', { fallback: 60, max: 21_600, unit: 'seconds' })
  const maxAttempts = wholeNumber('max-attempts', { fallback: 5, max: 100, unit: 'attempts' })
  return {
    service: {
      endpoint,
      accessKey,
      maxAttempts,
      deadlineMs: startMs + timeoutSeconds * 1000,
      onRetry: (line) => {
        log('Retry', line)
      },
    },
    regionId,
    credentialSource: source,
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

function readEndpoint(): string | undefined {
  const endpoint = optional('endpoint')
  if (endpoint === '') return undefined
  const isHostAndPort = /^(\[[\da-f:.]+\]|[\da-z]([\da-z.-]*[\da-z])?)(:\d+)?$/i.test(endpoint)
  if (isHostAndPort && URL.canParse(`https://${endpoint}`)) return endpoint
  const takes =
    'host or host:port, such as onsmqtt.cn-hangzhou.aliyuncs.com, without a scheme and without a path'
  throw invalid('endpoint', endpoint, takes)
}

/** @see https://www.alibabacloud.com/help/en/apsaramq-for-mqtt/mqtt-upgraded/developer-reference/api-onsmqtt-2020-04-20-endpoint */
function endpointOf(regionId: string | undefined, network: 'public' | 'vpc'): string {
  if (regionId !== undefined) return `onsmqtt${network === 'vpc' ? '-vpc' : ''}.${regionId}.aliyuncs.com`
  throw new ActionError({
    what: 'Neither the input region-id nor endpoint is given',
    cure: `Give region-id, the region of the instance, e.g. region-id: cn-hangzhou, or set ${REGION_VARIABLES.join(', ')}.`,
  })
}
