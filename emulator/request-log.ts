/** One request that came in. */
export type LoggedRequest = {
  /** The operation that it named, or `""`. */
  readonly operation: string
  /** `null` when no answer was begun, as by the fault `hang`. */
  readonly status: number | null
  /** The error code, `null` with a success or an answer without one. */
  readonly code: string | null
  /** When it came in, ISO 8601. */
  readonly time: string
  readonly requestId: string
  /** The fault that it met. */
  readonly fault: string | null
  /** Its parameters but for signature, tokens and long texts. */
  readonly parameters: Readonly<Record<string, string>>
  readonly userAgent: string
}

const KEPT = 10_000

/** The last 10,000 requests. */
export class RequestLog {
  readonly #ring: LoggedRequest[] = []
  #count = 0

  add(request: LoggedRequest): void {
    this.#ring[this.#count % KEPT] = request
    this.#count += 1
  }

  /** Oldest first, of one operation or of all. */
  list(operation?: string): LoggedRequest[] {
    const oldest = this.#count % KEPT
    const inOrder =
      this.#count <= KEPT ? this.#ring : [...this.#ring.slice(oldest), ...this.#ring.slice(0, oldest)]
    return operation === undefined
      ? [...inOrder]
      : inOrder.filter((request) => request.operation === operation)
  }
}
