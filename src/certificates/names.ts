import { firstElement, inside, SEQUENCE, SET, type Element } from './der.ts'

/** An OID in DER, as hex: no arc starts with a zero of its own. */
const OID = /^06[0-7].(?:[0-7].|(?:8[1-9a-f]|[9a-f].)(?:[89a-f].)*[0-7].)+$/
/** 2.5.4.3 */
export const COMMON_NAME = '0603550403'

/** The string types of names that OpenSSL supports, by tag. All tools read Teletex text as Latin-1. */
const DECODERS: Readonly<Record<number, (bytes: Buffer) => string>> = {
  0x0c: (bytes) => decode('utf-8', bytes),
  0x12: ascii,
  0x13: ascii,
  0x14: (bytes) => bytes.toString('latin1'),
  0x16: ascii,
  0x1c: universal,
  // Without surrogate pairs: each character has two bytes.
  0x1e: (bytes) => requireOnly(/^[\0-\uffff]*$/u, decode('utf-16be', bytes)),
}

export type NameAttribute = {
  /** Its OID in DER, as hex. */
  readonly type: string
  /** The value; `undefined` if it is not valid text in its string type. */
  readonly text: string | undefined
  /** The value in DER, as hex. */
  readonly value: string
}

/**
 * Returns the attributes of a name in order.
 *
 * @param name in DER
 * @throws RangeError if it is not a name
 */
export function attributesIn(name: Uint8Array): NameAttribute[] {
  return partsOf(name).flat()
}

/**
 * Returns whether two names are the same for programs that verify certificates: whatever their string types, the case
 * of their letters, and their white space (RFC 5280 section 7.1).
 */
export function isSameName(one: Uint8Array, other: Uint8Array): boolean {
  return comparable(one) === comparable(other)
}

function comparable(name: Uint8Array): string {
  try {
    const fold = ({ type, text, value }: NameAttribute) =>
      `${type}=${text?.normalize('NFKC').toLowerCase().trim().replace(/\s+/g, ' ') ?? value}`
    return JSON.stringify(partsOf(name).map((part) => part.map(fold).sort()))
  } catch {
    // The name of a CA does not have to be valid.
    return hex(name)
  }
}

/** Returns the attributes of each relative distinguished name. */
function partsOf(name: Uint8Array): NameAttribute[][] {
  return inside(SEQUENCE, firstElement(name)).map((part) => {
    const attributes = inside(SET, part)
    if (attributes.length === 0) throw new RangeError('An empty part')
    return attributes.map((attribute) => {
      const [type, value, more] = inside(SEQUENCE, attribute)
      if (type === undefined || value === undefined || more !== undefined || !OID.test(hex(type.whole))) {
        throw new RangeError('Not an attribute')
      }
      return { type: hex(type.whole), value: hex(value.whole), text: textOf(value) }
    })
  })
}

/** The bytes of a character in the types that have more than one. */
const CHARACTER_BYTES: Readonly<Record<number, number>> = { 0x1c: 4, 0x1e: 2 }

function textOf({ tag, content }: Element): string | undefined {
  if (content.length % (CHARACTER_BYTES[tag] ?? 1) !== 0) throw new RangeError('A part of a character')
  try {
    return DECODERS[tag]?.(Buffer.from(content))
  } catch {
    return undefined
  }
}

function decode(encoding: string, bytes: Buffer): string {
  return new TextDecoder(encoding, { fatal: true, ignoreBOM: true }).decode(bytes)
}

function ascii(bytes: Buffer): string {
  return requireOnly(/^[\0-\x7f]*$/, bytes.toString('latin1'))
}

function universal(bytes: Buffer): string {
  const characters = Array.from({ length: bytes.length / 4 }, (_, at) => bytes.readUInt32BE(at * 4))
  return requireOnly(/^\P{Cs}*$/u, characters.map((character) => String.fromCodePoint(character)).join(''))
}

function requireOnly(pattern: RegExp, text: string): string {
  if (!pattern.test(text)) throw new RangeError('Characters that the string type does not have')
  return text
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex')
}
