import { readFileSync } from 'node:fs'
import { getCACertificates, setDefaultCACertificates } from 'node:tls'
import type { RunningEmulator } from '../emulator/start.ts'
import type { Service } from '../src/alibaba-cloud/client.ts'
import { CA, findInList, type RegisteredCa } from '../src/mqtt/ca-certificates.ts'
import { changeAndConfirm, type CertificateChange } from '../src/mqtt/certificates.ts'
import { derSerialNumber } from '../src/certificates/certificate.ts'
import { privateKeyPem, type Issued } from './certificates.ts'

/** Returns the inputs that register a CA with its private key. */
export function withKey(ca: Issued, name = 'devices'): Record<string, string> {
  return { 'ca-name': name, 'ca-certificate': ca.pem, 'ca-private-key': privateKeyPem(ca.key) }
}

/** Returns the serial number of a CA as the service spells it. */
export function snOf({ certificate }: Pick<Issued, 'certificate'>): string {
  return derSerialNumber(certificate.serialNumber)
}

/** Makes this process trust the TLS certificate of an emulator. */
export function trust({ info }: RunningEmulator): void {
  setDefaultCACertificates([...getCACertificates('default'), readFileSync(info.caFile, 'utf8')])
}

/** Lists all CAs of an instance, by default the emulator's first one. Call `trust` before. */
export async function casOf(
  emulator: RunningEmulator,
  instanceId = emulator.info.instanceId,
): Promise<RegisteredCa[]> {
  const cas: RegisteredCa[] = []
  await findInList(serviceOf(emulator), { ...instanceOf(emulator), instanceId }, (ca) => {
    cas.push(ca)
    return false
  })
  return cas
}

/** Changes a CA as another user of the instance could, outside of the action under test. */
export async function changeBehind(
  emulator: RunningEmulator,
  ca: Issued,
  to: CertificateChange,
): Promise<void> {
  const change = { id: { sn: snOf(ca) }, to }
  await changeAndConfirm(serviceOf(emulator), instanceOf(emulator), CA, change, () => undefined)
}

export function instanceOf({ info }: RunningEmulator): { instanceId: string; regionId: string } {
  return { instanceId: info.instanceId, regionId: info.regionId }
}

export function serviceOf({ info }: RunningEmulator): Service {
  const { endpoint, accessKeyId, accessKeySecret } = info
  const transport = {
    proxy: undefined,
    maxAttempts: 1,
    timeoutSeconds: 20,
    deadlineMs: performance.now() + 20_000,
    onRetry: () => undefined,
  }
  return {
    endpoint: { host: endpoint, origin: '', input: 'endpoint' },
    accessKey: { accessKeyId, accessKeySecret },
    transport,
  }
}
