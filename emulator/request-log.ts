/** One request that was received. */
export type LoggedRequest = {
  /** The operation that it named, or `""`. */
  readonly operation: string
  /** `null` if no response was started, as with the fault `hang`. */
  readonly status: number | null
  /** The error code; `null` for a success or a response without a code. */
  readonly code: string | null
  /** When it was received, ISO 8601. */
  readonly time: string
  readonly requestId: string
  /** The fault that was applied. */
  readonly fault: string | null
  /** Its parameters without signature, tokens and long texts. */
  readonly parameters: Readonly<Record<string, string>>
  readonly userAgent: string
}

const KEPT = 10_000

/** The last 10,000 requests. */
export class RequestLog {
  #requests: LoggedRequest[] = []

  add(request: LoggedRequest): void {
    this.#requests.push(request)
    // Rarely, because each time copies the rest.
    if (this.#requests.length === 2 * KEPT) this.#requests = this.#requests.slice(-KEPT)
  }

  /** Returns the requests, oldest first, of one operation or of all. */
  list(operation?: string): LoggedRequest[] {
    const all = this.#requests.slice(-KEPT)
    return operation === undefined ? all : all.filter((request) => request.operation === operation)
  }

  clear(): void {
    this.#requests = []
  }
}
