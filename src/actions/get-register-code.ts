import { routeTo } from '../attempts/proxy.ts'
import { required } from '../inputs/input.ts'
import { readSealKey, sealFor, type Sealing, sealingWith } from '../inputs/seal-key.ts'
import { connect, readServiceInputs, type ServiceInputs } from '../inputs/service.ts'
import { getRegisterCode } from '../mqtt/register-code.ts'
import { log } from '../runner/log.ts'
import { mask, unlessSecret } from '../runner/masking.ts'
import { requireOutputFile, setOutputs } from '../runner/outputs.ts'

/** The root action: fetches a register code, masks it, and sets it as an output of the step. */
export async function getRegisterCodeAction(): Promise<void> {
  const inputs = await readInputs()
  const { regionId, instanceId, sealing } = inputs
  requireOutputFile()
  log('Instance', regionId === undefined ? instanceId : `${instanceId} in ${regionId}`)
  log('Endpoint', routeTo(inputs.endpoint, inputs.transport.proxy))
  const service = await connect(inputs)

  const { result, attempts, tookMs } = await getRegisterCode(service, { instanceId, regionId })
  mask(result.registerCode)
  const requestId = unlessSecret(result.requestId)
  const sealed = sealing && (await sealFor(sealing, { ...result, instanceId }))
  setOutputs({
    'register-code': result.registerCode,
    'request-id': requestId,
    ...(sealed !== undefined && { 'sealed-register-code': sealed }),
  })

  const effort = `${attempts === 1 ? 'at the first attempt' : `at attempt ${attempts}`}, in ${tookMs} ms`
  log('Register code', `fetched ${effort}; masked, and set as the output register-code`)
  if (sealed !== undefined) log('Seal', 'for the other jobs of this run: the output sealed-register-code')
  log('Request id', requestId === '' ? 'none given' : requestId)
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
