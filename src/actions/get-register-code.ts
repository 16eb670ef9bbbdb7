import { obtainAccessKey } from '../alibaba-cloud/credentials.ts'
import { getRegisterCode } from '../mqtt/register-code.ts'
import { log } from '../runner/log.ts'
import { mask } from '../runner/masking.ts'
import { requireOutputFile, setOutputs } from '../runner/outputs.ts'
import { required } from './inputs.ts'
import { readServiceInputs, type ServiceInputs } from './service-inputs.ts'

/** The root action: fetches a register code, masks it, and sets it as an output of the step. */
export async function getRegisterCodeAction(): Promise<void> {
  const { endpoint, regionId, instanceId, credentials, transport } = await readInputs()
  requireOutputFile()
  log('Instance', regionId === undefined ? instanceId : `${instanceId} in ${regionId}`)
  log(
    'Endpoint',
    transport.proxy === undefined ? endpoint : `${endpoint}, through the proxy ${transport.proxy.host}`,
  )
  const { accessKey, source } = await obtainAccessKey(credentials, transport, mask)
  log('Access key', source)

  const service = { endpoint, accessKey, transport }
  const { result, attempts, tookMs } = await getRegisterCode(service, { instanceId, regionId })
  mask(result.registerCode)
  setOutputs({ 'register-code': result.registerCode, 'request-id': result.requestId })

  const effort = `${attempts === 1 ? 'at the first attempt' : `at attempt ${attempts}`}, in ${tookMs} ms`
  log('Register code', `fetched ${effort}; masked, and set as the output register-code`)
  log('Request id', result.requestId === '' ? 'none given' : result.requestId)
}

async function readInputs(): Promise<ServiceInputs & { readonly instanceId: string }> {
  // First, as it masks the secrets.
  const service = await readServiceInputs(process.env)
  return { ...service, instanceId: required('instance-id', 'post-cn-7mz2d******') }
}
