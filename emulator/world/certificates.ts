import { X509Certificate } from 'node:crypto'
import type { World } from './world.ts'

/** A certificate that an instance knows. */
export type Certificate = {
  /** Serial number, in the spelling of the service. */
  readonly sn: string
  readonly name: string
  /** PEM. */
  readonly content: string
  /** Unix milliseconds as text. A config can have any other text. */
  readonly validBegin: string
  readonly validEnd: string
  readonly isActive: boolean
}

/** A CA that is registered with an instance. */
export type Ca = Certificate & {
  readonly registrationCode: string
  readonly verificationContent: string
  /** When the list begins to show it. */
  readonly listedFromMs: number
}

/** The certificate of a device, registered with an instance. */
export type Device = Certificate & {
  /** Serial number of the CA that issued it. */
  readonly caSn: string
}

/** Returns the serial number of a certificate as the service spells it. */
export function serialNumberOf(certificate: X509Certificate, spelling: World['snSpelling']): string {
  return spelling === 'der' ? derSerialNumber(certificate) : certificate.serialNumber
}

/** Lower-case hex of the DER bytes: a zero byte precedes a number whose first bit is set. */
export function derSerialNumber(certificate: X509Certificate): string {
  const hex = certificate.serialNumber.toLowerCase()
  return /^[89a-f]/.test(hex) ? `00${hex}` : hex
}

/** Tells whether a CA issued a certificate: by its name and, if present, its key identifier, and by the signature. */
export function isIssuedBy(certificate: X509Certificate, ca: X509Certificate): boolean {
  return certificate.checkIssued(ca) && certificate.verify(ca.publicKey)
}

/** Returns the common name of a certificate's subject, the first one if there are several. */
export function commonNameOf(certificate: X509Certificate): string {
  // OpenSSL's decoding of all string types. Node's types omit that a name can have several.
  const { CN } = certificate.toLegacyObject().subject as { readonly CN?: string | readonly string[] }
  return [CN ?? ''].flat()[0] ?? ''
}

/** Returns what the service shows of a certificate's own fields. */
export function describe(
  certificate: X509Certificate,
  spelling: World['snSpelling'],
): Omit<Certificate, 'name' | 'isActive'> {
  return {
    sn: serialNumberOf(certificate, spelling),
    content: certificate.toString(),
    validBegin: String(certificate.validFromDate.getTime()),
    validEnd: String(certificate.validToDate.getTime()),
  }
}

/** The certificates of an instance's devices: found by serial numbers, and listed in the order of registration. */
export class Devices {
  readonly #all: Map<string, Device>
  /** By the CA, and under `undefined` for all. Made when a list is first read after a change. */
  readonly #lists = new Map<string | undefined, readonly Device[]>()

  constructor(devices: readonly Device[]) {
    this.#all = new Map(devices.map((device) => [keyOf(device.caSn, device.sn), device]))
  }

  get(caSn: string, sn: string): Device | undefined {
    return this.#all.get(keyOf(caSn, sn))
  }

  set(device: Device): void {
    this.#all.set(keyOf(device.caSn, device.sn), device)
    this.#lists.clear()
  }

  delete(devices: readonly Device[]): void {
    for (const { caSn, sn } of devices) this.#all.delete(keyOf(caSn, sn))
    this.#lists.clear()
  }

  /** @param caSn of the CA that issued them; all devices without it */
  list(caSn?: string): readonly Device[] {
    const known = this.#lists.get(caSn)
    if (known !== undefined) return known
    const all = [...this.#all.values()]
    const listed = caSn === undefined ? all : all.filter((device) => device.caSn === caSn)
    this.#lists.set(caSn, listed)
    return listed
  }
}

function keyOf(caSn: string, sn: string): string {
  return `${caSn} ${sn}`
}
