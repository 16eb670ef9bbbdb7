import type { Service } from '../alibaba-cloud/call.ts'
import { obtainAccessKey } from '../alibaba-cloud/credentials.ts'
import { routeTo } from '../attempts/proxy.ts'
import { log } from '../runner/log.ts'
import { mask } from '../runner/masking.ts'
import type { ServiceInputs } from './service-inputs.ts'

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
