import { describe, expect, it } from '@jest/globals'
import { workOn } from '../../src/attempts/pace.ts'

/** Waits until all promises that are settled have run their reactions. */
const settled = () => new Promise((resolve) => setImmediate(resolve))

describe('working on many items', () => {
  it('works on as many at a time as it may, and on each once', async () => {
    const begun: number[] = []
    const waiting: (() => void)[] = []
    const all = workOn([1, 2, 3, 4, 5], 2, async (item) => {
      begun.push(item)
      await new Promise<void>((resolve) => waiting.push(resolve))
    })
    await settled()
    expect(begun).toEqual([1, 2])
    while (waiting.length > 0) {
      waiting.shift()?.()
      await settled()
    }
    await all
    expect(begun).toEqual([1, 2, 3, 4, 5])
  })

  it('begins nothing after a failure, waits for what it began, and reports the first failure', async () => {
    const ended: number[] = []
    const waiting: (() => void)[] = []
    const all = workOn([1, 2, 3, 4], 2, async (item) => {
      if (item === 1) throw new Error('first')
      await new Promise<void>((resolve) => waiting.push(resolve))
      ended.push(item)
      throw new Error('second')
    })
    const outcome = all.catch((error: unknown) => error)
    await settled()
    expect(ended).toEqual([])
    waiting.shift()?.()
    expect(await outcome).toEqual(new Error('first'))
    expect(ended).toEqual([2])
  })
})
