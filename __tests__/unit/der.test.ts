import { describe, expect, it } from '@jest/globals'
import { elementsIn } from '../../src/certificates/der.ts'
import { bytes } from '../support/requests.ts'

describe('DER', () => {
  it.each([
    ['', 0],
    ['0500', 1],
    ['0401aa0500', 2],
    [`048180${'00'.repeat(128)}`, 1],
    [`04820100${'00'.repeat(256)}0500`, 2],
  ])('is split into its elements: %s', (hex, count) => {
    const elements = elementsIn(bytes(hex))
    expect(elements).toHaveLength(count)
    expect(Buffer.concat(elements.map(({ whole }) => whole)).toString('hex')).toBe(hex)
  })

  it.each([
    ['no length', '04'],
    ['fewer bytes than its length', '0402aa'],
    ['fewer bytes of the length', '0482ff'],
    ['an indefinite length', `2480${'00'.repeat(200)}`],
    ['a length that fits in one byte', `048101aa`],
    ['a length with a zero byte', `04820080${'00'.repeat(128)}`],
    ['a length of 127 bytes', `04ff${'00'.repeat(200)}`],
  ])('is refused with %s', (_, hex) => {
    expect(() => elementsIn(bytes(hex))).toThrow()
  })
})
