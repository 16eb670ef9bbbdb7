import { beforeEach, describe, expect, it, jest } from '@jest/globals'

type Deadline = typeof import('../../src/deadline.ts')

/** Imports the module again, without abandoned work. */
let deadline: Deadline
beforeEach(async () => {
  jest.resetModules()
  deadline = await import('../../src/deadline.ts')
})

const never = (): Promise<string> => new Promise(() => undefined)

describe('work with a deadline', () => {
  it('returns its result in time', async () => {
    const result = await deadline.withDeadline(
      10_000,
      () => Promise.resolve('result'),
      () => 'late',
    )
    expect(result).toBe('result')
    expect(deadline.hasAbandonedWork()).toBe(false)
  })

  it('throws its own error in time', async () => {
    const work = deadline.withDeadline(
      10_000,
      () => Promise.reject(new Error('failed')),
      () => 'late',
    )
    await expect(work).rejects.toThrow('failed')
    expect(deadline.hasAbandonedWork()).toBe(false)
  })

  it('is abandoned when it is late, and returns a value of the caller', async () => {
    expect(await deadline.withDeadline(1, never, () => 'late')).toBe('late')
    expect(deadline.hasAbandonedWork()).toBe(true)
  })

  it('is abandoned when it is late, and throws an error of the caller', async () => {
    const work = deadline.withDeadline(1, never, () => {
      throw new Error('late')
    })
    await expect(work).rejects.toThrow('late')
    expect(deadline.hasAbandonedWork()).toBe(true)
  })

  it('may fail after the deadline without consequences', async () => {
    const { promise, reject } = Promise.withResolvers<string>()
    expect(
      await deadline.withDeadline(
        1,
        () => promise,
        () => 'late',
      ),
    ).toBe('late')
    reject(new Error('too late'))
    await new Promise((resolve) => {
      setImmediate(resolve)
    })
  })
})
