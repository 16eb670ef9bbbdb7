import { ServiceError } from '../service/errors.ts'
import type { Operation } from '../service/service.ts'
import type { Certificate } from '../world/certificates.ts'
import type { InstanceState } from '../world/state.ts'
import type { World } from '../world/world.ts'
import { onInstance, type InstanceRequest } from './on-instance.ts'

type Fields = Readonly<Record<string, string | number>>

/** A kind of certificate: how a request names one, and how the service shows it. */
export type Kind<C extends Certificate> = {
  /** Throws `ServiceError` if the instance has no such certificate. */
  readonly find: (request: InstanceRequest) => C
  readonly show: (certificate: C, world: World) => Fields
  /** What the response to a change names. */
  readonly name: (certificate: C) => Fields
}

/** Makes an operation that returns one certificate. */
export function getting<C extends Certificate>(ramAction: string, { find, show }: Kind<C>): Operation {
  return onInstance({
    methods: ['GET'],
    ramAction,
    run: (request) => ({ Data: show(find(request), request.service.world) }),
  })
}

/** Makes an operation that changes one certificate. */
export function changing<C extends Certificate>(
  ramAction: string,
  { find, name }: Kind<C>,
  change: (certificate: C, state: InstanceState, world: World) => void,
): Operation {
  return onInstance({
    methods: ['POST', 'GET'],
    ramAction,
    run: (request) => {
      const certificate = find(request)
      change(certificate, request.state, request.service.world)
      return name(certificate)
    },
  })
}

/**
 * Makes an operation that lists certificates, page by page.
 *
 * @param list.of all that it lists, in the order of registration
 */
export function listing<C extends Certificate>(
  ramAction: string,
  { show }: Kind<C>,
  list: {
    readonly field: string
    readonly of: (request: InstanceRequest) => readonly C[]
    readonly total: (count: number, pageSize: number) => number
  },
): Operation {
  return onInstance({
    methods: ['GET'],
    ramAction,
    run: (request) => {
      const { required, service } = request
      const PageNo = wholeNumber(required('PageNo'), 1_000_000)
      const PageSize = wholeNumber(required('PageSize'), 100)
      const all = list.of(request)
      const isReversed = service.world.listOrder === 'newest-first'
      const start = isReversed ? all.length - PageNo * PageSize : (PageNo - 1) * PageSize
      const page = all.slice(Math.max(0, start), Math.max(0, start + PageSize))
      if (isReversed) page.reverse()
      const shown = page.map((certificate) => show(certificate, service.world))
      const Total = list.total(all.length, PageSize)
      return { Data: { [list.field]: shown, PageNo, PageSize, Total } }
    },
  })
}

/** Returns the fields that all kinds have, as the service shows them. */
export function validityAndStatus(
  { validBegin, validEnd, isActive }: Certificate,
  { caFields }: World,
): Fields {
  const fields = { ValidBegin: validBegin, ValidEnd: validEnd, Status: isActive ? '1' : '0' }
  if (caFields === 'strings') return fields
  return Object.fromEntries(Object.entries(fields).map(([name, text]) => [name, Number(text)]))
}

/** Writes each line end as the two characters `\n`. */
export function escapeLineEnds(pem: string): string {
  return pem.replaceAll('\n', '\\n')
}

function wholeNumber(text: string, max: number): number {
  if (/^[1-9]\d{0,6}$/.test(text) && Number(text) <= max) return Number(text)
  throw new ServiceError('ParameterFieldCheckFailed')
}
