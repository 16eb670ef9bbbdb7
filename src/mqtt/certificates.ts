import { call } from '../alibaba-cloud/call.ts'
import { change } from '../alibaba-cloud/change.ts'
import type { ApiResponse, Service } from '../alibaba-cloud/client.ts'
import { AttemptError } from '../attempts/failures.ts'
import { isRecord } from '../attempts/response.ts'
import { isSameSerialNumber } from '../certificates/certificate.ts'
import { mqttCall, type Instance } from './call.ts'
import {
  brokenResponse,
  readListed,
  readWhole,
  type Entry,
  type Identity,
  type Kind,
  type Listed,
  type Registered,
} from './registered.ts'

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
