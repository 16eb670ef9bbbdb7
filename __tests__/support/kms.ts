import type { RunningEmulator } from '../../emulator/start.ts'
import { runStep } from '../../testing/run-step.ts'
import { withKms } from './emulated.ts'

const cas = new Map<string, Promise<string>>()

/** Returns the certificate (PEM) of a CA whose key is in the emulator's KMS, made once for each key. */
export async function caInKms(emulator: RunningEmulator, keyId = emulator.info.kmsKeyId): Promise<string> {
  const made = cas.get(keyId) ?? makeCa(emulator, keyId)
  cas.set(keyId, made)
  return await made
}

async function makeCa(emulator: RunningEmulator, keyId: string): Promise<string> {
  const inputs = { ...withKms(emulator, keyId), subject: `CN=${keyId},O=Example` }
  const { outputs, log } = await runStep('create-ca', inputs, {
    env: { NODE_EXTRA_CA_CERTS: emulator.info.caFile },
  })
  const { 'ca-certificate': pem } = outputs
  if (pem === undefined) throw new Error(log)
  return pem
}
