import { randomBytes, randomInt, randomUUID, type KeyObject } from 'node:crypto'
import { setTimeout } from 'node:timers/promises'
import type { Endpoint } from '../src/alibaba-cloud/client.ts'
import { KMS_ERRORS } from '../src/alibaba-cloud/kms-errors.ts'
import { isRecord, textIn } from '../src/attempts/response.ts'
import { derSerialNumber, isSameSerialNumber } from '../src/certificates/certificate.ts'
import { mask } from '../src/runner/masking.ts'
import { isRegisterCode } from '../src/register-code.ts'
import { makeLeaf, type Issued } from '../testing/certificates.ts'
import type { Answer, Client, Deviation } from './client.ts'
import { Difference, NotReached } from './entry.ts'

/** A CA as the service shows it. */
export type Fields = Readonly<Record<string, unknown>>

/** A CA of this run. */
export type OwnCa = Issued & {
  /** The serial number as the service spells it; as assumed until the service has spelled it. */
  sn: string
}

/** What earlier checks found. */
type Facts = {
  /** The first register code. */
  readonly firstCode: string
  /** The registered CA on which most checks run, and the code that it was registered with. */
  readonly ca: OwnCa
  readonly code: string
  /** Another registered CA. */
  readonly secondCa: OwnCa
  /** The first of them, once it was deleted. */
  readonly deletedCa: OwnCa
  /** The registered CA of this run's devices, and a device that connected. */
  readonly deviceCa: OwnCa
  readonly device: Issued
  /** The algorithm that the key in KMS signs with, the ID of one of its versions, and the public key of that. */
  readonly kmsAlgorithm: string
  readonly kmsVersionId: string
  readonly kmsPublicKey: KeyObject
}

/** A key in KMS, by its ID or alias. */
export type NamedKey = { readonly keyId: string; readonly endpoint: Endpoint }

const KMS_VERSION = '2016-01-20'
/** The operations of KMS that are called. None changes anything. */
type KmsOperation = 'DescribeKey' | 'ListKeyVersions' | 'GetPublicKey' | 'AsymmetricSign'

const DENIALS = ['NoPermission', 'Forbidden', 'PermissionCheckFailed', 'InstancePermissionCheckFailed']
/** How long to wait for a change to be seen. */
const PATIENCE_MS = 60_000
const PAUSE_MS = 200
export const MAX_PAGE_SIZE = 100

/** What the checks work with: calls, the CAs of this run, and what earlier checks found. */
export class Probe {
  readonly client: Client
  /** The name of every CA of this run. */
  readonly name: string
  readonly secondInstanceId: string | undefined
  /** `host:port` of the broker. */
  readonly brokerEndpoint: string | undefined
  /** A serial number that is registered nowhere. */
  readonly unknownSn: string
  /** What the running check adds to its result. */
  notes: string[] = []
  readonly #kmsKey: NamedKey | undefined
  readonly #facts: Partial<Facts> = {}

  constructor(
    client: Client,
    options: {
      readonly name: string
      readonly secondInstanceId: string | undefined
      readonly brokerEndpoint: string | undefined
      readonly kmsKey: NamedKey | undefined
    },
  ) {
    this.client = client
    this.name = options.name
    this.secondInstanceId = options.secondInstanceId
    this.brokerEndpoint = options.brokerEndpoint
    this.#kmsKey = options.kmsKey
    this.unknownSn = client.own(randomSn())
  }

  /** Returns what an earlier check found. Throws `NotReached` if it found nothing. */
  known<F extends keyof Facts>(fact: F): Facts[F] {
    const value = this.#facts[fact]
    if (value === undefined) throw new NotReached('an earlier check did not get that far')
    return value
  }

  learn<F extends keyof Facts>(fact: F, value: Facts[F]): void {
    this.#facts[fact] = value
  }

  /** Adds a measured fact to the report. */
  note(text: string): void {
    this.notes.push(text)
  }

  /** Asks for the unknown serial number: a call that changes nothing. A valid one ends with `FindCaBySnError`. */
  async look(deviation: Deviation = {}): Promise<Answer> {
    return await this.client.call('GetCaCertificate', { Sn: this.unknownSn }, deviation)
  }

  /** Throws `NotReached` without a key in KMS. */
  requireKmsKey(): NamedKey {
    if (this.#kmsKey === undefined) throw new NotReached('--kms-key-id is not given')
    return this.#kmsKey
  }

  /**
   * Makes a call to KMS.
   *
   * @param query `KeyId` defaults to the key of this run
   */
  async askKms(
    operation: KmsOperation,
    query: Readonly<Record<string, string>> = {},
    deviation: Deviation = {},
  ): Promise<Answer> {
    const { keyId, endpoint } = this.requireKmsKey()
    const product = { endpoint: endpoint.host, version: KMS_VERSION, errors: KMS_ERRORS }
    return await this.client.call(operation, { KeyId: keyId, ...query }, { product, ...deviation })
  }

  /** Fetches a register code, and masks it. */
  async code(instanceId = this.client.instanceId): Promise<string> {
    const answer = await this.client.call('GetRegisterCode', {}, { instanceId })
    requireSuccess(answer)
    const code = mask(textIn(answer.body, 'RegisterCode') ?? '')
    if (!isRegisterCode(code)) throw new Difference('the service said something that is not a register code')
    return code
  }

  /** Makes a CA ready for its registration. */
  adopt(issued: Issued): OwnCa {
    return { ...issued, sn: this.client.own(derSerialNumber(issued.certificate.serialNumber)) }
  }

  /** Sends a registration. */
  async register(
    ca: OwnCa,
    verification: Pick<Issued, 'pem'>,
    { instanceId = this.client.instanceId } = {},
  ): Promise<Answer> {
    const query = { CaName: this.name, CaContent: ca.pem, VerificationContent: verification.pem }
    const answer = await this.client.register(ca.sn, query, instanceId)
    const sn = textIn(answer.body, 'Sn')
    if (sn !== undefined && isSameSerialNumber(sn, ca.sn)) ca.sn = sn
    return answer
  }

  /** Sends a registration that the service must refuse. If it does not, the CA is deleted again. */
  async expectRefusedRegistration(
    ca: OwnCa,
    verification: Pick<Issued, 'pem'>,
    { code, instanceId = this.client.instanceId }: { readonly code: string; readonly instanceId?: string },
  ): Promise<void> {
    const answer = await this.register(ca, verification, { instanceId })
    if (answer.code === undefined) {
      await this.client.call('DeleteCaCertificate', { Sn: ca.sn }, { instanceId })
    }
    requireCode(answer, code)
  }

  /** Looks a CA up. */
  async fields({ sn }: OwnCa): Promise<Fields> {
    const answer = await this.client.call('GetCaCertificate', { Sn: sn })
    requireSuccess(answer)
    const data = answer.body['Data']
    if (!isRecord(data)) throw new Difference('the service sent no Data')
    return data
  }

  /** Tells whether the service knows a CA. */
  async isSeen({ sn }: OwnCa): Promise<boolean> {
    const answer = await this.client.call('GetCaCertificate', { Sn: sn })
    if (answer.code === 'FindCaBySnError') return false
    requireSuccess(answer)
    return true
  }

  /** Makes a change to a CA, and requires that it succeeds. */
  async change(operation: string, { sn }: OwnCa): Promise<void> {
    requireSuccess(await this.client.call(operation, { Sn: sn }))
  }

  /** Reads one page of the list. */
  async page(pageNo: number, pageSize = MAX_PAGE_SIZE): Promise<{ cas: readonly Fields[]; data: Fields }> {
    const query = { PageNo: String(pageNo), PageSize: String(pageSize) }
    const answer = await this.client.call('ListCaCertificate', query)
    requireSuccess(answer)
    const data = isRecord(answer.body['Data']) ? answer.body['Data'] : {}
    const cas = data['CaCertificateVOS']
    if (!Array.isArray(cas)) throw new Difference('the service sent no list of CAs')
    return { cas: cas.map((ca: unknown) => (isRecord(ca) ? ca : {})), data }
  }

  /** Reads the whole list. */
  async list(): Promise<Fields[]> {
    const all: Fields[] = []
    for (let pageNo = 1; ; pageNo++) {
      const { cas } = await this.page(pageNo)
      all.push(...cas)
      if (cas.length < MAX_PAGE_SIZE) return all
    }
  }

  /**
   * Waits until something is seen.
   *
   * @param isSeen asks the service
   * @param goal what is waited for, for the report
   * @throws Difference if it was not seen at the first look, and how long it took
   */
  async expectAtOnce(goal: string, isSeen: () => Promise<boolean>): Promise<void> {
    const startMs = performance.now()
    for (let looks = 1; ; looks++) {
      const isThere = await isSeen()
      const seconds = ((performance.now() - startMs) / 1000).toFixed(1)
      if (isThere && looks === 1) {
        this.note(`${goal} after ${seconds} s, at the first look`)
        return
      }
      if (isThere) throw new Difference(`${goal} only after ${seconds} s, at look ${looks}`)
      if (performance.now() - startMs > PATIENCE_MS) throw new Difference(`not ${goal} after ${seconds} s`)
      await setTimeout(PAUSE_MS)
    }
  }
}

/** Tells whether fields from the service are about a CA. */
export function isAbout(fields: Fields, { sn }: Pick<OwnCa, 'sn'>): boolean {
  return isSameSerialNumber(String(fields['Sn']), sn)
}

/** Makes a verification certificate, by default one that is valid. */
export async function verify(
  code: string,
  issuer: Issued,
  validity: { readonly notBefore?: Date; readonly notAfter?: Date } = {},
): Promise<Issued> {
  return await makeLeaf({ subject: `CN=${code}`, issuer, ...validity })
}

/** Returns a code in the form of the service that no instance has issued. */
export function unknownCode(): string {
  return `${randomUUID()}${String(randomInt(1e9, 1e10))}`
}

/** Returns a random serial number whose spellings all differ: with its first bit set, and with letters. */
export function randomSn(): string {
  return `9a${randomBytes(14).toString('hex')}`
}

/** @throws Difference if the service refused, `NotReached` if RAM did */
export function requireSuccess(answer: Answer): void {
  if (answer.code === undefined && answer.isJson) return
  refuseDenial(answer)
  throw new Difference(words(answer))
}

/** @throws Difference if the service did not refuse with this code, `NotReached` if RAM refused */
export function requireCode(answer: Answer, code: string): void {
  if (answer.code === code) return
  refuseDenial(answer)
  throw new Difference(words(answer))
}

/** @throws Difference with the reason */
export function requireThat(holds: boolean, otherwise: string): void {
  if (!holds) throw new Difference(otherwise)
}

function refuseDenial({ code = '', operation }: Answer): void {
  if (isDenial(code)) {
    throw new NotReached(`RAM does not allow ${operation} with these parameters (${code})`)
  }
}

/** Tells whether an error code means that RAM denied the call. */
export function isDenial(code: string): boolean {
  // In KMS, a key that does not exist is Forbidden.KeyNotFound.
  if (code.endsWith('NotFound')) return false
  return DENIALS.some((denial) => code === denial || code.startsWith(`${denial}.`))
}

function words({ code, status, message, isJson, requestId }: Answer): string {
  const request = requestId === undefined ? '' : `, request ${requestId}`
  if (code === undefined) {
    return `the service said ${isJson ? 'yes' : 'something that is not JSON'} (HTTP ${status}${request})`
  }
  return `the service said ${code} (HTTP ${status}${request})${message === '' ? '' : `: ${message}`}`
}
