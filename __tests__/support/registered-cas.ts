import { readFileSync } from 'node:fs'
import { getCACertificates, setDefaultCACertificates } from 'node:tls'
import type { Emulator } from '../../emulator/start.ts'
import type { Service } from '../../src/alibaba-cloud/client.ts'
import { changeCa, findInList, type CaChange, type RegisteredCa } from '../../src/mqtt/ca-certificates.ts'
import { derSerialNumber } from '../../src/certificates/certificate.ts'
import type { Issued } from './certificates.ts'

/** What has to stand under `with:` to register a CA with its key. */
export function withKey(ca: Issued, name = 'devices'): Record<string, string> {
  const key = ca.key.export({ type: 'pkcs8', format: 'pem' }).toString()
  return { 'ca-name': name, 'ca-certificate': ca.pem, 'ca-private-key': key }
}

/** The serial number of a CA as the service spells it. */
export function snOf({ certificate }: Issued): string {
  return derSerialNumber(certificate.serialNumber)
}

/** Lets this process call an emulator. */
export function trust({ info }: Emulator): void {
  setDefaultCACertificates([...getCACertificates('default'), readFileSync(info.caFile, 'utf8')])
}

/** All CAs of an instance, the default one when left out, of an emulator that this process trusts. */
export async function casOf(
  emulator: Emulator,
  instanceId = emulator.info.instanceId,
): Promise<RegisteredCa[]> {
  const cas: RegisteredCa[] = []
  await findInList(serviceOf(emulator), { ...instanceOf(emulator), instanceId }, (ca) => {
    cas.push(ca)
    return false
  })
  return cas
}

/** Does to a CA what somebody else could do. */
export async function changeBehind(emulator: Emulator, ca: Issued, to: CaChange): Promise<void> {
  await changeCa(serviceOf(emulator), instanceOf(emulator), { sn: snOf(ca), to }, () => undefined)
}

export function instanceOf({ info }: Emulator): { instanceId: string; regionId: string } {
  return { instanceId: info.instanceId, regionId: info.regionId }
}

export function serviceOf({ info }: Emulator): Service {
  const { endpoint, accessKeyId, accessKeySecret } = info
  const transport = {
    proxy: undefined,
    maxAttempts: 1,
    timeoutSeconds: 20,
    deadlineMs: performance.now() + 20_000,
    onRetry: () => undefined,
  }
  return { endpoint, accessKey: { accessKeyId, accessKeySecret }, transport }
}
