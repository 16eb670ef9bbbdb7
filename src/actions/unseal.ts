import { readRunContext } from '../github/context.ts'
import { readSealedCode } from '../inputs/register-code.ts'
import { readOpeningKey } from '../inputs/seal-key.ts'
import { log } from '../runner/log.ts'
import { mask } from '../runner/masking.ts'
import { requireOutputFile, setOutputs } from '../runner/outputs.ts'
import { openSeal } from '../seal.ts'

/** Opens a sealed register code in another job than the one that fetched it. */
export async function unsealAction(): Promise<void> {
  // First, because it masks the key.
  const key = await readOpeningKey()
  const sealed = readSealedCode()
  const run = readRunContext(process.env)
  requireOutputFile()

  const { registerCode, instanceId } = await openSeal(sealed, key, run)
  mask(registerCode)
  setOutputs({ 'register-code': registerCode, 'instance-id': instanceId })

  log('Seal', `opened; made in run ${run.runId} of ${run.repository}`)
  log('Instance', instanceId)
  log('Register code', 'masked; output register-code')
}
