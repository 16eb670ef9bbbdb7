import { describe, expect, it } from '@jest/globals'
import { elementsIn, firstElement, oidIn } from '../../src/certificates/der.ts'
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

  it.each([
    ['0603550403', '2.5.4.3'],
    ['06062a864886f70d', '1.2.840.113549'],
    ['06012b', '1.3'],
    ['060100', '0.0'],
    // X.660: below the root 2, the second arc can be larger than 39.
    ['0603883703', '2.999.3'],
    // An arc of 128 bits, which is made of a UUID.
    ['06146983ffffffffffffffffffffffffffffffffff7f', '2.25.340282366920938463463374607431768211455'],
  ])('has an OID: %s', (hex, oid) => {
    expect(oidIn(firstElement(bytes(hex)))).toBe(oid)
  })

  it.each([
    ['another tag', '0403550403'],
    ['no arcs', '0600'],
    ['an arc that does not end', '0603550483'],
    // It would take hours to read the OIDs of thousands of hostile requests.
    ['more bytes than any OID has', `06820101${'ff'.repeat(256)}7f`],
  ])('has no OID with %s', (_, hex) => {
    expect(() => oidIn(firstElement(bytes(hex)))).toThrow(RangeError)
  })
})
