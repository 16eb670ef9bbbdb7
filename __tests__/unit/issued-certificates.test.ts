import 'reflect-metadata'
import { createHash, createPublicKey, type KeyObject, type X509Certificate } from 'node:crypto'
import * as x509 from '@peculiar/x509'
import { describe, expect, it } from '@jest/globals'
import { readCertificateRequests } from '../../src/certificates/certificate-requests.ts'
import {
  endOfCaBefore,
  makeDeviceCertificate,
  requireDeviceCa,
} from '../../src/certificates/device-certificate.ts'
import { makeCaCertificate } from '../../src/certificates/issued-ca.ts'
import { signerInMemory } from '../../src/certificates/signer.ts'
import { readSubject } from '../../src/certificates/subject.ts'
import { issuerOf } from '../../src/certificates/x509.ts'
import { DAY_MS, makeCa, privateKey, type Issued, type Kind } from '../../testing/certificates.ts'
import { der, partsOf } from '../support/der.ts'
import { errorOf } from '../support/errors.ts'
import fc from '../support/generated.ts'
import { attribute, bytes, commonName, makeRequest, nameOf, publicKeyInfoOf } from '../support/requests.ts'

const KINDS: readonly Kind[] = ['RSA 2048', 'RSA 4096', 'EC P-256', 'EC P-384', 'EC P-521']
const NOW = Date.parse('2030-05-06T07:08:09.500Z')

const BASIC_CONSTRAINTS = '2.5.29.19'
const KEY_USAGE = '2.5.29.15'
const EXTENDED_KEY_USAGE = '2.5.29.37'
const SUBJECT_KEY_IDENTIFIER = '2.5.29.14'
const AUTHORITY_KEY_IDENTIFIER = '2.5.29.35'

async function makeOwnCa(key: KeyObject, validDays = 3650, nowMs = Date.now()): Promise<X509Certificate> {
  const subject = readSubject('subject', 'CN=Own CA,O=Example,C=CN')
  // Without a certificate of its own, SHA-256 is used, as with a key in KMS.
  const signer = signerInMemory(key, { ...issuerOf((await makeCa()).certificate), signatureAlgorithm: '' })
  return await makeCaCertificate({ signer, subject, validDays }, nowMs)
}

async function makeDevice(
  ca: Pick<Issued, 'certificate' | 'key'>,
  parts: { key?: KeyObject; subject?: Buffer; validDays?: number; nowMs?: number } = {},
): Promise<X509Certificate> {
  const { key = privateKey('EC P-256'), validDays = 365, nowMs = Date.now() } = parts
  const subject = parts.subject ?? nameOf(commonName(der(0x0c, 'device-1')))
  const { requests, problems } = readCertificateRequests({ name: 'a', bytes: makeRequest(key, { subject }) })
  expect(problems).toEqual([])
  const issuer = issuerOf(ca.certificate)
  const [request] = requests
  if (request === undefined) throw new Error('The request was refused.')
  return await makeDeviceCertificate(
    { issuer, signer: signerInMemory(ca.key, issuer), request, validDays },
    nowMs,
  )
}

/** Returns the extensions by OID, each as whether it is critical and its value in hex, in the order of the certificate. */
function extensionsOf(certificate: X509Certificate): Record<string, [boolean, string]> {
  const { extensions } = new x509.X509Certificate(certificate.raw)
  return Object.fromEntries(
    extensions.map(({ type, critical, value }) => [type, [critical, Buffer.from(value).toString('hex')]]),
  )
}

/** Method 1 of RFC 5280 section 4.2.1.2. For these keys, the bits are what follows the first zero byte after 03. */
function methodOne(key: KeyObject): string {
  const info = publicKeyInfoOf(key)
  const length = key.asymmetricKeyType === 'ec' ? info.indexOf(bytes('0004')) : info.indexOf(bytes('003082'))
  return createHash('sha1')
    .update(info.subarray(length + 1))
    .digest('hex')
}

describe.each(KINDS)('a CA certificate for a key %s', (kind) => {
  const key = privateKey(kind)

  it('is self-signed, with exactly these fields', async () => {
    const ca = await makeOwnCa(key, 3650, NOW)
    const { subject, issuer, times, serialNumber } = partsOf(ca.raw)
    expect(ca.verify(createPublicKey(key))).toBe(true)
    expect(ca.checkIssued(ca)).toBe(true)
    expect(
      subject.equals(Buffer.from(new Uint8Array(readSubject('subject', 'CN=Own CA,O=Example,C=CN')))),
    ).toBe(true)
    expect(issuer.equals(subject)).toBe(true)
    expect(times).toEqual(['300506065309Z', '400503070809Z'])
    expect(serialNumber).toHaveLength(16)
    expect(ca.signatureAlgorithm).toBe(
      kind.startsWith('RSA') ? 'sha256WithRSAEncryption' : 'ecdsa-with-SHA256',
    )
    expect(ca.publicKey.export({ type: 'spki', format: 'der' }).equals(publicKeyInfoOf(key))).toBe(true)
    expect(extensionsOf(ca)).toEqual({
      [BASIC_CONSTRAINTS]: [true, '30060101ff020100'],
      [KEY_USAGE]: [true, '03020106'],
      [SUBJECT_KEY_IDENTIFIER]: [false, `0414${methodOne(key)}`],
    })
  })
})

describe('a CA certificate', () => {
  it('can end after 2049, which has another encoding', async () => {
    const ca = await makeOwnCa(privateKey('EC P-256'), 36_500, NOW)
    expect(partsOf(ca.raw).times).toEqual(['300506065309Z', '21300412070809Z'])
    expect(ca.validToDate.getTime()).toBe(Date.parse('2130-04-12T07:08:09Z'))
  })
})

describe.each(KINDS)('a device certificate of a CA with a key %s', (kind) => {
  it.each<Kind>(['RSA 2048', 'EC P-256', 'EC P-384', 'EC P-521'])(
    'has exactly these fields, for %s',
    async (ofDevice) => {
      const caKey = privateKey(kind)
      const nowMs = Date.now()
      const ca = { key: caKey, certificate: await makeOwnCa(caKey, 3650, nowMs) }
      const key = privateKey(ofDevice)
      const device = await makeDevice(ca, { key, nowMs })
      const { subject, issuer, serialNumber } = partsOf(device.raw)
      expect(device.verify(createPublicKey(ca.key))).toBe(true)
      expect(device.checkIssued(ca.certificate)).toBe(true)
      expect(device.checkPrivateKey(key)).toBe(true)
      expect(subject.equals(nameOf(commonName(der(0x0c, 'device-1'))))).toBe(true)
      expect(issuer.equals(partsOf(ca.certificate.raw).subject)).toBe(true)
      expect(device.validFromDate.getTime()).toBe(ca.certificate.validFromDate.getTime())
      expect(device.validToDate.getTime()).toBe(Math.floor((nowMs + 365 * DAY_MS) / 1000) * 1000)
      expect(serialNumber).toHaveLength(16)
      expect(device.raw.includes(publicKeyInfoOf(key))).toBe(true)
      expect(extensionsOf(device)).toEqual({
        [BASIC_CONSTRAINTS]: [true, '3000'],
        [KEY_USAGE]: [true, '03020780'],
        [EXTENDED_KEY_USAGE]: [false, '300a06082b06010505070302'],
        [SUBJECT_KEY_IDENTIFIER]: [false, `0414${methodOne(key)}`],
        [AUTHORITY_KEY_IDENTIFIER]: [false, `30168014${methodOne(ca.key)}`],
      })
    },
  )
})

describe('a device certificate', () => {
  it('names the key of the CA as the CA does', async () => {
    const ca = await makeCa()
    // As if the CA had a key identifier of another method.
    const issuer = { ...issuerOf(ca.certificate), keyIdentifier: bytes('0102') }
    const { requests } = readCertificateRequests({ name: 'a', bytes: makeRequest(privateKey('EC P-256')) })
    const [request] = requests
    if (request === undefined) throw new Error('The request was refused.')
    const device = await makeDeviceCertificate({
      issuer,
      signer: signerInMemory(ca.key, issuer),
      request,
      validDays: 1,
    })
    expect(extensionsOf(device)[AUTHORITY_KEY_IDENTIFIER]).toEqual([false, '300480020102'])
  })

  it('names the key of a CA without a key identifier by its hash', async () => {
    const ca = await makeCa({ withKeyIdentifier: false })
    expect(extensionsOf(await makeDevice(ca))[AUTHORITY_KEY_IDENTIFIER]).toEqual([
      false,
      `30168014${methodOne(ca.key)}`,
    ])
  })

  it('does not end after the CA, nor begin before it', async () => {
    const notBefore = new Date(Math.floor(Date.now() / 1000) * 1000 - 60_000)
    const notAfter = new Date(notBefore.getTime() + 10 * DAY_MS)
    const ca = await makeCa({ notBefore, notAfter })
    const device = await makeDevice(ca)
    expect(device.validFromDate).toEqual(notBefore)
    expect(device.validToDate).toEqual(notAfter)
    const issuer = issuerOf(ca.certificate)
    expect(endOfCaBefore({ issuer, validDays: 365 })).toEqual(notAfter)
    expect(endOfCaBefore({ issuer, validDays: 9 })).toBeUndefined()
    expect(endOfCaBefore({ issuer, validDays: 10 }, notBefore.getTime())).toBeUndefined()
    expect(endOfCaBefore({ issuer, validDays: 10 }, notBefore.getTime() + 1)).toEqual(notAfter)
  })

  it('contains nothing else of the request', async () => {
    const extension = der(0x30, der(0x06, bytes('551d11')), der(0x04, der(0x30, der(0x82, 'a.example'))))
    const asked = attribute('2a864886f70d01090e', der(0x31, der(0x30, extension)))
    const source = {
      name: 'a',
      bytes: makeRequest(privateKey('EC P-256'), { attributes: [der(0xa0, asked)] }),
    }
    const [request] = readCertificateRequests(source).requests
    const ca = await makeCa()
    const issuer = issuerOf(ca.certificate)
    if (request === undefined) throw new Error('The request was refused.')
    const device = await makeDeviceCertificate({
      issuer,
      signer: signerInMemory(ca.key, issuer),
      request,
      validDays: 1,
    })
    expect(request.ignoredExtensions).toEqual(['subjectAltName'])
    expect(device.subjectAltName).toBeUndefined()
  })

  it('contains the bytes of any subject that is accepted', async () => {
    const key = privateKey('EC P-256')
    const ca = await makeCa()
    const text = fc.string({ maxLength: 20 })
    const value = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 20 }).map((value) => der(0x0c, value)),
      text.map((value) => der(0x13, value)),
      text.map((value) => der(0x16, value)),
      fc.uint8Array({ maxLength: 20 }).map((value) => der(0x14, Buffer.from(value))),
      fc.array(fc.nat(0xd7ff), { maxLength: 20 }).map((codes) => {
        const content = Buffer.alloc(codes.length * 2)
        codes.forEach((code, at) => content.writeUInt16BE(code, at * 2))
        return der(0x1e, content)
      }),
    )
    const part = fc.array(
      fc.tuple(
        fc.constantFrom('55040a', '55040b', '550405', '0992268993f22c640119', '2b06010401828fff7f'),
        value,
      ),
      { minLength: 1, maxLength: 3 },
    )
    await fc.assert(
      fc.asyncProperty(fc.array(part, { maxLength: 4 }), async (parts) => {
        const subject = der(
          0x30,
          ...parts.map((attributes) =>
            der(0x31, ...attributes.map(([oid, content]) => attribute(oid, content))),
          ),
          der(0x31, commonName(der(0x13, 'device-1'))),
        )
        const device = await makeDevice(ca, { key, subject })
        expect(partsOf(device.raw).subject.equals(subject)).toBe(true)
      }),
      { numRuns: 50 },
    )
  })
})

describe('a CA that issues device certificates', () => {
  const withUsages = async (usages?: string[]) => {
    const ca = await makeCa(usages && { extendedKeyUsages: usages })
    requireDeviceCa(ca.certificate, 'ca-certificate')
  }

  it.each([
    ['has no extended key usage', undefined],
    ['has clientAuth', ['1.3.6.1.5.5.7.3.2']],
    ['has clientAuth among others', ['1.3.6.1.5.5.7.3.1', '1.3.6.1.5.5.7.3.2']],
  ])('is accepted if it %s', async (_, usages) => {
    await withUsages(usages)
  })

  // openssl verify -purpose sslclient refuses any extended key usage in a CA, too.
  it.each(['1.3.6.1.5.5.7.3.1', '2.5.29.37.0'])('is refused if it has only %s', async (usage) => {
    expect(
      await errorOf(async () => {
        await withUsages([usage])
      }),
    ).toBe(
      'The extended key usage of the CA certificate in ca-certificate does not contain clientAuth, so servers would reject its device certificates. Use a CA whose extended key usage contains clientAuth, or a CA without an extended key usage. Run openssl x509 -noout -text to see it.',
    )
  })
})
