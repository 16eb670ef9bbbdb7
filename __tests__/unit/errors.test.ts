import { describe, expect, it } from '@jest/globals'
import { ActionError } from '../../src/errors.ts'

const asIs = (text: string): string => text

describe('the text of an error', () => {
  it('contains what failed, the code, the message of the service, the request ID and the fix', () => {
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
  ])('omits unknown parts: %j', (parts, text) => {
    expect(new ActionError({ what: 'It failed', fix: 'Mend it.', ...parts }).describe(asIs)).toBe(text)
  })

  it.each(['No. Such thing', 'No. Such thing.', 'No. Such thing  ', 'No. Such thing. \n'])(
    'has one full stop after the message of the service: %j',
    (serviceMessage) => {
      const text = new ActionError({ what: 'It failed', fix: 'Mend it.', serviceMessage }).describe(asIs)
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
  ])('puts the known parts in order: %j', (parts, text) => {
    expect(new ActionError({ what: 'It failed', fix: 'Mend it.', ...parts }).describe(asIs)).toBe(text)
  })

  it('cleans texts of the action and texts of the service differently', () => {
    const error = new ActionError({ what: 'a', fix: 'b', code: 'c', serviceMessage: 'd', requestId: 'e' })
    const marked = error.describe(
      (text) => `<${text}>`,
      (text) => `[${text}]`,
    )
    expect(marked).toBe('<a> (<c>: [d]; request [e]). <b>')
  })
})
