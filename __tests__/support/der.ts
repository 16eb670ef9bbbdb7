/** Reads DER in tests, so that they compare names byte for byte without the library that wrote them. */

type Element = { readonly tag: number; readonly content: Buffer; readonly whole: Buffer }

/** Returns the names, validity and serial number of a certificate as encoded bytes. */
export function partsOf(certificate: Buffer) {
  const [toBeSigned] = elementsIn(only(elementsIn(certificate)).content)
  const [, serialNumber, , issuer, validity, subject] = elementsIn(only(toBeSigned && [toBeSigned]).content)
  return {
    serialNumber: only(serialNumber && [serialNumber]).content,
    issuer: only(issuer && [issuer]).whole,
    subject: only(subject && [subject]).whole,
    times: elementsIn(only(validity && [validity]).content).map(({ content }) => content.toString('latin1')),
  }
}

/** Returns the part of a certificate that is signed. */
export function toBeSignedOf(certificate: Buffer): Buffer {
  return only(elementsIn(only(elementsIn(certificate)).content)).whole
}

function elementsIn(bytes: Buffer): Element[] {
  const elements: Element[] = []
  for (let at = 0; at < bytes.length;) {
    const first = bytes.readUInt8(at + 1)
    const lengthBytes = first < 0x80 ? 0 : first - 0x80
    const start = at + 2 + lengthBytes
    const length = lengthBytes === 0 ? first : bytes.readUIntBE(at + 2, lengthBytes)
    elements.push({
      tag: bytes.readUInt8(at),
      content: bytes.subarray(start, start + length),
      whole: bytes.subarray(at, start + length),
    })
    at = start + length
  }
  return elements
}

function only(elements: readonly Element[] | undefined): Element {
  const [element] = elements ?? []
  if (element === undefined) throw new Error('The DER ends too early.')
  return element
}

/** Encodes one DER element. */
export function der(tag: number, ...parts: readonly (Buffer | string)[]): Buffer {
  const content = Buffer.concat(parts.map((part) => Buffer.from(part as string)))
  const { length } = content
  const bytes = Buffer.from([length >> 16, length >> 8, length])
  const significant = bytes.subarray(bytes.findIndex((byte) => byte > 0))
  const head = length < 0x80 ? [length] : [0x80 + significant.length, ...significant]
  return Buffer.concat([Buffer.from([tag, ...head]), content])
}
