/** A CA that is registered with an instance. */
export type Ca = {
  /** Serial number: lower-case hex of its DER bytes. */
  readonly sn: string
  readonly name: string
  readonly registrationCode: string
  /** PEM, as it was sent. */
  readonly content: string
  readonly verificationContent: string
  readonly validBegin: Date
  readonly validEnd: Date
  readonly isActive: boolean
}

/** The CAs of one instance, in the order in which they were registered. */
export class Cas {
  readonly #bySn: Map<string, Ca>

  /** @param registered what is there from the start */
  constructor(registered: readonly Ca[]) {
    this.#bySn = new Map(registered.map((ca) => [ca.sn, ca]))
  }

  get size(): number {
    return this.#bySn.size
  }

  /** @param sn in the very spelling of the service */
  find(sn: string): Ca | undefined {
    return this.#bySn.get(sn)
  }

  /** Adds a CA, or replaces the one with its serial number in its place. */
  put(ca: Ca): void {
    this.#bySn.set(ca.sn, ca)
  }

  delete(sn: string): void {
    this.#bySn.delete(sn)
  }

  /** @param pageNo from 1 */
  page(pageNo: number, pageSize: number): Ca[] {
    return [...this.#bySn.values()].slice((pageNo - 1) * pageSize, pageNo * pageSize)
  }
}
