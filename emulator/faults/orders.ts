import * as v from 'valibot'
import { isDocumented } from '../service/errors.ts'
import { check, integer } from '../world/shape.ts'
import { brokenReplies } from './broken-replies.ts'

/** Faults that replace the response. The emulator does not check the call. */
const replacing = Object.keys(brokenReplies) as (keyof typeof brokenReplies)[]

/** Faults that change or lose the response after the call was checked and carried out. */
const spoiling = ['wrong-content-type', 'no-request-id', 'commit-then-reset', 'commit-then-hang'] as const

const text = v.string()
const status = integer(200, 599)
const replacingName = v.picklist(replacing)
const name = v.picklist([...replacing, ...spoiling])
const raw = v.strictObject({ status, headers: v.optional(v.record(text, text)), body: v.optional(text) })
const error = v.pipe(
  v.strictObject({ code: text, status: v.optional(status), message: v.optional(text) }),
  v.check(
    (fault) => fault.status !== undefined || isDocumented(fault.code),
    'has a code that is not documented, so it needs a status',
  ),
)
/** A response that replaces the real one. */
const replacement = v.lazy((value) => {
  if (!isObject(value)) return replacingName
  return 'code' in value ? error : raw
})
const registerCode = v.strictObject({ registerCode: text })
const delay = v.strictObject({ delayMs: integer(0, 600_000) })
const commitThen = v.strictObject({ commitThen: replacement })

const fault = v.lazy((value) => {
  if (!isObject(value)) return name
  if ('registerCode' in value) return registerCode
  if ('delayMs' in value) return delay
  return 'commitThen' in value ? commitThen : replacement
})

export type ErrorFault = v.InferOutput<typeof error>
export type Replacement = v.InferOutput<typeof replacement>
export type Fault = v.InferOutput<typeof fault>

/** Applies `fault` to the next `times` calls of `operation`. */
export type FaultOrder = {
  /** The name of an operation, or `*` for any. */
  operation: string
  fault: Fault
  /** Defaults to 1. */
  times?: number | 'always' | undefined
}

/**
 * Checks a list of orders.
 *
 * @param operations the names that an order accepts
 * @throws ShapeError
 */
export function readFaultOrders(json: unknown, operations: readonly string[]): FaultOrder[] {
  const operation = v.picklist(['*', ...operations])
  const times = v.lazy((value) => (value === 'always' ? v.literal('always') : integer(1, 1_000_000)))
  return check(v.array(v.strictObject({ operation, fault, times: v.optional(times) })), json)
}

/** The orders that still apply, oldest first. */
export class FaultQueue {
  #orders: { readonly operation: string; readonly fault: Fault; left: number }[] = []

  add(orders: readonly FaultOrder[]): void {
    for (const { operation, fault, times = 1 } of orders) {
      this.#orders.push({ operation, fault, left: times === 'always' ? Infinity : times })
    }
  }

  /** Returns the fault for a call, and counts it. */
  take(operation: string): Fault | undefined {
    const order = this.#orders.find((candidate) => ['*', operation].includes(candidate.operation))
    if (order === undefined) return undefined
    order.left -= 1
    if (order.left <= 0) this.#orders = this.#orders.filter((other) => other !== order)
    return order.fault
  }

  clear(): void {
    this.#orders = []
  }
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null
}
