/**
 * Strict DER (X.690). The library reads BER too, but bytes that certificates copy must be DER. It also makes far more
 * garbage, which fills the memory when thousands of certificates are issued.
 */

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

/** Encodes an element from its tag and the parts of its content. */
export function encodeElement(tag: number, ...parts: readonly (ArrayBuffer | Uint8Array)[]): Buffer {
  const content = parts.map((part) => new Uint8Array(part))
  const length = content.reduce((sum, { length }) => sum + length, 0)
  const bytes: number[] = []
  for (let rest = length; rest > 0; rest = Math.floor(rest / 256)) bytes.unshift(rest % 256)
  const header = length < 0x80 ? [tag, length] : [tag, 0x80 + bytes.length, ...bytes]
  return Buffer.concat([Uint8Array.from(header), ...content])
}
