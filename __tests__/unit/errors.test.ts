import { describe, expect, it } from '@jest/globals'
import { ActionError } from '../../src/errors.ts'

const asIs = (text: string): string => text

describe('the text of an error', () => {
  it('has what failed, the code, the words of the service, the request id, and what to do', () => {
    const error = new ActionError({
      what: 'There is no instance post-cn-x',
      fix: 'Check instance-id.',
      code: 'MqttInstanceNotFound',
      serviceMessage: 'Specified instance is not found',
      requestId: '3F2A',
    })
    expect(error.describe(asIs)).toBe(
      'There is no instance post-cn-x (MqttInstanceNotFound: Specified instance is not found; request 3F2A). Check instance-id.',
    )
  })

  it.each([
    [{}, 'It failed. Mend it.'],
    [{ requestId: '3F2A' }, 'It failed (request 3F2A). Mend it.'],
    [{ code: 'Odd' }, 'It failed (Odd). Mend it.'],
    [{ serviceMessage: '' }, 'It failed. Mend it.'],
  ])('leaves out what is not known: %j', (parts, text) => {
    expect(new ActionError({ what: 'It failed', fix: 'Mend it.', ...parts }).describe(asIs)).toBe(text)
  })

  it.each(['No. Such thing', 'No. Such thing.', 'No. Such thing  ', 'No. Such thing. \n'])(
    'has one full stop after the words of the service: %j',
    (said) => {
      const text = new ActionError({ what: 'It failed', fix: 'Mend it.', serviceMessage: said }).describe(
        asIs,
      )
      expect(text).toBe('It failed (No. Such thing). Mend it.')
    },
  )

  it.each([
    [
      { code: 'Odd', serviceMessage: 'Such thing', requestId: '3F2A' },
      'It failed (Odd: Such thing; request 3F2A). Mend it.',
    ],
    [{ code: 'Odd', requestId: '3F2A' }, 'It failed (Odd; request 3F2A). Mend it.'],
    [{ serviceMessage: 'Such thing', requestId: '3F2A' }, 'It failed (Such thing; request 3F2A). Mend it.'],
    [{ code: 'Odd', serviceMessage: '.', requestId: '3F2A' }, 'It failed (Odd; request 3F2A). Mend it.'],
  ])('puts what is known in its order: %j', (parts, text) => {
    expect(new ActionError({ what: 'It failed', fix: 'Mend it.', ...parts }).describe(asIs)).toBe(text)
  })

  it('cleans our own words, and each of those of others in another way', () => {
    const error = new ActionError({ what: 'a', fix: 'b', code: 'c', serviceMessage: 'd', requestId: 'e' })
    const marked = error.describe(
      (text) => `<${text}>`,
      (text) => `[${text}]`,
    )
    expect(marked).toBe('<a> (<c>: [d]; request [e]). <b>')
  })
})
