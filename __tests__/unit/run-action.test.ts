import { describe, expect, it } from '@jest/globals'
import { ActionError } from '../../src/errors.ts'
import { mask } from '../../src/runner/masking.ts'
import { runAction } from '../../src/runner/run-action.ts'
import { withEnvironment } from '../support/in-process.ts'

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
  it('is 0 and silent when it went well', async () => {
    expect(await run(() => Promise.resolve())).toEqual({ codes: [0], stdout: '' })
  })

  it('is 1 and one annotation when it did not', async () => {
    expect(await run(fail(new ActionError({ what: 'It failed', cure: 'Mend it.' })))).toEqual({
      codes: [1],
      stdout: '::error::It failed. Mend it.\n',
    })
  })

  it('is one annotation of one line, whatever the words are', async () => {
    const { stdout } = await run(
      fail(new ActionError({ what: 'Odd\n::set-env::x', cure: 'b', said: '::error::' })),
    )
    expect(stdout.split('\n')).toHaveLength(2)
    expect(stdout).toMatch(/^::error::Odd : :set-env: :x \(: :error: :\)\. b\n$/)
  })

  it('shows no secret and no stack trace of an error it does not know', async () => {
    const { stdout, codes } = await run(() => {
      mask('hidden-value')
      throw new TypeError('with hidden-value in it')
    })
    expect(codes).toEqual([1])
    expect(stdout).toMatch(
      /^::add-mask::hidden-value\n::error::This action failed .*TypeError: with \*\*\* in it.*\n$/,
    )
  })

  it('has the stack traces of an error and its causes when step debugging is on', async () => {
    const error = new ActionError({ what: 'It failed', cure: 'Mend it.', cause: new Error('the cause') })
    const { stdout } = await run(fail(error), { RUNNER_DEBUG: '1' })
    expect(stdout).toMatch(/::debug::ActionError: It failed\n::debug:: +at /)
    expect(stdout).toMatch(/::debug::Error: the cause\n/)
    expect(stdout.split('\n').filter((line) => line !== '' && !line.startsWith('::'))).toEqual([])
  })

  it('is reached once, also when a library throws outside of any promise', async () => {
    const { stdout, codes } = await run(async () => {
      process.emit('uncaughtException', new Error('stray'))
      await Promise.resolve()
    })
    expect(codes).toEqual([1])
    expect(stdout.match(/::error::/g)).toHaveLength(1)
  })

  it('lets nothing through to standard error, and tells its writer that it is done', async () => {
    const { stderr } = await withEnvironment({}, () =>
      runAction(
        () =>
          new Promise<void>((resolve) => {
            process.stderr.write('headers of a request')
            process.stderr.write('more of them', () => {
              resolve()
            })
          }),
        () => undefined,
      ),
    )
    expect(stderr).not.toMatch(/headers|more/)
  })

  it('names what was thrown when that is no error at all', async () => {
    expect((await run(fail('a text'))).stdout).toMatch(/::error::This action failed .* a text/)
  })
})
