import { afterAll, describe, expect, it } from '@jest/globals'
import { readSubject } from '../../src/certificates/subject.ts'
import { der } from '../support/der.ts'
import { errorOf } from '../support/errors.ts'
import fc from '../support/generated.ts'
import { hasOpenssl, OpensslFolder } from '../support/openssl.ts'
import { attribute, nameOf } from '../support/requests.ts'

const read = (text: string) => Buffer.from(new Uint8Array(readSubject('subject', text)))

const CN = (value: string) => attribute('550403', der(0x0c, value))
const O = (value: string) => attribute('55040a', der(0x0c, value))
const C = (value: string) => attribute('550406', der(0x13, value))

describe('a subject', () => {
  it.each<[string, Buffer]>([
    ['CN=a', nameOf(CN('a'))],
    ['CN=Example CA,O=Example,C=CN', nameOf(C('CN'), O('Example'), CN('Example CA'))],
    ['C=CN,CN=a', nameOf(CN('a'), C('CN'))],
    // White space around separators, as openssl prints it and YAML adds it.
    ['CN = a , O = b', nameOf(O('b'), CN('a'))],
    ['CN=a,\nO=b\t,\r\nC=CN', nameOf(C('CN'), O('b'), CN('a'))],
    ['  CN=a  ', nameOf(CN('a'))],
    ['CN=a b', nameOf(CN('a b'))],
    // Keywords in any case.
    ['cn=a,o=b,c=cn', nameOf(C('cn'), O('b'), CN('a'))],
    ['OU=a,OU=b', nameOf(attribute('55040b', der(0x0c, 'b')), attribute('55040b', der(0x0c, 'a')))],
    // Escapes.
    ['O=Example\\, Inc.', nameOf(O('Example, Inc.'))],
    ['CN=\\"\\+\\,\\;\\<\\>\\\\\\=\\#', nameOf(CN('"+,;<>\\=#'))],
    ['CN=\\#1', nameOf(CN('#1'))],
    ['CN=a#1', nameOf(CN('a#1'))],
    ['CN=a=b', nameOf(CN('a=b'))],
    ['CN=\\ a\\ ,O=b', nameOf(O('b'), CN(' a '))],
    ['CN=a\\20', nameOf(CN('a '))],
    ['CN=a\\2Cb', nameOf(CN('a,b'))],
    ['CN=\\\\', nameOf(CN('\\'))],
    ['CN=\\4C\\75\\C4\\8D\\69\\C4\\87', nameOf(CN('Lučić'))],
    ['CN=Ger\\c3\\a4te 设备 😀', nameOf(CN('Geräte 设备 😀'))],
    // Each keyword with its OID and string type.
    ['L=a', nameOf(attribute('550407', der(0x0c, 'a')))],
    ['ST=a', nameOf(attribute('550408', der(0x0c, 'a')))],
    ['STREET=a', nameOf(attribute('550409', der(0x0c, 'a')))],
    ['DC=example', nameOf(attribute('0992268993f22c640119', der(0x16, 'example')))],
    ['UID=a', nameOf(attribute('0992268993f22c640101', der(0x0c, 'a')))],
    ['EMAILADDRESS=a@b.example', nameOf(attribute('2a864886f70d010901', der(0x16, 'a@b.example')))],
    ["serialnumber=A-1 '(\\+)\\,./:\\=?", nameOf(attribute('550405', der(0x13, "A-1 '(+),./:=?")))],
    // The longest values. Characters count, and not bytes.
    [`CN=${'😀'.repeat(64)}`, nameOf(CN('😀'.repeat(64)))],
    [`L=${'ä'.repeat(128)}`, nameOf(attribute('550407', der(0x0c, 'ä'.repeat(128))))],
  ])('is encoded, the first attribute last: %j', (text, name) => {
    expect(read(text).toString('hex')).toBe(name.toString('hex'))
  })

  it.each<[string, RegExp]>([
    ['', /^Invalid subject: it is empty\. Write it as in CN=Example CA,O=Example,C=CN\.$/],
    [' ', /: it is empty\./],
    ['/C=CN/O=Example/CN=Example CA', /: it starts with a slash.*in reverse order with commas between them/],
    ['/CN=a', /: it starts with a slash/],
    ['CN=a+OU=b', /: it contains a plus sign, but multi-valued parts are not supported\. .*\\\+ for a plus/],
    ['CN="a, b"', /: it contains " without a backslash\. Write commas .*no quotation marks/],
    ['"CN=a"', /: it contains " without a backslash/],
    ['CN=a;O=b', /: it contains ; without a backslash\. Write commas between attributes/],
    ['CN=<a>', /: it contains < without a backslash/],
    ['CN=a>', /: it contains > without a backslash/],
    ['CN=a\\', /: it ends with a backslash\. Write \\\\ for a backslash in a value, and \\20 for a space/],
    ['CN=a\\n', /: it contains a backslash before a character that needs none\. /],
    ['CN=\\c', /: it contains a backslash before a character that needs none\. /],
    ['CN=#040261', /: the value of CN starts with #, but encoded values are not supported\. .*\\#/],
    ['2.5.4.3=a', /: it contains an OID instead of a keyword\. Use these keywords: CN, L, .*serialNumber\.$/],
    ['OID.2.5.4.3=a', /: it contains an OID instead of a keyword/],
    ['X=a', /: unknown keyword "X"\. Use these keywords: CN, /],
    ['commonName=a', /: unknown keyword "commonName"/],
    ['constructor=a', /: unknown keyword "constructor"/],
    ['=a', /: unknown keyword ""/],
    [`${'X'.repeat(60)}=a`, /: unknown keyword "X{50}…"/],
    ['CN', /: "CN" has no equals sign\. Write each attribute with its keyword/],
    ['O=Example, Inc.', /: "Inc\." has no equals sign\. .*and \\, for a comma in a value\.$/],
    ['CN=a,', /: it has a comma without an attribute on each side/],
    ['CN=a,,O=b', /: it has a comma without an attribute on each side/],
    [',', /: it has a comma without an attribute on each side/],
    ['CN=', /: the value of CN is empty\. /],
    ['cn= ,O=b', /: the value of CN is empty\. /],
    ['CN=\\ff', /: the value of CN is not valid UTF-8\. /],
    ['CN=\\c3', /: the value of CN is not valid UTF-8\. /],
    ['CN=\\ed\\a0\\80', /: the value of CN is not valid UTF-8\. /],
    [
      'CN=a\nb',
      /: the value of CN is invalid\. Remove its control characters, such as line ends and tabs\.$/,
    ],
    ['CN=\\00', /: the value of CN is invalid\. Remove its control characters/],
    ['CN=a\\C2\\85', /: the value of CN is invalid\. Remove its control characters/],
    ['CN=\x7f', /: the value of CN is invalid\. Remove its control characters/],
    ['C=CHN', /: the value of C is invalid\. Use the two letters of the country, such as C=CN\.$/],
    ['C=C', /: the value of C is invalid/],
    ['C=C1', /: the value of C is invalid/],
    ['C=中国', /: the value of C is invalid/],
    ['serialNumber=a_b', /: the value of serialNumber is invalid\. Use only letters from A to Z/],
    ['serialNumber=é', /: the value of serialNumber is invalid/],
    ['DC=exämple', /: the value of DC is invalid\. Use only ASCII characters\.$/],
    ['emailAddress=é@example.com', /: the value of emailAddress is invalid\. Use only ASCII/],
  ])('is refused, saying why: %j', async (text, message) => {
    expect(await errorOf(() => read(text))).toMatch(message)
  })

  it.each([
    ['CN', 64],
    ['L', 128],
    ['ST', 128],
    ['O', 64],
    ['OU', 64],
    ['STREET', 128],
    ['DC', 63],
    ['UID', 256],
    ['emailAddress', 255],
    ['serialNumber', 64],
  ])('has values no longer than the limit of RFC 5280: %s %d', async (keyword, max) => {
    expect(read(`${keyword}=${'a'.repeat(max)}`).length).toBeGreaterThan(max)
    expect(await errorOf(() => read(`${keyword}=${'a'.repeat(max + 1)}`))).toContain(
      `: the value of ${keyword} has ${max + 1} characters, more than ${max}. Use a shorter one`,
    )
  })

  it('names the input that it comes from', async () => {
    expect(await errorOf(() => readSubject('ca-subject', 'a'))).toMatch(/^Invalid ca-subject: /)
  })

  it('contains any text that is escaped', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', minLength: 1, maxLength: 64 }), (value) => {
        fc.pre(!/\p{Cc}/u.test(value) && value.isWellFormed())
        const hex = Buffer.from(value).toString('hex').replace(/../g, '\\$&')
        const special = value.replace(/[ "#+,;<=>\\]/g, '\\$&')
        expect(read(`CN=${hex}`).equals(nameOf(CN(value)))).toBe(true)
        expect(read(`CN=${special}`).equals(nameOf(CN(value)))).toBe(true)
      }),
    )
  })
})

// Skipped where openssl is not installed.
;(hasOpenssl ? describe : describe.skip)('a subject, compared with openssl,', () => {
  const folder = new OpensslFolder()
  const req = (subject: string) =>
    folder.run(
      ...['req', '-new', '-key', 'device.key', '-outform', 'DER', '-out', 'device.der', '-utf8'],
      ...['-subj', subject],
    )
  folder.run('genpkey', '-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-256', '-out', 'device.key')
  afterAll(() => {
    folder.remove()
  })

  it.each([
    ['CN=Example CA,O=Example,C=CN', '/C=CN/O=Example/CN=Example CA'],
    ['CN=a,emailAddress=a@b.example,OU=Geräte', '/OU=Geräte/emailAddress=a@b.example/CN=a'],
    ['CN=a,DC=example,DC=com', '/DC=com/DC=example/CN=a'],
    ['serialNumber=A-1,UID=u,STREET=s,L=l,ST=x', '/ST=x/L=l/street=s/UID=u/serialNumber=A-1'],
    ['O=Example\\, Inc. \\+ Co', '/O=Example, Inc. \\+ Co'],
  ])('has the bytes that openssl writes: %s', (text, openssl) => {
    req(openssl)
    expect(folder.read('device.der').includes(read(text))).toBe(true)
  })

  it.each([
    'CN=Example CA,O=Example,C=CN',
    'CN=a\\,b\\+c\\;d\\<e\\>f\\\\g\\"h',
    'CN=\\#a,O=\\ b\\ ',
    'UID=u,DC=example,DC=com',
  ])('is what openssl prints for the same name: %s', (text) => {
    req('/CN=placeholder')
    const request = folder.read('device.der')
    // Only the name is printed, so its signature may be wrong.
    const placeholder = nameOf(CN('placeholder'))
    const at = request.indexOf(placeholder)
    const info = der(
      0x30,
      der(0x02, '\0'),
      read(text),
      request.subarray(at + placeholder.length, at + placeholder.length + 91),
      der(0xa0),
    )
    folder.write(
      'named.der',
      der(0x30, info, Buffer.from('300a06082a8648ce3d040302', 'hex'), der(0x03, '\0a')),
    )
    const printed = folder.run(
      ...['req', '-inform', 'DER', '-in', 'named.der', '-noout', '-subject', '-nameopt', 'RFC2253'],
    )
    expect(printed).toBe(`subject=${text}\n`)
  })
})
