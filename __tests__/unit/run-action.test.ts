import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { ActionError } from '../../src/errors.ts'
import { mask } from '../../src/runner/masking.ts'
import { runAction } from '../../src/runner/run-action.ts'
import { withEnvironment } from '../support/in-process.ts'

let listeners: NodeJS.UncaughtExceptionListener[] = []
beforeEach(() => {
  listeners = process.listeners('uncaughtException')
})
afterEach(() => {
  // Each run adds a listener.
  for (const listener of process.listeners('uncaughtException')) {
    if (!listeners.includes(listener)) process.off('uncaughtException', listener)
  }
})

async function run(action: () => Promise<void>, env: Record<string, string> = {}) {
  const codes: number[] = []
  const { stdout } = await withEnvironment(env, () => runAction(action, (code) => codes.push(code)))
  return { codes, stdout }
}

function fail(error: unknown): () => Promise<void> {
  return async () => {
    await Promise.resolve()
    throw error
  }
}

describe('the end of an action', () => {
  it('is exit code 0 and no output on success', async () => {
    expect(await run(() => Promise.resolve())).toEqual({ codes: [0], stdout: '' })
  })

  it('is exit code 1 and one annotation on failure', async () => {
    expect(await run(fail(new ActionError({ what: 'It failed', fix: 'Fix it.' })))).toEqual({
      codes: [1],
      stdout: '::error::It failed. Fix it.\n',
    })
  })

  it('is one annotation on one line for any text', async () => {
    const { stdout } = await run(
      fail(new ActionError({ what: 'Odd\n::set-env::x', fix: 'b', serviceMessage: '::error::' })),
    )
    expect(stdout.split('\n')).toHaveLength(2)
    expect(stdout).toMatch(/^::error::Odd : :set-env: :x \(: :error: :\)\. b\n$/)
  })

  it('shows neither secret nor stack trace of an unexpected error', async () => {
    const { stdout, codes } = await run(() => {
      mask('hidden-value')
      throw new TypeError('with hidden-value in it')
    })
    expect(codes).toEqual([1])
    expect(stdout).toMatch(
      /^::add-mask::hidden-value\n::error::Unexpected error: \(message withheld: it contains a secret\)\. Please report it.*\n$/,
    )
  })

  it('shows the parts of an error that contain no secret', async () => {
    const { stdout } = await run(() => {
      mask('q1w2e3r4t5y6u7i8')
      throw new ActionError({
        what: 'It failed',
        fix: 'Fix it.',
        serviceMessage: 'q1w2e3r4t5y6u7i8',
        requestId: '3F2A',
      })
    })
    expect(stdout).toContain(
      '::error::It failed ((message withheld: it contains a secret); request 3F2A). Fix it.\n',
    )
  })

  it('includes the stack traces of an error and its causes when step debugging is on', async () => {
    const error = new ActionError({ what: 'It failed', fix: 'Fix it.', cause: new Error('the cause') })
    const { stdout } = await run(fail(error), { RUNNER_DEBUG: '1' })
    expect(stdout).toMatch(/::debug::ActionError: It failed\n::debug:: +at /)
    expect(stdout).toMatch(/::debug::Error: the cause\n/)
    expect(stdout.split('\n').filter((line) => line !== '' && !line.startsWith('::'))).toEqual([])
  })

  it('is reached once, even when a library throws outside any promise', async () => {
    const { stdout, codes } = await run(async () => {
      process.emit('uncaughtException', new Error('stray'))
      await Promise.resolve()
    })
    expect(codes).toEqual([1])
    expect(stdout.match(/::error::/g)).toHaveLength(1)
  })

  it('is reached with standard error discarded during the run', async () => {
    const codes: number[] = []
    process.noDeprecation = false
    const { stderr } = await withEnvironment({}, () =>
      runAction(
        () =>
          new Promise<void>((resolve) => {
            expect(process.stderr.write('headers of a request')).toBe(true)
            process.stderr.write('more of them', () => {
              resolve()
            })
          }),
        (code) => codes.push(code),
      ),
    )
    expect(stderr).not.toMatch(/headers|more/)
    expect(codes).toEqual([0])
    expect(process.noDeprecation).toBe(true)
  })

  it('is reached with TLS verification on during the run, whatever the environment sets', async () => {
    const seen: (string | undefined)[] = []
    const look = (): Promise<void> => {
      seen.push(process.env['NODE_TLS_REJECT_UNAUTHORIZED'])
      return Promise.resolve()
    }
    await run(look, { NODE_TLS_REJECT_UNAUTHORIZED: '0' })
    expect(seen).toEqual([undefined])
  })

  it('shows a thrown value that is not an error', async () => {
    expect((await run(fail('a text'))).stdout).toMatch(/::error::Unexpected error: a text/)
  })

  const UNEXPECTED = /^::error::Unexpected error: .*Please report it, .*\n$/
  const CANNOT_BE_SHOWN = /: a value was thrown that cannot be shown\. Please report it, /

  it.each<[string, () => unknown, RegExp]>([
    ['nothing', () => undefined, /error: undefined\. Please/],
    ['null', () => null, /error: null\. Please/],
    ['a symbol', () => Symbol('odd'), /error: Symbol\(odd\)\. Please/],
    ['an object without a prototype', () => Object.create(null) as object, CANNOT_BE_SHOWN],
    ['a toString that throws', () => ({ toString: thrower }), CANNOT_BE_SHOWN],
    ['a toString that returns no text', () => ({ toString: () => ({}) }), CANNOT_BE_SHOWN],
    ['an error whose message throws', () => withGetter('message', thrower), CANNOT_BE_SHOWN],
    ['a proxy object that always throws', hostileProxy, CANNOT_BE_SHOWN],
    ['a very long text', () => 'x'.repeat(1_000_000), /error: x{1000}…\. Please/],
  ])('is one annotation for any thrown value: %s', async (_, make, words) => {
    for (const env of [{}, { RUNNER_DEBUG: '1' }]) {
      const { stdout, codes } = await run(fail(make()), env)
      expect(codes).toEqual([1])
      const lines = stdout.split(/(?<=\n)/).filter((line) => !line.startsWith('::debug::'))
      expect(lines).toEqual([expect.stringMatching(UNEXPECTED)])
      expect(lines[0]).toMatch(words)
    }
  })

  it.each<[string, () => unknown, number]>([
    ['a cause that is the error itself', () => cyclic(), 10],
    ['an endless chain of causes', () => endless(), 10],
    [
      'a stack that is not a text',
      () => Object.assign(new Error('other', { cause: new Error('odd') }), { stack: 7 }),
      1,
    ],
    ['a stack that throws', () => withGetter('stack', thrower), 0],
    ['a cause that throws', () => withGetter('cause', thrower), 1],
    ['a very long stack', () => withGetter('stack', () => 'Error: odd\n    at x\n'.repeat(100_000)), 25],
  ])('shows what it can of %s', async (_, make, shown) => {
    const { stdout, codes } = await run(fail(make()), { RUNNER_DEBUG: '1' })
    expect(codes).toEqual([1])
    expect(stdout.match(/^::error::/gm)).toHaveLength(1)
    expect(stdout.match(/^::debug::Error: odd$/gm) ?? []).toHaveLength(shown)
    expect(stdout.split('\n').length).toBeLessThan(600)
  })

  it('shows no secret in a stack', async () => {
    const { stdout } = await run(
      () => {
        mask('z9x8c7v6b5n4m3')
        throw new Error('with z9x8c7v6b5n4m3\nand z9x8c7v6-b5n4m3')
      },
      { RUNNER_DEBUG: '1' },
    )
    expect(stdout.replace(/^::add-mask::.*\n/, '')).not.toMatch(/z9x8c7v6/)
    expect(stdout).toContain('::debug::(message withheld: it contains a secret)\n')
  })
})

function thrower(): never {
  throw new Error('looked at')
}

function withGetter(name: string, get: () => unknown): Error {
  return Object.defineProperty(new Error('odd'), name, { get })
}

function hostileProxy(): unknown {
  return new Proxy(new Error('odd'), {
    get: thrower,
    getPrototypeOf: thrower,
    getOwnPropertyDescriptor: thrower,
  })
}

/** Returns errors with very many causes. The number is finite, so that the test fails instead of hanging. */
function cyclic(): Error {
  let asked = 0
  const error = withGetter('cause', () => (++asked < 1000 ? error : undefined))
  return error
}

function endless(asked = 0): Error {
  return withGetter('cause', () => (asked < 1000 ? endless(asked + 1) : undefined))
}
