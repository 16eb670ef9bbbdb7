import { getRegisterCode } from '../mqtt/register-code.ts'
import { log } from '../runner/log.ts'
import { mask } from '../runner/masking.ts'
import { requireOutputFile, setOutputs } from '../runner/outputs.ts'
import { required } from './inputs.ts'
import { readServiceInputs, type ServiceInputs } from './service-inputs.ts'

/** The root action: fetches a register code, masks it, and sets it as an output of the step. */
export async function getRegisterCodeAction(): Promise<void> {
  const inputs = readInputs()
  requireOutputFile()
  const { service, regionId, instanceId } = inputs
  log('Instance', regionId === undefined ? instanceId : `${instanceId} in ${regionId}`)
  log('Endpoint', service.endpoint)
  log('Access key', `from ${inputs.credentialSource}`)

  const { result, attempts, tookMs } = await getRegisterCode(service, inputs)
  mask(result.registerCode)
  setOutputs({ 'register-code': result.registerCode, 'request-id': result.requestId })

  const effort = `${attempts === 1 ? 'at the first attempt' : `at attempt ${attempts}`}, in ${tookMs} ms`
  log('Register code', `fetched ${effort}; masked, and set as the output register-code`)
  log('Request id', result.requestId === '' ? 'none given' : result.requestId)
}

function readInputs(): ServiceInputs & { readonly instanceId: string } {
  // First, as it masks the secrets.
  const service = readServiceInputs(process.env)
  return { ...service, instanceId: required('instance-id', 'post-cn-7mz2d******') }
}
