/** The parts of a certificate as RFC 5280 defines them, for `asn1js` to read and to write. */
import type { X509Certificate } from 'node:crypto'
import {
  type BaseBlock,
  Boolean as Truth,
  Constructed,
  fromBER,
  GeneralizedTime,
  Null,
  ObjectIdentifier,
  OctetString,
  Primitive,
  Sequence,
  Set as Values,
  UTCTime,
  Utf8String,
} from 'asn1js'
import { ActionError } from '../errors.ts'

const COMMON_NAME = '2.5.4.3'
const SUBJECT_KEY_IDENTIFIER = '2.5.29.14'
const BASIC_CONSTRAINTS = '2.5.29.19'
const AUTHORITY_KEY_IDENTIFIER = '2.5.29.35'

/** The class of a tag whose meaning depends on where it stands. */
const CONTEXT_SPECIFIC = 3
const VERSION_TAG = 0
const EXTENSIONS_TAG = 3
const KEY_IDENTIFIER_TAG = 0
/** The first year that does not fit into a UTCTime. */
const YEAR_OF_FOUR_DIGITS = 2050

/** What a certificate says of its subject, which the certificates that the subject issues have to repeat. */
export type Issuer = {
  /** Its name, with the string types that it chose: with others it would be another name. */
  readonly name: BaseBlock
  readonly keyIdentifier: ArrayBuffer | undefined
  /** The object identifier of the algorithm with which it was signed itself. */
  readonly signatureAlgorithm: string
}

/** @throws ActionError when its DER is not what RFC 5280 says, which OpenSSL does not look at as closely */
export function issuerOf(ca: X509Certificate): Issuer {
  const [toBeSigned, algorithm] = partsOf(elementIn(ca.raw))
  const parts = partsOf(toBeSigned)
  // The version stands before the others, or is left out: Node takes such a CA too.
  const name = parts[isTagged(parts[0], VERSION_TAG) ? 5 : 4]
  const [signatureAlgorithm] = partsOf(algorithm)
  if (name === undefined || !(signatureAlgorithm instanceof ObjectIdentifier)) throw unreadable()
  return {
    name,
    keyIdentifier: keyIdentifierIn(parts.find((part) => isTagged(part, EXTENSIONS_TAG))),
    signatureAlgorithm: signatureAlgorithm.getValue(),
  }
}

/** @throws ActionError when it is neither DER nor BER */
export function elementIn(der: Uint8Array): BaseBlock {
  // The library's limit is 10,000 elements. There can be no more than bytes.
  const { offset, result } = fromBER(der, { maxNodes: der.length })
  if (offset === -1) throw unreadable(new TypeError(result.error))
  return result
}

/** An element in the place that has this number, as most optional parts of a certificate are. */
export function tagged(tagNumber: number, value: BaseBlock): Constructed {
  return new Constructed({ idBlock: { tagClass: CONTEXT_SPECIFIC, tagNumber }, value: [value] })
}

/** A name that is a Common Name and nothing else. */
export function nameOf(commonName: string): Sequence {
  const attribute = new Sequence({
    value: [new ObjectIdentifier({ value: COMMON_NAME }), new Utf8String({ value: commonName })],
  })
  return new Sequence({ value: [new Values({ value: [attribute] })] })
}

/** With RSA the parameters are NULL, with EC there are none: RFC 4055 section 5, RFC 5758 section 3.2. */
export function algorithmOf(identifier: string, type: 'rsa' | 'ec'): Sequence {
  const algorithm = new ObjectIdentifier({ value: identifier })
  return new Sequence({ value: type === 'rsa' ? [algorithm, new Null()] : [algorithm] })
}

/** In whole seconds, as section 4.1.2.5 wants it. */
export function timeOf(ms: number): UTCTime {
  const valueDate = new Date(ms)
  valueDate.setUTCMilliseconds(0)
  return valueDate.getUTCFullYear() < YEAR_OF_FOUR_DIGITS
    ? new UTCTime({ valueDate })
    : new GeneralizedTime({ valueDate })
}

/** The extension that says that a certificate issues none: by default it is not that of a CA. */
export function noCa(): Sequence {
  return new Sequence({
    value: [
      new ObjectIdentifier({ value: BASIC_CONSTRAINTS }),
      new Truth({ value: true }),
      new OctetString({ valueHex: new Sequence().toBER() }),
    ],
  })
}

/** The extension that says with which of the issuer's keys a certificate was signed. */
export function signedWith(keyIdentifier: ArrayBuffer): Sequence {
  const idBlock = { tagClass: CONTEXT_SPECIFIC, tagNumber: KEY_IDENTIFIER_TAG }
  const value = new Sequence({ value: [new Primitive({ idBlock, valueHex: keyIdentifier })] })
  return new Sequence({
    value: [
      new ObjectIdentifier({ value: AUTHORITY_KEY_IDENTIFIER }),
      new OctetString({ valueHex: value.toBER() }),
    ],
  })
}

function keyIdentifierIn(extensions: BaseBlock | undefined): ArrayBuffer | undefined {
  for (const extension of partsOf(partsOf(extensions)[0])) {
    const [identifier, ...rest] = partsOf(extension)
    const value = rest.at(-1)
    if (!(identifier instanceof ObjectIdentifier && value instanceof OctetString)) continue
    if (identifier.getValue() !== SUBJECT_KEY_IDENTIFIER) continue
    const keyIdentifier = elementIn(new Uint8Array(value.getValue()))
    return keyIdentifier instanceof OctetString ? keyIdentifier.getValue() : undefined
  }
  return undefined
}

function partsOf(element: BaseBlock | undefined): readonly BaseBlock[] {
  return element instanceof Constructed ? element.valueBlock.value : []
}

function isTagged(element: BaseBlock | undefined, tagNumber: number): boolean {
  return element?.idBlock.tagClass === CONTEXT_SPECIFIC && element.idBlock.tagNumber === tagNumber
}

function unreadable(cause?: TypeError): ActionError {
  return new ActionError({
    what: 'The CA certificate is not encoded as RFC 5280 says',
    fix: 'Issue the CA certificate anew; openssl asn1parse shows how it is encoded.',
    cause,
  })
}
