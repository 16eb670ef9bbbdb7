import { isDocumented } from './errors.ts'
import {
  integer,
  listOf,
  object,
  oneOf,
  recordOf,
  ShapeError,
  text,
  type Shape,
  type Shaped,
} from './shape.ts'

/** Faults that replace the answer: the call is not looked at. */
const replacing = [
  'reset',
  'reset-in-body',
  'hang',
  'dribble',
  'html',
  'html-200',
  'empty',
  'empty-500',
  'truncated',
  'large-body',
  'no-code',
  'null-body',
  'array-body',
  'redirect',
] as const

/** Faults that spoil the answer to a call that was checked and carried out. */
const spoiling = ['wrong-content-type', 'no-request-id', 'commit-then-reset', 'commit-then-hang'] as const

const replacingName = oneOf(...replacing)
const name = oneOf(...replacing, ...spoiling)
const status = integer(200, 599)
const error = object({ code: text }, { status, message: text })
const raw = object({ status }, { headers: recordOf(text), body: text })
const registerCode = object({ registerCode: text }, {})
const delay = object({ delayMs: integer(0, 600_000) }, {})

/** An answer instead of the true one. */
const replacement: Shape<Replacement> = (value, path) => {
  if (typeof value !== 'object' || value === null) return replacingName(value, path)
  if (!('code' in value)) return raw(value, path)
  const checked = error(value, path)
  if (checked.status === undefined && !isDocumented(checked.code)) {
    throw new ShapeError(`${path} has a code that is not documented, so it needs a status`)
  }
  return checked
}
const commitThen = object({ commitThen: replacement }, {})

const fault: Shape<Fault> = (value, path) => {
  if (typeof value !== 'object' || value === null) return name(value, path)
  if ('registerCode' in value) return registerCode(value, path)
  if ('delayMs' in value) return delay(value, path)
  return 'commitThen' in value ? commitThen(value, path) : replacement(value, path)
}

export type ReplacingFault = Shaped<typeof replacingName>
export type ErrorFault = Shaped<typeof error>
export type RawFault = Shaped<typeof raw>
export type Replacement = ReplacingFault | ErrorFault | RawFault
export type Fault =
  | Replacement
  | Shaped<typeof name>
  | Shaped<typeof registerCode>
  | Shaped<typeof delay>
  | Shaped<typeof commitThen>

/** An order to fail: the next `times` calls of `operation` meet `fault`. */
export type FaultOrder = {
  /** Its name, or `*` for any. */
  operation: string
  fault: Fault
  /** 1 when left out. */
  times?: number | 'always'
}

/**
 * Checks a list of orders.
 *
 * @param operations the names that can be ordered to fail
 * @throws ShapeError
 */
export function readFaultOrders(json: unknown, operations: readonly string[]): FaultOrder[] {
  return listOf(object({ operation: oneOf('*', ...operations), fault }, { times }))(json, '')
}

const times: Shape<number | 'always'> = (value, path) =>
  value === 'always' ? value : integer(1, 1_000_000)(value, path)

/** The orders that are left, first come first served. */
export class FaultQueue {
  #orders: { readonly operation: string; readonly fault: Fault; left: number }[] = []

  add(orders: readonly FaultOrder[]): void {
    for (const { operation, fault, times = 1 } of orders) {
      this.#orders.push({ operation, fault, left: times === 'always' ? Infinity : times })
    }
  }

  /** The fault that this call meets; counts it. */
  take(operation: string): Fault | undefined {
    const order = this.#orders.find(
      (candidate) => candidate.operation === '*' || candidate.operation === operation,
    )
    if (order === undefined) return undefined
    order.left -= 1
    if (order.left <= 0) this.#orders = this.#orders.filter((other) => other !== order)
    return order.fault
  }
}
