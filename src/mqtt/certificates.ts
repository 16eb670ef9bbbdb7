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

/** What identifies a certificate, in the service's own spelling. A device certificate also needs its CA. */
export type Identity = { readonly sn: string }

/** A kind of certificates that an instance keeps. Its operations differ in their names and fields only. */
export type Kind<C extends Registered, Id extends Identity> = {
  /** In words, such as `CA`. */
  readonly noun: string
  /** The end of the names of its operations and RAM actions, such as `CaCertificate` in `GetCaCertificate`. */
  readonly operations: string
  readonly fields: { readonly sn: string; readonly name: string; readonly list: string }
  /** The parameters that identify one. */
  readonly query: (id: Id) => Readonly<Record<string, string>>
  /** Reads the fields that other kinds do not have; `undefined` if one is missing. */
  readonly read: (registered: Registered, fields: Readonly<Record<string, unknown>>) => C | undefined
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
export async function find<C extends Registered, Id extends Identity>(
  service: Service,
  instance: Instance,
  kind: Kind<C, Id>,
  id: Id,
  isExpected: (found: C | undefined) => boolean = () => true,
): Promise<C | undefined> {
  const expected = (found: C | undefined, response: ApiResponse): C | undefined => {
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
        const found = readFields(kind, data, response)
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
 * Reads a page of a list.
 *
 * @param list.of the CA whose device certificates to list; all by default
 * @param list.page from 1
 * @throws ActionError
 * @see https://www.alibabacloud.com/help/en/apsaramq-for-mqtt/mqtt-upgraded/developer-reference/api-onsmqtt-2020-04-20-listcacertificate
 * @see https://www.alibabacloud.com/help/en/apsaramq-for-mqtt/mqtt-upgraded/developer-reference/api-onsmqtt-2020-04-20-listdevicecertificate
 */
export async function readPage<C extends Registered, Id extends Identity>(
  service: Service,
  instance: Instance,
  kind: Kind<C, Id>,
  { page, of }: { readonly page: number; readonly of?: string | undefined },
): Promise<Page<C>> {
  const query = { PageNo: String(page), PageSize: String(PAGE_SIZE), ...(of !== undefined && { CaSn: of }) }
  const name = `List${kind.operations}${of === undefined ? '' : 'ByCaSn'}`
  const read = (response: ApiResponse): Page<C> => {
    const data = isRecord(response['Data']) ? response['Data'] : {}
    const list = data[kind.fields.list]
    if (!Array.isArray(list)) throw brokenResponse(`responded without a list of ${kind.noun}s`, response)
    const total = Number(data['Total'])
    return {
      items: list.map((fields: unknown) => readFields(kind, isRecord(fields) ? fields : {}, response)),
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
export async function changeCertificate<C extends Registered, Id extends Identity>(
  service: Service,
  instance: Instance,
  kind: Kind<C, Id>,
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
export async function changeAndConfirm<C extends Registered, Id extends Identity>(
  ...parameters: Parameters<typeof changeCertificate<C, Id>>
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

function readFields<C extends Registered, Id extends Identity>(
  kind: Kind<C, Id>,
  fields: Readonly<Record<string, unknown>>,
  response: ApiResponse,
): C {
  const sn = textIn(fields, kind.fields.sn)
  // Documented as a string; a number would mean the same.
  const status = String(fields['Status'])
  const isComplete = sn !== undefined && isSerialNumber(sn) && /^[01]$/.test(status)
  const read = isComplete
    ? kind.read(
        {
          sn,
          name: messageIn(fields, kind.fields.name),
          isActive: status === '1',
          validBegin: timeIn(fields, 'ValidBegin'),
          validEnd: timeIn(fields, 'ValidEnd'),
        },
        fields,
      )
    : undefined
  if (read === undefined)
    throw brokenResponse(`responded with a ${kind.noun} without ${kind.complete}`, response)
  return read
}

/** Whether a text is a serial number as the service may spell it. It becomes a part of requests and outputs. */
export function isSerialNumber(text: string): boolean {
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
