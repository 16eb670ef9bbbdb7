import { obtainAccessKey } from '../alibaba-cloud/credentials.ts'
import { routeTo } from '../attempts/proxy.ts'
import { getRegisterCode } from '../mqtt/register-code.ts'
import { log } from '../runner/log.ts'
import { mask } from '../runner/masking.ts'
import { requireOutputFile, setOutputs } from '../runner/outputs.ts'
import { required } from './inputs.ts'
import { readSealKey, sealFor, sealingWith, type Sealing } from './seal-key-inputs.ts'
import { readServiceInputs, type ServiceInputs } from './service-inputs.ts'

/** The root action: fetches a register code, masks it, and sets it as an output of the step. */
export async function getRegisterCodeAction(): Promise<void> {
  const { endpoint, regionId, instanceId, credentials, transport, sealing } = await readInputs()
  requireOutputFile()
  log('Instance', regionId === undefined ? instanceId : `${instanceId} in ${regionId}`)
  log('Endpoint', routeTo(endpoint, transport.proxy))
  const { accessKey, source } = await obtainAccessKey(credentials, transport, mask)
  log('Access key', source)

  const service = { endpoint, accessKey, transport }
  const { result, attempts, tookMs } = await getRegisterCode(service, { instanceId, regionId })
  mask(result.registerCode)
  const sealed = sealing && (await sealFor(sealing, { ...result, instanceId }))
  setOutputs({
    'register-code': result.registerCode,
    'request-id': result.requestId,
    ...(sealed !== undefined && { 'sealed-register-code': sealed }),
  })

  const effort = `${attempts === 1 ? 'at the first attempt' : `at attempt ${attempts}`}, in ${tookMs} ms`
  log('Register code', `fetched ${effort}; masked, and set as the output register-code`)
  if (sealed !== undefined) log('Seal', 'for the other jobs of this run: the output sealed-register-code')
  log('Request id', result.requestId === '' ? 'none given' : result.requestId)
}

async function readInputs(): Promise<
  ServiceInputs & { readonly instanceId: string; readonly sealing: Sealing | undefined }
> {
  // First, as these mask the secrets.
  const sealKey = readSealKey()
  const service = await readServiceInputs(process.env)
  const sealing = sealKey === '' ? undefined : sealingWith(sealKey, process.env)
  return { ...service, sealing, instanceId: required('instance-id', 'post-cn-7mz2d******') }
}
