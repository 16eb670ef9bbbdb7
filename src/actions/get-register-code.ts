import { routeTo } from '../attempts/proxy.ts'
import type { Timing } from '../attempts/retry.ts'
import { readSecrets } from '../inputs/credentials.ts'
import { required } from '../inputs/input.ts'
import { readSealKey, sealFor, sealingWith, type Sealing } from '../inputs/seal-key.ts'
import { connect, readServiceInputs, type ServiceInputs } from '../inputs/service.ts'
import { formatInstance } from '../mqtt/call.ts'
import { getRegisterCode } from '../mqtt/register-code.ts'
import { log } from '../runner/log.ts'
import { mask, unlessSecret } from '../runner/masking.ts'
import { requireOutputFile, setOutputs } from '../runner/outputs.ts'

/**
 * The root action: fetches a register code, masks it, and sets it as an output of the step.
 *
 * @param timing for tests, which wait less than users
 */
export async function getRegisterCodeAction(timing?: Timing): Promise<void> {
  const inputs = await readInputs(timing)
  const { regionId, instanceId, sealing } = inputs
  const instance = { instanceId, regionId }
  requireOutputFile()
  log('Instance', formatInstance(instance))
  log('Endpoint', routeTo(inputs.endpoint.host, inputs.transport.proxy))
  const service = await connect(inputs)

  const { result, attempts, tookMs } = await getRegisterCode(service, instance)
  mask(result.registerCode)
  const requestId = unlessSecret(result.requestId)
  const sealed = sealing && (await sealFor(sealing, { ...result, instanceId }))
  setOutputs({
    'register-code': result.registerCode,
    'request-id': requestId,
    ...(sealed !== undefined && { 'sealed-register-code': sealed }),
  })

  const effort = `${attempts === 1 ? 'at the first attempt' : `at attempt ${attempts}`}, in ${tookMs} ms`
  log('Register code', `fetched ${effort}; masked; output register-code`)
  if (sealed !== undefined) log('Seal', 'for other jobs of this run; output sealed-register-code')
  log('Request ID', requestId === '' ? 'none' : requestId)
}

async function readInputs(
  timing: Timing | undefined,
): Promise<ServiceInputs & { readonly instanceId: string; readonly sealing: Sealing | undefined }> {
  // First, because both mask secrets.
  const sealKey = readSealKey()
  const service = await readServiceInputs(process.env, readSecrets(process.env), { timing })
  const sealing = sealKey === '' ? undefined : sealingWith(sealKey, process.env)
  return { ...service, sealing, instanceId: required('instance-id', 'post-cn-7mz2d******') }
}
