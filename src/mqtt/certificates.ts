import { call } from '../alibaba-cloud/call.ts'
import { change } from '../alibaba-cloud/change.ts'
import type { ApiResponse, Service } from '../alibaba-cloud/client.ts'
import { AttemptError, type Refusal } from '../attempts/failures.ts'
import { isRecord, messageIn, requestIdIn, textIn } from '../attempts/response.ts'
import { isSameSerialNumber } from '../certificates/certificate.ts'
import { mqttCall, type Instance } from './call.ts'

/** A certificate as the service reports it: a CA, or a device certificate. */
export type Registered = {
  /** Its serial number in the service's own spelling, which other calls need. */
  readonly sn: string
  readonly name: string
  readonly isActive: boolean
  /** Unix milliseconds; `undefined` if it cannot be read. */
  readonly validBegin: number | undefined
  readonly validEnd: number | undefined
}

/** The same as a list shows it, in which a certificate can be odd. */
export type Listed = Omit<Registered, 'isActive'> & {
  /** `undefined` if its status is neither active nor inactive. */
  readonly isActive: boolean | undefined
}

/** What identifies a certificate, in the service's own spelling. A device certificate also needs its CA. */
export type Identity = { readonly sn: string }

/**
 * A kind of certificates that an instance keeps. Its operations differ in their names and fields only: `Own` are those
 * that other kinds do not have.
 */
export type Kind<Own, Id extends Identity> = {
  /** In words, such as `CA`. */
  readonly noun: string
  /** The end of the names of its operations and RAM actions, such as `CaCertificate` in `GetCaCertificate`. */
  readonly operations: string
  readonly fields: {
    readonly sn: string
    readonly name: string
    readonly list: string
    /** The serial numbers that identify one. */
    readonly identity: readonly string[]
    /** What it must have, too, unless it is only shown. */
    readonly content: readonly string[]
  }
  /** The parameters that identify one. */
  readonly query: (id: Id) => Readonly<Record<string, string>>
  /** Reads the fields that other kinds do not have. */
  readonly read: (fields: Readonly<Record<string, unknown>>) => Own
  /** The fields that it must have, for the error. */
  readonly complete: string
  /** The documented error for one that is not there. */
  readonly notFound: string
  /** Whether an error means that there is none. Any other stays an error. */
  readonly meansNotFound: (refusal: Refusal) => boolean
  /** Whether nobody can use one that is not there. */
  readonly isInactiveWhenGone: boolean
}

/** What can be done to a registered certificate. */
export type CertificateChange = 'activate' | 'inactivate' | 'delete'

/** A page of a list. */
export type Page<C> = {
  readonly items: readonly C[]
  /** How many the whole list has, as far as the service tells; the reference describes it in two ways. */
  readonly total: number
}

/** The maximum of the service. */
export const PAGE_SIZE = 100

/**
 * Looks up a certificate by its serial number.
 *
 * @param isExpected returns whether this is the expected state; otherwise the lookup is retried
 * @returns `undefined` if the instance has no such certificate
 * @throws ActionError for every error that does not mean "not found"
 * @see https://www.alibabacloud.com/help/en/apsaramq-for-mqtt/mqtt-upgraded/developer-reference/api-onsmqtt-2020-04-20-getcacertificate
 * @see https://www.alibabacloud.com/help/en/apsaramq-for-mqtt/mqtt-upgraded/developer-reference/api-onsmqtt-2020-04-20-getdevicecertificate
 */
export async function find<Own, Id extends Identity>(
  service: Service,
  instance: Instance,
  kind: Kind<Own, Id>,
  id: Id,
  isExpected: (found: (Registered & Own) | undefined) => boolean = () => true,
): Promise<(Registered & Own) | undefined> {
  const expected = (found: (Registered & Own) | undefined, response: ApiResponse): typeof found => {
    if (isExpected(found)) return found
    throw brokenResponse(`still reports the old state of ${kind.noun} ${id.sn}`, response)
  }
  const { result } = await call(
    service,
    mqttCall(instance, {
      name: `Get${kind.operations}`,
      method: 'GET',
      query: kind.query(id),
      read: (response) => {
        const data = response['Data']
        if (!isRecord(data)) return expected(undefined, response)
        const found = readWhole(kind, { fields: data, response })
        if (isSameSerialNumber(found.sn, id.sn)) return expected(found, response)
        throw brokenResponse(`responded with another ${kind.noun} than the requested one`, response)
      },
      readRefusal: (refusal) => {
        if (kind.meansNotFound(refusal)) return expected(undefined, {})
        throw new AttemptError(refusal)
      },
    }),
  )
  return result
}

/**
 * Reads a page of the list of all certificates, to work with them.
 *
 * @param page from 1
 * @throws ActionError
 * @see https://www.alibabacloud.com/help/en/apsaramq-for-mqtt/mqtt-upgraded/developer-reference/api-onsmqtt-2020-04-20-listcacertificate
 * @see https://www.alibabacloud.com/help/en/apsaramq-for-mqtt/mqtt-upgraded/developer-reference/api-onsmqtt-2020-04-20-listdevicecertificate
 */
export async function readPage<Own, Id extends Identity>(
  service: Service,
  instance: Instance,
  kind: Kind<Own, Id>,
  page: number,
): Promise<Page<Registered & Own>> {
  return await readEntries(service, instance, kind, { page }, readWhole)
}

/**
 * Reads a page of a list to show the certificates, or to search them. An odd one does not stop that, as long as it has
 * its serial numbers.
 *
 * @param page from 1
 * @param of the CA whose device certificates to list; all by default
 * @throws ActionError
 */
export async function readPageToShow<Own, Id extends Identity>(
  service: Service,
  instance: Instance,
  kind: Kind<Own, Id>,
  page: number,
  of?: string,
): Promise<Page<Listed & Own>> {
  return await readEntries(service, instance, kind, { page, of }, readListed)
}

async function readEntries<Own, Id extends Identity, C>(
  service: Service,
  instance: Instance,
  kind: Kind<Own, Id>,
  { page, of }: { readonly page: number; readonly of?: string | undefined },
  readEntry: (kind: Kind<Own, Id>, entry: Entry) => C,
): Promise<Page<C>> {
  const query = { PageNo: String(page), PageSize: String(PAGE_SIZE), ...(of !== undefined && { CaSn: of }) }
  const name = `List${kind.operations}${of === undefined ? '' : 'ByCaSn'}`
  const read = (response: ApiResponse): Page<C> => {
    const data = isRecord(response['Data']) ? response['Data'] : {}
    const list: unknown = data[kind.fields.list]
    if (!Array.isArray(list)) throw brokenResponse(`responded without a list of ${kind.noun}s`, response)
    const total = Number(data['Total'])
    return {
      items: list.map((value: unknown, index) => {
        const place = `entry ${index + 1} of page ${page} of ${name}`
        return readEntry(kind, { fields: isRecord(value) ? value : {}, response, place })
      }),
      total: Number.isSafeInteger(total) && total > 0 ? total : 0,
    }
  }
  return (await call(service, mqttCall(instance, { name, method: 'GET', query, read }))).result
}

/**
 * Activates, deactivates or deletes a certificate.
 *
 * @param onVerify called when a response was lost and the service is asked instead
 * @returns whether the service has reported the new state; otherwise it has only confirmed the change
 * @throws ActionError
 */
export async function changeCertificate<Own, Id extends Identity>(
  service: Service,
  instance: Instance,
  kind: Kind<Own, Id>,
  { id, to }: { readonly id: Id; readonly to: CertificateChange },
  onVerify: (line: string) => void,
): Promise<boolean> {
  const { verb, ramVerb, goal, isReached } = CHANGES[to]
  const name = `${verb}${kind.operations}`
  const ramAction = `mq:${ramVerb}${kind.operations}`
  return await change<boolean, undefined>(service, {
    call: mqttCall(instance, { name, ramAction, method: 'POST', query: kind.query(id), read: () => false }),
    goal: `${kind.noun} ${id.sn} ${goal}`,
    prepare: () => Promise.resolve({ query: {}, sent: undefined }),
    verify: async () => (isReached(await find(service, instance, kind, id), kind) ? true : undefined),
    // Another run may have deleted it in the meantime.
    verifyOn: [kind.notFound],
    onVerify,
  })
}

/**
 * Does the same, and checks that the service reports the new state.
 *
 * @throws ActionError if it does not after some time, too
 */
export async function changeAndConfirm<Own, Id extends Identity>(
  ...parameters: Parameters<typeof changeCertificate<Own, Id>>
): Promise<void> {
  const [service, instance, kind, { id, to }] = parameters
  if (await changeCertificate(...parameters)) return
  await find(service, instance, kind, id, (found) => CHANGES[to].isReached(found, kind))
}

const CHANGES: Readonly<
  Record<
    CertificateChange,
    {
      readonly verb: string
      readonly ramVerb: string
      readonly goal: string
      readonly isReached: (
        found: Registered | undefined,
        kind: { readonly isInactiveWhenGone: boolean },
      ) => boolean
    }
  >
> = {
  activate: {
    verb: 'Active',
    ramVerb: 'Active',
    goal: 'is active',
    isReached: (found) => found?.isActive === true,
  },
  inactivate: {
    verb: 'Inactivate',
    ramVerb: 'Unregister',
    goal: 'is inactive',
    isReached: (found, kind) => (found === undefined ? kind.isInactiveWhenGone : !found.isActive),
  },
  delete: {
    verb: 'Delete',
    ramVerb: 'Delete',
    goal: 'is deleted',
    isReached: (found) => found === undefined,
  },
}

/** A certificate in a response. */
type Entry = {
  readonly fields: Readonly<Record<string, unknown>>
  readonly response: ApiResponse
  /** Where it is in a list. */
  readonly place?: string
}

function readWhole<Own, Id extends Identity>(kind: Kind<Own, Id>, entry: Entry): Registered & Own {
  const listed = readListed(kind, entry)
  const { isActive } = listed
  if (isActive === undefined) throw incomplete(kind, entry, 'Status')
  const missing = kind.fields.content.find((key) => textIn(entry.fields, key) === undefined)
  if (missing !== undefined) throw incomplete(kind, entry, missing)
  return { ...listed, isActive }
}

function readListed<Own, Id extends Identity>(kind: Kind<Own, Id>, entry: Entry): Listed & Own {
  const { fields } = entry
  const { sn, name, identity } = kind.fields
  const missing = identity.find((key) => !isSerialNumber(textIn(fields, key) ?? ''))
  if (missing !== undefined) throw incomplete(kind, entry, missing)
  // Documented as a string; a number would mean the same.
  const status = String(fields['Status'])
  return {
    sn: textIn(fields, sn) ?? '',
    name: messageIn(fields, name),
    isActive: /^[01]$/.test(status) ? status === '1' : undefined,
    validBegin: timeIn(fields, 'ValidBegin'),
    validEnd: timeIn(fields, 'ValidEnd'),
    ...kind.read(fields),
  }
}

/** Names the field, and not what the service said there, which can be anything. */
function incomplete(
  { noun, complete }: Pick<Kind<unknown, Identity>, 'noun' | 'complete'>,
  { response, place }: Entry,
  field: string,
): AttemptError {
  const where = place === undefined ? '' : `: ${place} has no valid ${field}`
  return brokenResponse(`responded with a ${noun} without ${complete}${where}`, response)
}

/** Whether a text is a serial number as the service may spell it. It becomes a part of requests and outputs. */
function isSerialNumber(text: string): boolean {
  return /^-?[\da-f]{1,300}$/i.test(text)
}

/** Unix milliseconds, as text; a number would mean the same. */
function timeIn(fields: Readonly<Record<string, unknown>>, key: string): number | undefined {
  const text = String(fields[key])
  return /^-?\d{1,16}$/.test(text) && !Number.isNaN(new Date(Number(text)).getTime())
    ? Number(text)
    : undefined
}

function brokenResponse(what: string, response: ApiResponse): AttemptError {
  return new AttemptError({ kind: 'broken-response', what, requestId: requestIdIn(response) })
}
