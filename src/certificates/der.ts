/**
 * Strict DER (X.690). The library reads BER too, but bytes that certificates copy must be DER. It also makes far more
 * garbage, which fills the memory when thousands of certificates are issued.
 */

export const INTEGER = 0x02
export const BIT_STRING = 0x03
export const OCTET_STRING = 0x04
export const NULL = 0x05
export const OBJECT_IDENTIFIER = 0x06
export const SEQUENCE = 0x30
export const SET = 0x31

export type Element = {
  readonly tag: number
  readonly content: Buffer
  /** With tag and length. */
  readonly whole: Buffer
}

/**
 * Reads the first element in some bytes. More bytes can follow it.
 *
 * @throws RangeError if it has no length in DER, or ends after the bytes
 */
export function firstElement(bytes: Uint8Array): Element {
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const [tag, first] = [view.readUInt8(0), view.readUInt8(1)]
  const lengthBytes = first < 0x80 ? 0 : first - 0x80
  const length = lengthBytes === 0 ? first : view.readUIntBE(2, lengthBytes)
  const start = 2 + lengthBytes
  // 0x80 is the indefinite length of BER.
  const isMinimal = first < 0x80 || (first > 0x80 && length >= Math.max(0x80, 256 ** (lengthBytes - 1)))
  if (!isMinimal || start + length > view.length) throw new RangeError('Not a length in DER')
  return { tag, content: view.subarray(start, start + length), whole: view.subarray(0, start + length) }
}

/**
 * Reads all elements in some bytes.
 *
 * @throws RangeError as `firstElement` does
 */
export function elementsIn(bytes: Uint8Array): Element[] {
  const elements: Element[] = []
  for (let at = 0; at < bytes.length; at += elements.at(-1)?.whole.length ?? 0) {
    elements.push(firstElement(bytes.subarray(at)))
  }
  return elements
}

/**
 * Reads the elements inside an element that must have a tag.
 *
 * @throws RangeError if it has another tag, and as `elementsIn` does
 */
export function inside(expected: number, { tag, content }: Element): Element[] {
  if (tag !== expected) throw new RangeError('Another element than expected')
  return elementsIn(content)
}

/** Far more bytes than any OID has. The time to read one grows with the square of its length. */
const MAX_OID_BYTES = 256

/**
 * Reads an object identifier, such as `2.5.4.3`.
 *
 * @throws RangeError if the element is none, or far too long
 */
export function oidIn({ tag, content }: Element): string {
  if (content.length > MAX_OID_BYTES) throw new RangeError('Too long for an OID')
  if (tag !== OBJECT_IDENTIFIER || (content.at(-1) ?? 0x80) >= 0x80) throw new RangeError('Not an OID')
  // Arcs made of a UUID are larger than a number can be.
  const arcs: bigint[] = []
  let arc = 0n
  for (const byte of content) {
    arc = arc * 128n + BigInt(byte & 0x7f)
    if (byte >= 0x80) continue
    arcs.push(arc)
    arc = 0n
  }
  const [first = 0n, ...others] = arcs
  const root = first < 80n ? first / 40n : 2n
  return [root, first - root * 40n, ...others].join('.')
}

/** An algorithm with its parameters: an AlgorithmIdentifier of X.509. */
export type Algorithm = { readonly oid: string; readonly parameters: Element | undefined }

/**
 * Reads an algorithm.
 *
 * @throws RangeError if the element is none
 */
export function algorithmIn(element: Element): Algorithm {
  const [oid, parameters] = inside(SEQUENCE, element)
  if (oid === undefined) throw new RangeError('Not an algorithm')
  return { oid: oidIn(oid), parameters }
}

/**
 * Reads a public key: a SubjectPublicKeyInfo of X.509.
 *
 * @returns its algorithm, and the bits of the key
 * @throws RangeError if it is none
 */
export function publicKeyIn(publicKeyInfo: Uint8Array): {
  readonly algorithm: Algorithm
  readonly bits: Buffer
} {
  const [algorithm, key] = inside(SEQUENCE, firstElement(publicKeyInfo))
  if (algorithm === undefined || key?.tag !== BIT_STRING) throw new RangeError('Not a public key')
  return { algorithm: algorithmIn(algorithm), bits: bitsIn(key) }
}

/**
 * Returns the bits of a BIT STRING: whole bytes, as in keys and signatures. Its first byte is the number of bits in the
 * last byte that are not used.
 *
 * @throws RangeError if there are some
 */
export function bitsIn({ content }: Element): Buffer {
  if (content[0] !== 0) throw new RangeError('Not whole bytes')
  return content.subarray(1)
}

/** Encodes an element from its tag and the parts of its content. */
export function encodeElement(tag: number, ...parts: readonly (ArrayBuffer | Uint8Array)[]): Buffer {
  const content = parts.map((part) => new Uint8Array(part))
  const length = content.reduce((sum, { length }) => sum + length, 0)
  const bytes: number[] = []
  for (let rest = length; rest > 0; rest = Math.floor(rest / 256)) bytes.unshift(rest % 256)
  const header = length < 0x80 ? [tag, length] : [tag, 0x80 + bytes.length, ...bytes]
  return Buffer.concat([Uint8Array.from(header), ...content])
}
