import { randomUUID, X509Certificate } from 'node:crypto'
import { KmsState } from '../kms/keys.ts'
import { Devices, type Ca } from './certificates.ts'
import { digits } from './random.ts'
import type { AccessKey, Instance, World } from './world.ts'

/** Everything that changes while the emulator runs, and that `DELETE /_emulator/state` forgets. */
export class State {
  /** The temporary access keys that STS issued, by ID. */
  readonly sessionKeys = new Recent<AccessKey>()
  readonly instances: ReadonlyMap<string, InstanceState>
  readonly kms: KmsState
  readonly #nonces = new Recent<true>()
  readonly #calls = new Map<string, { second: number; count: number }>()

  /** @param sampleCertificate PEM, for the CAs that a config asks to generate */
  constructor(world: World, sampleCertificate: string) {
    this.kms = new KmsState(world.kmsKeys)
    this.instances = new Map(
      [...world.instances.values()].map((instance, index) => [
        instance.id,
        new InstanceState(instance, index, sampleCertificate),
      ]),
    )
  }

  /** @returns false if this access key has used this nonce before */
  useNonce(accessKeyId: string, nonce: string): boolean {
    const key = `${accessKeyId}\n${nonce}`
    if (this.#nonces.get(key) !== undefined) return false
    this.#nonces.set(key, true)
    return true
  }

  /**
   * Counts a call of an account to an operation, for the current second of the clock.
   *
   * @param callsPerSecond `null` for no limit
   * @returns false if the call exceeds the limit
   */
  countCall(accountId: string, operation: string, callsPerSecond: number | null): boolean {
    if (callsPerSecond === null) return true
    const second = Math.floor(Date.now() / 1000)
    const key = `${accountId} ${operation}`
    const last = this.#calls.get(key)
    const count = last?.second === second ? last.count + 1 : 1
    this.#calls.set(key, { second, count })
    return count <= callsPerSecond
  }

  /** Tells whether a serial number is registered with any instance. */
  isRegistered(sn: string): boolean {
    return [...this.instances.values()].some(({ cas }) => cas.has(sn))
  }
}

/** The register codes, CAs and device certificates of one instance. */
export class InstanceState {
  /** By serial number, in the order of registration. */
  readonly cas: Map<string, Ca>
  readonly devices: Devices
  /** The register codes that it issued, each valid for one registration. */
  readonly codes = new Recent<'unused' | 'used'>()
  #latestCode: string | undefined

  /**
   * @param index of the instance, so that no generated serial number is on two of them
   * @param sample PEM of the certificate for what has none of its own
   */
  constructor({ generatedCas, cas, devices }: Instance, index: number, sample: string) {
    const all = [...generateCas(generatedCas, index, sample), ...cas]
    const withSample = { content: sample, verificationContent: sample }
    this.cas = new Map(all.map((ca) => [ca.sn, ca.content === '' ? { ...ca, ...withSample } : ca]))
    this.devices = new Devices(
      devices.map((device) => (device.content === '' ? { ...device, content: sample } : device)),
    )
  }

  /** Issues a new register code: a UUID followed directly by digits. */
  giveCode(): string {
    this.#latestCode = `${randomUUID()}${digits(10)}`
    this.codes.set(this.#latestCode, 'unused')
    return this.#latestCode
  }

  /** Returns the register code that was issued last if it is unused, or a new one. */
  giveUnusedCode(): string {
    const code = this.#latestCode
    return code !== undefined && this.codes.get(code) === 'unused' ? code : this.giveCode()
  }

  /** Returns the register code that was issued last, or a new one if there is none. */
  get latestCode(): string {
    return this.#latestCode ?? this.giveCode()
  }
}

const KEPT = 10_000

/**
 * Remembers at least the last 10,000 entries, and at most twice as many. Memory stays bounded, which matters more in a
 * test tool than refusing the replay of an older nonce.
 *
 * Two generations: when the younger one is full, the older one is dropped. A single `Map` that drops its first key
 * instead slows down, because V8 skips the holes at its front.
 */
class Recent<V> {
  #younger = new Map<string, V>()
  #older = new Map<string, V>()

  get(key: string): V | undefined {
    return this.#younger.get(key) ?? this.#older.get(key)
  }

  set(key: string, value: V): void {
    this.#younger.set(key, value)
    if (this.#younger.size < KEPT) return
    this.#older = this.#younger
    this.#younger = new Map()
  }
}

/**
 * Makes many CAs quickly, for lists. Serial numbers differ; the certificate is the same.
 *
 * @param instance the index of the instance, so that no serial number is on two of them
 * @param pem any certificate
 */
function generateCas(count: number, instance: number, pem: string): Ca[] {
  const { validFromDate, validToDate } = new X509Certificate(pem)
  const hex = (number: number): string => number.toString(16).padStart(8, '0')
  return Array.from({ length: count }, (_, index) => ({
    sn: `7f${hex(instance)}${hex(index)}`,
    name: `generated-${index + 1}`,
    registrationCode: `00000000-0000-0000-0000-${hex(instance).slice(4)}${hex(index)}0000000000`,
    content: pem,
    verificationContent: pem,
    validBegin: String(validFromDate.getTime()),
    validEnd: String(validToDate.getTime()),
    isActive: true,
    listedFromMs: 0,
  }))
}
