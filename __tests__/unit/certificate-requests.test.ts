import { ECDH, generateKeyPairSync, randomBytes, type KeyObject } from 'node:crypto'
import { afterAll, describe, expect, it } from '@jest/globals'
import { checkRequests, readCertificateRequests } from '../../src/certificates/certificate-requests.ts'
import { issuerOf } from '../../src/certificates/x509.ts'
import { makeCa, privateKey, privateKeyPem, type Kind } from '../../testing/certificates.ts'
import { der } from '../support/der.ts'
import { hasOpenssl, OpensslFolder } from '../support/openssl.ts'
import {
  attribute,
  bytes,
  commonName,
  makeRequest,
  nameOf,
  pemOf,
  publicKeyInfoOf,
  RSA_SHA256,
} from '../support/requests.ts'

const ec = privateKey('EC P-256')
const rsa = privateKey('RSA 2048')

function read(content: Buffer | string, name = 'device.csr') {
  return readCertificateRequests({ name, bytes: Buffer.from(content as string) })
}

/** Returns the problems of a source, as the action shows them. */
function problemsOf(content: Buffer | string, name?: string): string[] {
  const { requests, problems } = read(content, name)
  expect(requests).toEqual([])
  return problems.map(({ name: shown, problem, fix }) => `${shown} ${problem}. ${fix}`)
}

function publicKeyOf(
  type: 'dsa' | 'ec' | 'ed25519' | 'ed448' | 'ml-dsa-44' | 'rsa-pss' | 'x25519',
  curve = '',
): Buffer {
  const options = { modulusLength: 2048, divisorLength: 256, namedCurve: curve }
  const { publicKey } = (generateKeyPairSync as (type: string, options: object) => { publicKey: KeyObject })(
    type,
    options,
  )
  return publicKey.export({ type: 'spki', format: 'der' })
}

describe('a certificate request', () => {
  it.each<Kind>(['RSA 2048', 'RSA 4096', 'EC P-256', 'EC P-384', 'EC P-521'])('is read: %s', (kind) => {
    const key = privateKey(kind)
    const subject = nameOf(attribute('550406', der(0x13, 'CN')), commonName(der(0x0c, 'device-1')))
    const { requests, problems } = read(makeRequest(key, { subject }))
    expect(problems).toEqual([])
    const [request] = requests
    expect(request).toMatchObject({ name: 'device.csr', commonName: 'device-1', ignoredExtensions: [] })
    expect(request?.subject.equals(subject)).toBe(true)
    expect(request?.publicKeyInfo.equals(publicKeyInfoOf(key))).toBe(true)
    expect(request?.publicKeyFingerprint).toMatch(/^[\da-f]{64}$/)
  })

  it.each<[string, Buffer, string]>([
    ['UTF8String', der(0x0c, 'Gerät-😀'), 'Gerät-😀'],
    ['PrintableString', der(0x13, 'device-1'), 'device-1'],
    ['TeletexString', der(0x14, bytes('4765 72e4 74'.replaceAll(' ', ''))), 'Gerät'],
    ['IA5String', der(0x16, 'device@example'), 'device@example'],
    ['NumericString', der(0x12, '42'), '42'],
    ['BMPString', der(0x1e, bytes('8bbe5907')), '设备'],
    ['UniversalString', der(0x1c, bytes('00008bbe0001f600')), '设😀'],
    ['64 characters of four bytes', der(0x0c, '😀'.repeat(64)), '😀'.repeat(64)],
    ['64 characters in BMPString', der(0x1e, bytes('8bbe'.repeat(64))), '设'.repeat(64)],
    ['a byte order mark, which is a character', der(0x0c, '\ufeffa'), '\ufeffa'],
  ])('has its Common Name in any string type: %s', (_, value, text) => {
    const { requests, problems } = read(makeRequest(ec, { subject: nameOf(commonName(value)) }))
    expect(problems).toEqual([])
    expect(requests[0]?.commonName).toBe(text)
  })

  it('may have a Common Name beside other attributes of the same part', () => {
    const subject = der(0x30, der(0x31, attribute('550405', der(0x13, '1')), commonName(der(0x13, 'd'))))
    expect(read(makeRequest(ec, { subject })).requests[0]?.commonName).toBe('d')
  })

  it.each<[string, Buffer, string]>([
    ['none', nameOf(attribute('55040a', der(0x0c, 'Example'))), 'has no Common Name'],
    ['an empty subject', nameOf(), 'has no Common Name'],
    ['an empty one', nameOf(commonName(der(0x0c))), 'has no Common Name'],
    ['two', nameOf(commonName(der(0x0c, 'a')), commonName(der(0x0c, 'b'))), 'has 2 Common Names'],
    [
      'three, two of them in one part',
      der(
        0x30,
        der(0x31, commonName(der(0x0c, 'a'))),
        der(0x31, commonName(der(0x0c, 'b')), commonName(der(0x0c, 'c'))),
      ),
      'has 3 Common Names',
    ],
    [
      '65 characters',
      nameOf(commonName(der(0x0c, 'ä'.repeat(65)))),
      'has a Common Name of 65 characters, more than 64',
    ],
    ['a line end', nameOf(commonName(der(0x0c, 'a\nb'))), 'has a Common Name with a control character'],
    ['a zero', nameOf(commonName(der(0x0c, 'a\0'))), 'has a Common Name with a control character'],
    [
      'a zero in BMPString',
      nameOf(commonName(der(0x1e, bytes('00610000')))),
      'has a Common Name with a control character',
    ],
    [
      'a C1 control in TeletexString',
      nameOf(commonName(der(0x14, bytes('85')))),
      'has a Common Name with a control character',
    ],
    ...[
      ['UTF-8', der(0x0c, bytes('ff'))],
      ['PrintableString', der(0x13, bytes('e4'))],
      ['a surrogate in BMPString', der(0x1e, bytes('d83dde00'))],
      ['a surrogate in UniversalString', der(0x1c, bytes('0000d800'))],
      ['UniversalString beyond Unicode', der(0x1c, bytes('00110000'))],
      ['an OCTET STRING', der(0x04, 'a')],
      ['a VisibleString, which OpenSSL does not read', der(0x1a, 'a')],
    ].map(([what, value]): [string, Buffer, string] => [
      `not valid: ${String(what)}`,
      nameOf(commonName(value as Buffer)),
      'has a subject with a value that is not valid text in its string type',
    ]),
    [
      'another attribute that is not valid',
      nameOf(attribute('55042d', der(0x03, bytes('00'))), commonName(der(0x0c, 'a'))),
      'has a subject with a value that is not valid text in its string type',
    ],
  ])('is refused when its Common Name is not one text of 1 to 64 characters: %s', (_, subject, problem) => {
    expect(problemsOf(makeRequest(ec, { subject }))).toEqual([
      `device.csr ${problem}. Make the request again with a subject that contains one Common Name of 1 to 64 characters: the name of the device.`,
    ])
  })

  const point = publicKeyInfoOf(ec)
  const changed = (change: (info: Buffer) => void): Buffer => {
    const info = Buffer.from(point)
    change(info)
    return info
  }
  const withoutNull = bytes(
    publicKeyInfoOf(rsa)
      .toString('hex')
      .replace('30820122300d06092a864886f70d0101010500', '30820120300b06092a864886f70d010101'),
  )
  // The prefix of such a key on P-256, and 33 bytes instead of 65.
  const compressed = Buffer.concat([
    bytes('3039301306072a8648ce3d020106082a8648ce3d030107032200'),
    ECDH.convertKey(point.subarray(-65), 'prime256v1', undefined, undefined, 'compressed') as Buffer,
  ])
  it.each<[string, Buffer, string]>([
    [
      'a compressed point',
      compressed,
      'has an EC key that is not an uncompressed point, which TLS servers may not support. Convert the key',
    ],
    [
      'RSA 1024',
      publicKeyInfoOf(privateKey('RSA 1024')),
      'has an RSA key of 1024 bits, which is not supported. Make a request with an RSA key of 2048 to 4096 bits, or an EC key on P-256, P-384 or P-521.',
    ],
    [
      'RSA 4104',
      publicKeyInfoOf(privateKey('RSA 4104')),
      'has an RSA key of 4104 bits, which is not supported. ',
    ],
    ['RSA-PSS', publicKeyOf('rsa-pss'), 'has an RSA key for PSS signatures only, which is not supported. '],
    ['P-224', publicKeyOf('ec', 'P-224'), 'has an EC key on the curve secp224r1, which is not supported. '],
    [
      'secp256k1',
      publicKeyOf('ec', 'secp256k1'),
      'has an EC key on the curve secp256k1, which is not supported. ',
    ],
    ['Ed25519', publicKeyOf('ed25519'), 'has an Ed25519 key, which is not supported. '],
    ['Ed448', publicKeyOf('ed448'), 'has an Ed448 key, which is not supported. '],
    ['X25519', publicKeyOf('x25519'), 'has a key of type x25519, which is not supported. '],
    ['DSA', publicKeyOf('dsa'), 'has a DSA key, which is not supported. '],
    ['ML-DSA', publicKeyOf('ml-dsa-44'), 'has a key of type ml-dsa-44, which is not supported. '],
    [
      'a hybrid point',
      changed((info) => (info[info.length - 65] = 6 + (info.readUInt8(info.length - 1) & 1))),
      'has an EC key that is not an uncompressed point, which TLS servers may not support. Convert the key with openssl ec -conv_form uncompressed',
    ],
    [
      'a point that is not on the curve',
      changed((info) => (info[info.length - 1] = info.readUInt8(info.length - 1) ^ 1)),
      'has a public key that cannot be read. ',
    ],
    [
      'unused bits',
      changed((info) => (info[info.length - 66] = 1)),
      'has a public key that cannot be read. ',
    ],
    ['RSA without NULL', withoutNull, 'has an RSA key without the NULL parameters that RFC 3279 requires. '],
    ['no key', der(0x30), 'has a public key that cannot be read. '],
  ])('is refused when its key is not supported: %s', (_, publicKeyInfo, problem) => {
    const problems = problemsOf(makeRequest(ec, { publicKeyInfo }))
    expect(problems).toHaveLength(1)
    expect(problems[0]).toContain(`device.csr ${problem}`)
  })

  it.each<[string, Buffer]>([
    ['RSA without parameters', makeRequest(rsa, { algorithm: bytes('300b06092a864886f70d01010b') })],
    [
      'ECDSA with NULL, as older mbed TLS writes',
      makeRequest(ec, { algorithm: bytes('300c06082a8648ce3d0403020500') }),
    ],
    [
      'ECDSA with SHA-384',
      makeRequest(ec, { algorithm: bytes('300a06082a8648ce3d040303'), digest: 'sha384' }),
    ],
    [
      'ECDSA with SHA-512',
      makeRequest(ec, { algorithm: bytes('300a06082a8648ce3d040304'), digest: 'sha512' }),
    ],
    [
      'ECDSA with SHA3-256',
      makeRequest(ec, { algorithm: bytes('300b060960864801650304030a'), digest: 'sha3-256' }),
    ],
    [
      'RSA with SHA-384',
      makeRequest(rsa, { algorithm: bytes('300d06092a864886f70d01010c0500'), digest: 'sha384' }),
    ],
    [
      'RSA with SHA-512',
      makeRequest(rsa, { algorithm: bytes('300d06092a864886f70d01010d0500'), digest: 'sha512' }),
    ],
    [
      'RSA with SHA-512/256',
      makeRequest(rsa, { algorithm: bytes('300d06092a864886f70d0101100500'), digest: 'sha512-256' }),
    ],
    [
      'RSA with SHA3-512',
      makeRequest(rsa, { algorithm: bytes('300d06096086480165030403100500'), digest: 'sha3-512' }),
    ],
  ])('may be signed with any of these: %s', (_, request) => {
    expect(read(request).problems).toEqual([])
  })

  it.each<[string, Buffer, string]>([
    [
      'SHA-1',
      makeRequest(rsa, { algorithm: bytes('300d06092a864886f70d0101050500'), digest: 'sha1' }),
      'RSA with SHA-1',
    ],
    [
      'MD5',
      makeRequest(rsa, { algorithm: bytes('300d06092a864886f70d0101040500'), digest: 'md5' }),
      'RSA with MD5',
    ],
    [
      'SHA-224',
      makeRequest(rsa, { algorithm: bytes('300d06092a864886f70d01010e0500'), digest: 'sha224' }),
      'RSA with SHA-224',
    ],
    [
      'ECDSA and SHA-1',
      makeRequest(ec, { algorithm: bytes('300906072a8648ce3d0401'), digest: 'sha1' }),
      'ECDSA with SHA-1',
    ],
    ['RSA-PSS', makeRequest(rsa, { algorithm: bytes('300d06092a864886f70d01010a3000') }), 'RSA-PSS'],
    [
      'something unknown',
      makeRequest(rsa, { algorithm: bytes('300506032a0304') }),
      'an unknown algorithm (1.2.3.4)',
    ],
    [
      'nothing that is in Object.prototype',
      makeRequest(rsa, { algorithm: bytes('30030601 00'.replace(' ', '')) }),
      'an unknown algorithm (0.0)',
    ],
  ])('is refused when it is signed with %s', (_, request, name) => {
    expect(problemsOf(request)).toEqual([
      `device.csr is signed with ${name}, which is not accepted. Make the request again with SHA-256, for example with openssl req -new -sha256 -key FILE. An RSA key signs with PKCS #1 v1.5.`,
    ])
  })

  const good = makeRequest(ec)
  it.each<[string, Buffer]>([
    ['changed', Buffer.from(good.toString('latin1').replace('device-1', 'device-2'), 'latin1')],
    ['signed by another key', makeRequest(privateKey('EC P-256'), { publicKeyInfo: point })],
    ['signed with the algorithm of another kind of key', makeRequest(ec, { algorithm: RSA_SHA256 })],
    ['signed with other parameters', makeRequest(ec, { algorithm: bytes('300d06082a8648ce3d040302020101') })],
    ['signed with another digest than it says', makeRequest(ec, { digest: 'sha384' })],
  ])('is refused when its signature does not match: %s', (_, request) => {
    expect(problemsOf(request)).toEqual([
      expect.stringMatching(
        /^device\.csr has a signature that does not match its contents and its key\. The request was damaged or changed, or another key signed it\./,
      ),
    ])
  })

  it('is refused for every problem that it has', () => {
    const subject = nameOf(commonName(der(0x0c, 'a')), commonName(der(0x0c, 'b')))
    const algorithm = bytes('300906072a8648ce3d0401')
    expect(problemsOf(makeRequest(ec, { subject, algorithm })).map((text) => text.split('.')[1])).toEqual([
      'csr has 2 Common Names',
      'csr is signed with ECDSA with SHA-1, which is not accepted',
    ])
  })

  const request = (toBeSigned: number, ...parts: Buffer[]) => der(toBeSigned, ...parts)
  const unusedBit = makeRequest(rsa)
  unusedBit[unusedBit.length - 256 - 1] = 1
  it.each<[string, Buffer]>([
    ['cut', good.subarray(0, -1)],
    ['BER with a length that is too long', Buffer.concat([bytes('308200'), good.subarray(2)])],
    ['BER inside', makeRequest(ec, { subject: Buffer.concat([bytes('308000'), bytes('00')]) })],
    ['BER in the key', makeRequest(ec, { publicKeyInfo: Buffer.concat([bytes('3081'), point.subarray(1)]) })],
    ['half a BMPString', makeRequest(ec, { subject: nameOf(commonName(der(0x1e, bytes('006100')))) })],
    ['half a UniversalString', makeRequest(ec, { subject: nameOf(commonName(der(0x1c, bytes('000061')))) })],
    ['elements after the signature', makeRequest(ec, { extra: [der(0x05)] })],
    ['no version', makeRequest(ec, { version: Buffer.alloc(0) })],
    [
      'a part without attributes',
      makeRequest(ec, { subject: der(0x30, der(0x31), der(0x31, commonName(der(0x0c, 'a')))) }),
    ],
    ['a part that is no set', makeRequest(ec, { subject: der(0x30, der(0x30, commonName(der(0x0c, 'a')))) })],
    [
      'an attribute with two values',
      makeRequest(ec, {
        subject: nameOf(der(0x30, der(0x06, bytes('550403')), der(0x0c, 'a'), der(0x0c, 'b'))),
      }),
    ],
    [
      'an OID that is not DER',
      makeRequest(ec, { subject: nameOf(attribute('80550403', der(0x0c, 'a')), commonName(der(0x0c, 'a'))) }),
    ],
    [
      'extensions that are none',
      makeRequest(ec, {
        attributes: [der(0xa0, attribute('2a864886f70d01090e', der(0x31, der(0x30, der(0x04)))))],
      }),
    ],
    ['another element instead of the attributes', makeRequest(ec, { attributes: [der(0xa1)] })],
    [
      'an attribute whose values are no set',
      makeRequest(ec, { attributes: [der(0xa0, attribute('2a864886f70d010907', der(0x30)))] }),
    ],
    [
      'an attribute with a value that is cut',
      makeRequest(ec, {
        attributes: [der(0xa0, attribute('2a864886f70d010907', der(0x31, bytes('0c0561'))))],
      }),
    ],
    ...[der(0x30, der(0x06, bytes('551d11'))), der(0x31, der(0x06, bytes('551d11')), der(0x04))].map(
      (extension): [string, Buffer] => [
        `extensions that are none: ${extension.toString('hex')}`,
        makeRequest(ec, {
          attributes: [der(0xa0, attribute('2a864886f70d01090e', der(0x31, der(0x30, extension))))],
        }),
      ],
    ),
    ['a signature that does not end with a whole byte', unusedBit],
    [
      'nested deeper than anything',
      Array.from({ length: 500 }).reduce<Buffer>((inner) => request(0x30, inner), der(0x30)),
    ],
  ])('is refused when it cannot be read: %s', (_, broken) => {
    expect(problemsOf(pemOf(broken))).toEqual([
      'device.csr cannot be read as a certificate request. It may be damaged or incomplete. Run openssl req -noout -text to check it.',
    ])
  })

  it('is refused with bytes after its end, in DER as in PEM', () => {
    const trailing = Buffer.concat([good, bytes('0a0a')])
    for (const content of [trailing, pemOf(trailing)]) {
      expect(problemsOf(content)).toEqual([
        'device.csr has extra bytes after its end: 2. Put one request in a DER file or PEM block, and nothing else.',
      ])
    }
  })

  it('is refused when it is very large', () => {
    const attributes = [
      der(0xa0, ...[1, 2].map(() => attribute('2a03', der(0x31, der(0x04, Buffer.alloc(60_000)))))),
    ]
    expect(problemsOf(makeRequest(ec, { attributes }))).toEqual([
      expect.stringMatching(
        /^device\.csr has 120\d{3} bytes, more than 100000\. Make a request that contains only the subject and/,
      ),
    ])
  })

  it('requests extensions, which are listed by name', () => {
    const extension = (oid: string) => der(0x30, der(0x06, bytes(oid)), der(0x04, 'x'))
    const ask = (type: string, ...oids: string[]) =>
      attribute(type, der(0x31, der(0x30, ...oids.map(extension))))
    const attributes = [
      der(
        0xa0,
        // The password in it is never shown.
        attribute('2a864886f70d010907', der(0x31, der(0x0c, 'a-password'))),
        ask('2a864886f70d01090e', '551d11', '551d13', '551d0f', '551d25', '551d0e', '2a0304'),
        ask('2b060104018237020 10e'.replace(' ', ''), '551d11'),
      ),
    ]
    const found = read(makeRequest(ec, { attributes }))
    expect(found.problems).toEqual([])
    expect(found.requests[0]?.ignoredExtensions).toEqual([
      'subjectAltName',
      'basicConstraints',
      'keyUsage',
      'extendedKeyUsage',
      'subjectKeyIdentifier',
      '1.2.3.4',
      'subjectAltName',
    ])
    expect(JSON.stringify(found)).not.toContain('a-password')
  })

  it('may omit its attributes', () => {
    expect(read(makeRequest(ec, { attributes: [] })).requests).toHaveLength(1)
  })
})

describe('a source of certificate requests', () => {
  const [one, other] = [
    makeRequest(ec),
    makeRequest(rsa, { subject: nameOf(commonName(der(0x0c, 'device-2'))) }),
  ]
  const namesOf = (content: Buffer | string) =>
    read(content).requests.map(({ name, commonName: cn }) => `${name}: ${cn}`)

  it('is PEM text with one or more, or one in DER', () => {
    expect(namesOf(one)).toEqual(['device.csr: device-1'])
    expect(namesOf(pemOf(one))).toEqual(['device.csr: device-1'])
    const both = ['device.csr, request 1 of 2: device-1', 'device.csr, request 2 of 2: device-2']
    const text = `Certificate Request:\n    Data:\n${pemOf(one)}${pemOf(other, 'NEW CERTIFICATE REQUEST')}`
    for (const layout of [
      text,
      text.replaceAll('\n', '\r\n'),
      text.replaceAll('\n', '\\n'),
      text.replaceAll(/^/gm, '  '),
      `\ufeff${text}`,
      Buffer.from(text).toString('base64'),
    ]) {
      expect(namesOf(layout)).toEqual(both)
    }
  })

  it('may contain something else beside them', () => {
    expect(namesOf(privateKeyPem(ec) + pemOf(one))).toEqual(['device.csr: device-1'])
  })

  it('names each request that has a problem', () => {
    const bad = makeRequest(ec, { subject: nameOf() })
    const { requests, problems } = read(pemOf(bad) + pemOf(one) + pemOf(bad))
    expect(requests.map(({ name }) => name)).toEqual(['device.csr, request 2 of 3'])
    expect(problems.map(({ name }) => name)).toEqual([
      'device.csr, request 1 of 3',
      'device.csr, request 3 of 3',
    ])
  })

  it('is refused when one of several is incomplete', () => {
    const text = pemOf(one) + pemOf(other).replace('-----END CERTIFICATE REQUEST-----', '')
    expect(problemsOf(text)).toEqual([
      'device.csr contains incomplete PEM blocks: 1 of 2. Copy each request completely, from its -----BEGIN line to the matching -----END line.',
    ])
  })

  const sshKey = `ssh-ed25519 ${Buffer.concat([bytes('0000000b'), Buffer.from('ssh-ed25519'), randomBytes(36)]).toString('base64')} me@host`
  it.each<[string, Buffer | string, string]>([
    ['a private key', privateKeyPem(ec), 'contains a private key'],
    ['an encrypted private key', privateKeyPem(ec, 'secret'), 'contains a private key'],
    [
      'a private key in DER',
      ec.export({ type: 'pkcs8', format: 'der' }),
      'contains a private key in binary form (DER)',
    ],
    [
      'a private key in base64',
      privateKeyPem(ec).split('\n').slice(1, -2).join('\n'),
      'contains a private key in binary form (DER), in base64',
    ],
    [
      'a private key of OpenSSH',
      pemOf(bytes('00'), 'OPENSSH PRIVATE KEY'),
      'contains a private key in the OpenSSH format',
    ],
    ['a public key of OpenSSH', sshKey, 'contains an OpenSSH key'],
    ['a public key', pemOf(publicKeyInfoOf(ec), 'PUBLIC KEY'), 'contains a public key'],
    [
      'a key and its parameters',
      pemOf(bytes('00'), 'EC PARAMETERS') + privateKeyPem(ec),
      'contains the parameters of a key, but no key and a private key',
    ],
    [
      'a request in base64',
      one.toString('base64'),
      'contains a certificate request in binary form (DER), in base64',
    ],
    ['a request in UTF-16', Buffer.from(`\ufeff${pemOf(one)}`, 'utf16le'), 'contains text in UTF-16'],
    ['nothing', '', 'is empty'],
    ['white space', ' \n', 'is empty'],
    ['a text', 'device-1', 'contains neither PEM text nor a certificate request in DER'],
    ['other bytes', bytes('ff00ff'), 'contains neither PEM text nor a certificate request in DER'],
  ])('is refused, and not shown, when it contains %s', (_, content, problem) => {
    expect(problemsOf(content, 'certificate-requests')).toEqual([
      `certificate-requests ${problem}. Use certificate requests (PKCS#10) as PEM text or DER. openssl req -new -key FILE makes one from a private key, which stays on the device.`,
    ])
  })

  it('is refused when it contains certificates', async () => {
    const ca = await makeCa()
    expect(problemsOf(ca.pem)[0]).toMatch(/^device\.csr contains a certificate\. Use certificate requests/)
    expect(problemsOf(ca.certificate.raw)[0]).toMatch(/contains a certificate in binary form \(DER\)\. Use/)
  })
})

describe('requests, together,', () => {
  const request = (key: KeyObject, name: string, subject = nameOf(commonName(der(0x0c, name)))) => {
    const [found] = read(makeRequest(key, { subject }), name).requests
    if (found === undefined) throw new Error('The request was refused.')
    return found
  }
  const check = async (
    requests: Parameters<typeof checkRequests>[0],
    ca: Parameters<typeof makeCa>[0] = {},
  ) =>
    checkRequests(requests, issuerOf((await makeCa(ca)).certificate)).map(
      ({ name, problem }) => `${name} ${problem}`,
    )

  it('are accepted with a key each, also with the same subject', async () => {
    const subject = nameOf(commonName(der(0x0c, 'same')))
    const keys = [ec, rsa, privateKey('EC P-256')]
    expect(await check(keys.map((key, at) => request(key, `${at}.csr`, subject)))).toEqual([])
  })

  it('are refused with the same key, and both are named', async () => {
    const requests = [request(ec, 'a.csr'), request(rsa, 'b.csr'), request(ec, 'c.csr'), request(ec, 'd.csr')]
    expect(await check(requests)).toEqual([
      'c.csr has the same key as a.csr',
      'd.csr has the same key as a.csr',
    ])
  })

  it.each<Kind>(['EC P-256', 'RSA 2048'])('are refused with the key of the CA: %s', async (kind) => {
    const key = privateKey(kind)
    expect(await check([request(key, 'a.csr')], { key })).toEqual(['a.csr has the key of the CA'])
  })

  const example = (type: number, ca: string) =>
    nameOf(
      attribute('550406', der(0x13, 'CN')),
      attribute('55040a', der(type, 'Example')),
      commonName(der(type, ca)),
    )
  it.each([
    ['byte for byte', example(0x13, 'Example CA')],
    ['in another string type', example(0x0c, 'Example CA')],
    ['in another case, with other white space', example(0x0c, ' EXAMPLE  ca ')],
  ])('are refused with the subject of the CA: %s', async (_, subject) => {
    expect(await check([request(ec, 'a.csr', subject)])).toEqual(['a.csr has the subject of the CA'])
  })

  it('are accepted with another subject than the CA', async () => {
    expect(await check([request(ec, 'a.csr', example(0x0c, 'Example CA 2'))])).toEqual([])
  })
})

// Skipped where openssl is not installed. Another test checks that CI has it.
;(hasOpenssl ? describe : describe.skip)('a certificate request that openssl made', () => {
  const folder = new OpensslFolder()
  afterAll(() => {
    folder.remove()
  })
  const P256 = ['genpkey', '-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-256']
  const RSA = ['genpkey', '-algorithm', 'RSA', '-pkeyopt', 'rsa_keygen_bits:2048']

  function requestOf(makeKey: readonly string[], ...options: readonly string[]): Buffer {
    folder.run(...makeKey, '-out', 'device.key')
    folder.run(
      'req',
      '-new',
      '-key',
      'device.key',
      '-out',
      'device.csr',
      '-subj',
      '/C=CN/CN=device-1',
      ...options,
    )
    return folder.read('device.csr')
  }

  it.each<[string, string[], string[]]>([
    ['EC', P256, []],
    ['RSA', RSA, []],
    ['RSA in the older label', RSA, ['-newhdr']],
    ['with a SAN', P256, ['-addext', 'subjectAltName=DNS:device-1.example']],
    ['with SHA-512', RSA, ['-sha512']],
    ['with SHA3-256', RSA, ['-sha3-256']],
    ['in DER', P256, ['-outform', 'DER']],
    ['with text around it', P256, ['-text']],
  ])('is read: %s', (_, makeKey, options) => {
    const { requests, problems } = read(requestOf(makeKey, ...options))
    expect(problems).toEqual([])
    expect(requests[0]?.commonName).toBe('device-1')
  })

  it.each<[string, string[], string[], string]>([
    ['SHA-1', P256, ['-sha1'], 'is signed with ECDSA with SHA-1, which is not accepted'],
    ['MD5', RSA, ['-md5'], 'is signed with RSA with MD5, which is not accepted'],
    ['RSA-PSS', RSA, ['-sigopt', 'rsa_padding_mode:pss'], 'is signed with RSA-PSS, which is not accepted'],
    [
      'the parameters of its curve',
      [...P256, '-pkeyopt', 'ec_param_enc:explicit'],
      [],
      'has an EC key with the parameters of its curve instead of the name',
    ],
    [
      'secp256k1',
      ['genpkey', '-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:secp256k1'],
      [],
      'has an EC key on the curve secp256k1, which is not supported',
    ],
    ['SM2', ['genpkey', '-algorithm', 'SM2'], ['-sm3'], 'has a public key that cannot be read'],
    ['Ed25519', ['genpkey', '-algorithm', 'ed25519'], [], 'has an Ed25519 key, which is not supported'],
    ['two Common Names', P256, ['-subj', '/CN=a/CN=b'], 'has 2 Common Names'],
    ['no Common Name', P256, ['-subj', '/O=Example'], 'has no Common Name'],
  ])('is refused with %s', (_, makeKey, options, problem) => {
    expect(read(requestOf(makeKey, ...options)).problems).toEqual([
      expect.objectContaining({ name: 'device.csr', problem }),
    ])
  })
})
