import { AsnConvert } from '@peculiar/asn1-schema'
import { AttributeTypeAndValue, AttributeValue, Name, RelativeDistinguishedName } from '@peculiar/asn1-x509'
import { ActionError } from '../errors.ts'
import type { Der } from './x509.ts'

/** A string type, which values it allows, and what to do about others. */
type StringType = { readonly type: keyof AttributeValue; readonly pattern: RegExp; readonly fix: string }
/** `max` is in characters. */
type Attribute = StringType & { readonly oid: string; readonly max: number }

const UTF8: StringType = {
  type: 'utf8String',
  pattern: /^\P{Cc}*$/u,
  fix: 'Remove its control characters, such as line ends and tabs.',
}
const IA5: StringType = { type: 'ia5String', pattern: /^[ -~]*$/, fix: 'Use only ASCII characters.' }
const PRINTABLE: StringType = {
  type: 'printableString',
  pattern: /^[A-Za-z\d '()+,\-./:=?]*$/,
  fix: "Use only letters from A to Z, digits, spaces, and the characters ' ( ) + , - . / : ? =.",
}
const COUNTRY: StringType = {
  ...PRINTABLE,
  pattern: /^[A-Za-z]{2}$/,
  fix: 'Use the two letters of the country, such as C=CN.',
}

/**
 * The attributes by keyword: those of RFC 4514 section 3, and two more that CAs often have.
 *
 * @see RFC 5280 appendix A.1 for the upper bounds; X.520 for STREET, RFC 1274 for UID, RFC 1034 for a label in DC
 */
const ATTRIBUTES: Readonly<Record<string, Attribute>> = {
  CN: { oid: '2.5.4.3', max: 64, ...UTF8 },
  L: { oid: '2.5.4.7', max: 128, ...UTF8 },
  ST: { oid: '2.5.4.8', max: 128, ...UTF8 },
  O: { oid: '2.5.4.10', max: 64, ...UTF8 },
  OU: { oid: '2.5.4.11', max: 64, ...UTF8 },
  C: { oid: '2.5.4.6', max: 2, ...COUNTRY },
  STREET: { oid: '2.5.4.9', max: 128, ...UTF8 },
  DC: { oid: '0.9.2342.19200300.100.1.25', max: 63, ...IA5 },
  UID: { oid: '0.9.2342.19200300.100.1.1', max: 256, ...UTF8 },
  emailAddress: { oid: '1.2.840.113549.1.9.1', max: 255, ...IA5 },
  serialNumber: { oid: '2.5.4.5', max: 64, ...PRINTABLE },
}

const EXAMPLE = 'CN=Example CA,O=Example,C=CN'
const ESCAPES =
  'In a value, write a backslash before each of " + , ; < > and \\, such as O=Example\\, Inc. Or write the bytes of a character in hex, such as \\2C.'

/**
 * Reads the subject of a certificate as RFC 4514 writes it, such as `CN=Example CA,O=Example,C=CN`: the first attribute
 * in the text is the last one in DER. The case of keywords does not matter.
 *
 * RFC 4514 has no white space around commas and equals signs, but openssl prints some, and YAML can add line ends. It
 * is ignored unless it is escaped.
 *
 * @param input names the text in errors
 * @throws ActionError if it is not such a text, or a value is not one that RFC 5280 allows
 */
export function readSubject(input: string, text: string): Der {
  try {
    const attributes = splitAt(',', tokensIn(text)).map(readAttribute)
    const name = new Name(attributes.map((one) => new RelativeDistinguishedName([one])).reverse())
    return AsnConvert.serialize(name)
  } catch (error) {
    if (!(error instanceof Invalid)) throw error
    throw new ActionError({ what: `Invalid ${input}: ${error.message}`, fix: error.fix })
  }
}

/** What is wrong with a subject, and what to do about it. `readSubject` adds the name of the input. */
class Invalid extends Error {
  readonly fix: string

  constructor(what: string, fix: string) {
    super(what)
    this.fix = fix
  }
}

/** A character, or an escape with its backslash. */
type Token = string

function tokensIn(text: string): Token[] {
  const trimmed = text.trim()
  if (trimmed === '') throw new Invalid('it is empty', `Write it as in ${EXAMPLE}.`)
  if (trimmed.startsWith('/')) {
    throw new Invalid(
      'it starts with a slash, as an older form of openssl does',
      `Write the attributes in reverse order with commas between them: ${EXAMPLE} instead of /C=CN/O=Example/CN=Example CA.`,
    )
  }
  const tokens = text.match(/\\[\da-f]{2}|\\[^]|[^]/giu) ?? []
  for (const token of tokens) requireKnown(token)
  return tokens
}

function requireKnown(token: Token): void {
  if (token === '+') {
    throw new Invalid(
      'it contains a plus sign, but multi-valued parts are not supported',
      'Write a comma between attributes, and \\+ for a plus sign in a value.',
    )
  }
  if (/^[";<>]$/.test(token)) {
    throw new Invalid(
      `it contains ${token} without a backslash`,
      `Write commas between attributes, and no quotation marks around values. ${ESCAPES}`,
    )
  }
  if (token === '\\') {
    throw new Invalid(
      'it ends with a backslash',
      'Write \\\\ for a backslash in a value, and \\20 for a space at its end.',
    )
  }
  if (token.startsWith('\\') && !/^\\(?:[\da-f]{2}|[ "#+,;<=>\\])$/i.test(token)) {
    throw new Invalid('it contains a backslash before a character that needs none', ESCAPES)
  }
}

function splitAt(separator: Token, tokens: readonly Token[]): Token[][] {
  const parts: Token[][] = [[]]
  for (const token of tokens) {
    if (token === separator) parts.push([])
    else parts.at(-1)?.push(token)
  }
  return parts
}

function readAttribute(tokens: readonly Token[]): AttributeTypeAndValue {
  const equals = tokens.indexOf('=')
  const keyword = tokens
    .slice(0, equals === -1 ? undefined : equals)
    .join('')
    .trim()
  if (equals === -1) {
    throw new Invalid(
      keyword === ''
        ? 'it has a comma without an attribute on each side'
        : `"${cut(keyword)}" has no equals sign`,
      `Write each attribute with its keyword, as in ${EXAMPLE}, and \\, for a comma in a value.`,
    )
  }
  const [name, attribute] = find(keyword)
  const value = readValue(name, tokens.slice(equals + 1))
  const { oid, max, type, pattern, fix } = attribute
  if (!pattern.test(value)) throw new Invalid(`the value of ${name} is invalid`, fix)
  const { length } = Array.from(value)
  if (length > max) {
    throw new Invalid(
      `the value of ${name} has ${length} characters, more than ${max}`,
      'Use a shorter one: RFC 5280 and the programs that follow it limit the length.',
    )
  }
  return new AttributeTypeAndValue({ type: oid, value: new AttributeValue({ [type]: value }) })
}

function find(keyword: string): [string, Attribute] {
  const known = Object.entries(ATTRIBUTES).find(([name]) => name.toLowerCase() === keyword.toLowerCase())
  if (known !== undefined) return known
  const isOid = /^(?:oid\.)?\d+(?:\.\d+)+$/i.test(keyword)
  throw new Invalid(
    isOid ? 'it contains an OID instead of a keyword' : `unknown keyword "${cut(keyword)}"`,
    `Use these keywords: ${Object.keys(ATTRIBUTES).join(', ')}.`,
  )
}

function readValue(name: string, tokens: readonly Token[]): string {
  const isText = (token: Token) => !/^[ \t\r\n]$/.test(token)
  const value = tokens.slice(tokens.findIndex(isText), tokens.findLastIndex(isText) + 1)
  if (value.length === 0) {
    throw new Invalid(
      `the value of ${name} is empty`,
      'Write a value after the equals sign, or remove the attribute.',
    )
  }
  if (value[0] === '#') {
    throw new Invalid(
      `the value of ${name} starts with #, but encoded values are not supported`,
      'Write the value as text, and \\# for a number sign at its start.',
    )
  }
  const bytes = Buffer.concat(
    value.map((token) =>
      /^\\[\da-f]{2}$/i.test(token)
        ? Buffer.from(token.slice(1), 'hex')
        : Buffer.from(token.replace(/^\\/, '')),
    ),
  )
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    throw new Invalid(
      `the value of ${name} is not valid UTF-8`,
      'Write the character itself, or all bytes of its UTF-8 encoding, such as \\C3\\A9 for é.',
    )
  }
}

function cut(text: string): string {
  return text.length > 50 ? `${text.slice(0, 50)}…` : text
}
