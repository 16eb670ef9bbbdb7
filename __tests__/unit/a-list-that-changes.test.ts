import { setImmediate } from 'node:timers/promises'
import { describe, expect, it } from '@jest/globals'
import type { Page } from '../../src/mqtt/certificates.ts'
import { DEVICE, type RegisteredDevice } from '../../src/mqtt/device-certificates.ts'
import { readList } from '../../src/mqtt/list.ts'

const device = (number: number): RegisteredDevice => ({
  caSn: '0a',
  sn: number.toString(16),
  name: `device ${number}`,
  isActive: true,
  validBegin: 0,
  validEnd: 0,
})
const devices = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, index) => device(from + index))

type List = {
  items: RegisteredDevice[]
  /** What the service says of the length. */
  total?: (length: number, shown: number) => number
  /** How many turns later the service reads a page. */
  delay?: (page: number) => number
  /** Called before each page is read, with the number of pages that were read. */
  change?: (list: List, reads: number, page: number) => void
}

/** Reads a list, and returns the serial numbers that it had, in order, with how often pages were read. */
async function read(list: List) {
  let taken: string[] = []
  const pages: number[] = []
  let again = 0
  const readPage = async (page: number): Promise<Page<RegisteredDevice>> => {
    for (let turns = list.delay?.(page) ?? 0; turns > 0; turns--) await setImmediate()
    list.change?.(list, pages.length, page)
    pages.push(page)
    const start = (page - 1) * 100
    const items = list.items.slice(start, start + 100)
    const total = (list.total ?? ((length) => length))(list.items.length, items.length)
    await setImmediate()
    return { items, total }
  }
  await readList(DEVICE, readPage, {
    add: (items) => {
      taken.push(...items.map(({ sn }) => sn))
    },
    startAgain: () => {
      again++
      taken = []
    },
  })
  return { taken: taken.sort(), pages, again }
}

const sns = (items: readonly RegisteredDevice[]) => items.map(({ sn }) => sn).sort()

describe('a list', () => {
  it.each([
    [0, 1],
    [1, 1],
    [99, 1],
    [100, 2],
    [101, 2],
    [200, 3],
    [250, 3],
    [2_345, 24],
  ])('of %i is read with %i pages', async (length, count) => {
    const items = devices(0, length)
    const { taken, pages, again } = await read({ items })
    expect(taken).toEqual(sns(items))
    expect(pages.sort((one, other) => one - other)).toEqual(
      Array.from({ length: count }, (_, index) => index + 1),
    )
    expect(again).toBe(0)
  })

  it.each([
    ['no length', () => 0],
    ['the number of pages', (length: number) => Math.ceil(length / 100)],
    ['a part of the length', (length: number) => Math.floor(length / 3)],
    ['how many are on the page', (_: number, shown: number) => shown],
  ])('is read to the first page that is not full when the service says %s', async (_, total) => {
    const items = devices(0, 730)
    expect((await read({ items, total })).taken).toEqual(sns(items))
  })

  it('has each certificate once, also if pages overlap', async () => {
    const items = [...devices(0, 150), ...devices(120, 230)]
    expect((await read({ items, total: () => 230 })).taken).toEqual(sns(devices(0, 230)))
  })
})

describe('a list that grows while it is read', () => {
  it('at its end is read on', async () => {
    const list: List = {
      items: devices(0, 395),
      change: ({ items }, reads) => {
        if (reads < 20) items.push(...devices(1000 + reads * 10, 1010 + reads * 10))
      },
    }
    const { taken, again } = await read(list)
    expect(taken).toEqual(sns(list.items))
    expect(again).toBe(0)
  })

  it('at its start leaves out none that was there, whatever page is read first', async () => {
    const first = devices(0, 1_050)
    const list: List = {
      items: [...first],
      // Of the pages that are on their way together, the last is read first.
      delay: (page) => 20 - page,
      change: ({ items }, _, page) => {
        if (page === 6) items.unshift(...devices(5000, 5025))
      },
    }
    const { taken, again } = await read(list)
    expect(taken).toEqual(expect.arrayContaining(sns(first)))
    expect(new Set(taken).size).toBe(taken.length)
    expect(again).toBe(0)
  })
})

describe('a list that shrinks while it is read', () => {
  it.each([1, 2, 3])('%i times is read again, and only the last reading counts', async (times) => {
    let shrunk = 0
    const list: List = {
      items: devices(0, 650),
      change: ({ items }, _, page) => {
        if (page === 4 && shrunk < times) {
          items.splice(0, 5)
          shrunk++
        }
      },
    }
    const { taken, again } = await read(list)
    expect(taken).toEqual(sns(devices(5 * times, 650)))
    expect(again).toBe(times)
  })

  it('each time is an error', async () => {
    let shrunk = 0
    const list: List = {
      items: devices(0, 650),
      change: ({ items }, _, page) => {
        if (page !== 4) return
        items.shift()
        shrunk++
      },
    }
    await expect(read(list)).rejects.toMatchObject({
      message:
        'The list of device certificates could not be read to its end, 4 times: it became shorter while it was read',
      fix: expect.stringContaining('no other job deletes'),
    })
    expect(shrunk).toBe(4)
  })

  it('to a single page is read again', async () => {
    const list: List = {
      items: devices(0, 250),
      change: (all, reads) => {
        if (reads === 1) all.items = devices(0, 20)
      },
    }
    expect((await read(list)).taken).toEqual(sns(devices(0, 20)))
  })
})

it('a list with fewer certificates than the service counts is an error', async () => {
  await expect(read({ items: devices(0, 150), total: () => 260 })).rejects.toMatchObject({
    message: expect.stringMatching(/4 times: its pages contain 150 of the 260 that the service counts$/),
  })
})

it('a page that cannot be read ends the reading with its error', async () => {
  const failure = new Error('page 3')
  const list: List = {
    items: devices(0, 950),
    change: (_, __, page) => {
      if (page === 3) throw failure
    },
  }
  await expect(read(list)).rejects.toBe(failure)
})
