import { hash } from 'node:crypto'
import { workOn } from '../attempts/pace.ts'
import { ActionError } from '../errors.ts'
import { PAGE_SIZE, type Page } from './certificates.ts'
import type { Identity, Kind } from './registered.ts'

/** At most this many pages are on their way. */
const PAGES_AT_A_TIME = 20
/** How often a list is read again from its start. */
const MAX_READ_AGAIN = 3

/** Takes what a list contains, each certificate once. */
export type Sink<C> = {
  readonly add: (items: readonly C[]) => void
  /** Called before the list is read again from its start: forgets what was added. */
  readonly startAgain: () => void
}

/**
 * Reads a whole list, several pages at a time. One that grows in the meantime is read on. One that shrinks is read again
 * from its start, because certificates that move to an earlier page can be left out.
 *
 * @param read reads a page, the first one is 1
 * @throws ActionError if the list shrinks each time; what `read` throws
 */
export async function readList<C extends Identity>(
  kind: Kind<unknown, C>,
  read: (page: number) => Promise<Page<C>>,
  sink: Sink<C>,
): Promise<void> {
  let problem: string | undefined
  for (let again = 0; again <= MAX_READ_AGAIN; again++) {
    if (again > 0) sink.startAgain()
    problem = await readOnce(kind, read, sink.add)
    if (problem === undefined) return
  }
  throw new ActionError({
    what: `The list of ${kind.noun}s could not be read to its end, ${MAX_READ_AGAIN + 1} times: ${problem ?? ''}`,
    fix: 'A part of a list is not reported, because it would look like the whole. Run the job again when no other job deletes certificates.',
  })
}

/** @returns why some certificates can be missing; `undefined` if none is that was there at the beginning */
async function readOnce<C extends Identity>(
  kind: Kind<unknown, C>,
  read: (page: number) => Promise<Page<C>>,
  add: Sink<C>['add'],
): Promise<string | undefined> {
  const seen = new HashSet()
  let total = 0
  let hasShrunk = false as boolean

  const take = async (page: number): Promise<{ readonly isFull: boolean }> => {
    const totalBefore = total
    const { items, total: totalNow } = await read(page)
    // Compared with answers from before the call: those on their way together can overtake each other.
    // A later page cannot be the whole list: a total of as many as it has is the number of its own results.
    const isOfPage = page > 1 && totalNow === items.length
    if (totalNow !== 0 && totalNow < totalBefore && !isOfPage) hasShrunk = true
    total = Math.max(total, totalNow)
    add(items.filter((item) => seen.add(hashOf(kind.query(item)))))
    return { isFull: items.length === PAGE_SIZE }
  }
  const takeAll = async (atATime: number): Promise<void> => {
    // The last page, where new certificates appear, is read after all others. Then the list is read on, whatever the
    // service says of its length.
    const last = Math.max(2, Math.ceil(total / PAGE_SIZE))
    let hasEnded = false
    function* pagesBeforeLast(): Generator<number> {
      for (let page = 2; page < last && !hasEnded && !hasShrunk; page++) yield page
    }
    await workOn(pagesBeforeLast(), atATime, async (page) => {
      if (!(await take(page)).isFull) hasEnded = true
    })
    for (let page = last; !hasShrunk && (await take(page)).isFull; page++);
  }

  const { isFull } = await take(1)
  const totalAtFirst = total
  if (isFull) await takeAll(PAGES_AT_A_TIME)
  // If new certificates appear on the first pages, the others move to pages that may have been read before.
  if (isFull && !hasShrunk && seen.size < total) await takeAll(1)
  if (hasShrunk) return 'it became shorter while it was read'
  if (seen.size >= totalAtFirst) return undefined
  return `its pages contain ${seen.size} of the ${totalAtFirst} that the service counts`
}

/** A set of hashes that needs 16 to 32 bytes for each. The serial numbers of many certificates would fill the memory. */
class HashSet {
  size = 0
  #slots = new BigUint64Array(1024)

  /** @returns whether it is new */
  add(hash: bigint): boolean {
    if (this.size * 2 >= this.#slots.length) this.#grow()
    const isNew = this.#put(hash)
    if (isNew) this.size++
    return isNew
  }

  #put(hash: bigint): boolean {
    const { length } = this.#slots
    let slot = Number(hash % BigInt(length))
    while (this.#slots[slot] !== 0n && this.#slots[slot] !== hash) slot = (slot + 1) % length
    const isNew = this.#slots[slot] === 0n
    this.#slots[slot] = hash
    return isNew
  }

  #grow(): void {
    const hashes = this.#slots
    this.#slots = new BigUint64Array(hashes.length * 2)
    for (const hash of hashes) if (hash !== 0n) this.#put(hash)
  }
}

function hashOf(query: Readonly<Record<string, string>>): bigint {
  return hash('sha256', JSON.stringify(query), 'buffer').readBigUInt64LE()
}
