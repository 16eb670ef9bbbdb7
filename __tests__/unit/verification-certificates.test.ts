import 'reflect-metadata'
import { createPublicKey, X509Certificate } from 'node:crypto'
import * as x509 from '@peculiar/x509'
import { describe, expect, it } from '@jest/globals'
import { Boolean as Truth, Constructed, fromBER, OctetString, type BaseBlock } from 'asn1js'
import fc from '../support/generated.ts'
import { formatKeyKind, requireCaKey } from '../../src/certificates/keys.ts'
import { signerInMemory } from '../../src/certificates/signer.ts'
import { makeVerificationCertificate } from '../../src/certificates/verification-certificate.ts'
import { issuerOf } from '../../src/certificates/x509.ts'
import { DAY_MS, makeCa, makeLeaf, privateKey, type Issued, type Kind } from '../../testing/certificates.ts'
import { der, partsOf } from '../support/der.ts'
import { errorOf } from '../support/errors.ts'

const CODE = '13274673-8f90-4630-bea1-9cccb25756ad2089473625'
const KINDS: readonly Kind[] = ['RSA 2048', 'RSA 3072', 'EC P-256', 'EC P-384', 'EC P-521']

async function sign(
  ca: Issued,
  { registerCode = CODE, validDays = 30, nowMs = Date.now() } = {},
): Promise<X509Certificate> {
  const issuer = issuerOf(ca.certificate)
  const signer = signerInMemory(ca.key, issuer)
  return await makeVerificationCertificate({ issuer, signer, registerCode, validDays }, nowMs)
}

function extensionsOf(certificate: X509Certificate) {
  return new x509.X509Certificate(certificate.raw).extensions
}

describe.each(KINDS)('a verification certificate of a CA with a key %s', (kind) => {
  it('is signed by the CA, for a fresh key, with the code as its subject and nothing else', async () => {
    const ca = await makeCa({ kind })
    const certificate = await sign(ca)
    expect(certificate.checkIssued(ca.certificate)).toBe(true)
    expect(certificate.verify(createPublicKey(ca.key))).toBe(true)
    expect(certificate.subject).toBe(`CN=${CODE}`)
    expect(certificate.subjectAltName).toBeUndefined()
    expect(certificate.ca).toBe(false)
    expect(certificate.publicKey.equals(createPublicKey(ca.key))).toBe(false)
    expect(formatKeyKind(requireCaKey(certificate.publicKey, 'It'))).toBe(
      kind === 'RSA 3072' ? 'RSA 2048' : kind,
    )
  })

  it('has another key and another serial number each time', async () => {
    const ca = await makeCa({ kind })
    const [one, other] = [await sign(ca), await sign(ca)]
    expect(one.publicKey.equals(other.publicKey)).toBe(false)
    expect(one.serialNumber).not.toBe(other.serialNumber)
  })
})

describe('the issuer of a verification certificate', () => {
  const commonName = Buffer.from('550403', 'hex')
  const attribute = (type: number, value: Buffer | string) =>
    der(0x30, der(0x06, commonName), der(type, value))

  // A CA may use any of these string types. Names are equal only with the same types.
  it.each([
    ['UTF-8', [[attribute(0x0c, 'Zertifikate für Geräte')]]],
    ['PrintableString', [[attribute(0x13, 'Devices')]]],
    ['T61String', [[attribute(0x14, Buffer.from([0x43, 0xfc]))]]],
    ['BMPString', [[attribute(0x1e, Buffer.from('00430041', 'hex'))]]],
    ['UniversalString', [[attribute(0x1c, Buffer.from('0000004300000041', 'hex'))]]],
    ['IA5String', [[attribute(0x16, 'ca@example.com')]]],
    ['several values in one part, not sorted', [[attribute(0x0c, 'zz'), attribute(0x13, 'a')]]],
    ['longer than a one-byte length allows', [[attribute(0x0c, 'x'.repeat(200))]]],
    ['bytes that are not UTF-8', [[attribute(0x0c, Buffer.from([0x43, 0xff]))]]],
    ['characters that text forms escape', [[attribute(0x0c, 'a, b="c"+d;<e>#\\')], [attribute(0x13, ' x ')]]],
  ])('is the subject of the CA, byte for byte: %s', async (_, parts) => {
    const subject = new x509.Name(der(0x30, ...parts.map((part) => der(0x31, ...part))))
    const ca = await makeCa({ subject })
    const certificate = await sign(ca)
    expect(partsOf(certificate.raw).issuer.equals(partsOf(ca.certificate.raw).subject)).toBe(true)
    expect(certificate.checkIssued(ca.certificate)).toBe(true)
  })

  it('is the CA and not its own issuer', async () => {
    const root = await makeCa({ subject: new x509.Name('CN=Root') })
    const ca = await makeCa({ issuer: root, subject: new x509.Name('CN=Devices') })
    const certificate = await sign(ca)
    expect(certificate.issuer).toBe('CN=Devices')
    expect(certificate.checkIssued(root.certificate)).toBe(false)
  })
})

describe('a CA certificate whose signature parameters are not valid DER', () => {
  it('is refused, although OpenSSL does not check them', async () => {
    const ca = await makeCa({ kind: 'RSA 2048' })
    const withNull = ca.certificate.raw.toString('hex')
    // UNIVERSAL 15, which X.680 reserves, instead of NULL.
    const reserved = withNull.replaceAll('06092a864886f70d01010b0500', '06092a864886f70d01010b0f00')
    expect(reserved).not.toBe(withNull)
    const certificate = new X509Certificate(Buffer.from(reserved, 'hex'))
    expect(await errorOf(() => sign({ ...ca, certificate }))).toMatch(
      /^The certificate in ca-certificate is not valid DER\. Issue the CA certificate again/,
    )
  })
})

/** Makes a CA certificate like another program. Its own signature is invalid, but is not checked here. */
function changed(ca: Issued, change: (toBeSigned: BaseBlock[]) => void): Issued {
  const { result } = fromBER(new Uint8Array(ca.certificate.raw))
  change(inside(inside(result)[0]))
  return { ...ca, certificate: new X509Certificate(new Uint8Array(result.toBER())) }
}

function keyIdentifierIn(toBeSigned: readonly BaseBlock[]): BaseBlock[] {
  const extensions = inside(inside(toBeSigned.at(-1))[0]).map(inside)
  return extensions.find(([identifier]) => identifier?.toString().includes('2.5.29.14')) ?? []
}

function inside(element: BaseBlock | undefined): BaseBlock[] {
  return element instanceof Constructed ? element.valueBlock.value : []
}

describe('a CA certificate of another program', () => {
  it('may omit its version', async () => {
    const ca = await makeCa()
    const certificate = await sign(changed(ca, (toBeSigned) => toBeSigned.shift()))
    expect(partsOf(certificate.raw).issuer.equals(partsOf(ca.certificate.raw).subject)).toBe(true)
  })

  it('may mark its key identifier as critical', async () => {
    const ca = changed(await makeCa(), (toBeSigned) => {
      keyIdentifierIn(toBeSigned).splice(1, 0, new Truth({ value: true }))
    })
    expect(ca.certificate.raw.toString('hex')).toContain('0603551d0e0101ff')
    const authority = extensionsOf(await sign(ca)).find(
      (one) => one instanceof x509.AuthorityKeyIdentifierExtension,
    )
    expect(authority?.keyId).toMatch(/^[\da-f]{40}$/)
  })

  it('has no key identifier if the extension contains something else', async () => {
    const ca = changed(await makeCa(), (toBeSigned) => {
      keyIdentifierIn(toBeSigned).splice(1, 1, new OctetString({ valueHex: new Uint8Array([2, 1, 5]) }))
    })
    expect(extensionsOf(await sign(ca))).toHaveLength(1)
  })

  it('can have many more parts than usual', async () => {
    const parts = Array.from({ length: 3000 }, (_, n) => ({ OU: [`part ${n}`] }))
    const ca = await makeCa({ subject: new x509.Name(parts) })
    expect((await sign(ca)).checkIssued(ca.certificate)).toBe(true)
  })
})

describe('the extensions of a verification certificate', () => {
  it('mark it as not a CA, and identify the key that signed it', async () => {
    const ca = await makeCa()
    const extensions = extensionsOf(await sign(ca))
    const constraints = extensions.find((one) => one instanceof x509.BasicConstraintsExtension)
    const authority = extensions.find((one) => one instanceof x509.AuthorityKeyIdentifierExtension)
    const ofCa = extensionsOf(ca.certificate).find((one) => one instanceof x509.SubjectKeyIdentifierExtension)
    expect({ ca: constraints?.ca, critical: constraints?.critical }).toEqual({ ca: false, critical: true })
    expect(authority?.keyId).toBe(ofCa?.keyId)
    expect(authority?.keyId).toMatch(/^[\da-f]{40}$/)
    expect(extensions).toHaveLength(2)
  })

  it('omit the key identifier if the CA has none', async () => {
    const ca = await makeCa({ withKeyIdentifier: false })
    const certificate = await sign(ca)
    expect(extensionsOf(certificate)).toHaveLength(1)
    expect(certificate.checkIssued(ca.certificate)).toBe(true)
  })
})

describe('the serial number of a verification certificate', () => {
  it('is 16 random bytes with a first byte from 10 to 7f, so that all tools print it alike', async () => {
    const ca = await makeCa()
    const serials: Buffer[] = []
    for (let n = 0; n < 64; n++) {
      const certificate = await sign(ca)
      const { serialNumber } = partsOf(certificate.raw)
      expect(serialNumber).toHaveLength(16)
      expect(serialNumber.readUInt8(0)).toBeGreaterThanOrEqual(0x10)
      expect(serialNumber.readUInt8(0)).toBeLessThanOrEqual(0x7f)
      expect(certificate.serialNumber.toLowerCase()).toBe(serialNumber.toString('hex'))
      serials.push(serialNumber)
    }
    // Each bit except the sign varies between certificates. The probability that one does not is 2^-56.
    const numbers = serials.map((serial) => BigInt(`0x${serial.toString('hex')}`))
    const or = numbers.reduce((all, one) => all | one)
    const and = numbers.reduce((all, one) => all & one)
    expect(or).toBe(2n ** 127n - 1n)
    expect(and).toBe(0n)
  })
})

describe('the digest of a verification certificate', () => {
  it.each([
    ['SHA-256', 'ecdsa-with-SHA256'],
    ['SHA-384', 'ecdsa-with-SHA384'],
    ['SHA-512', 'ecdsa-with-SHA512'],
    ['SHA-1', 'ecdsa-with-SHA256'],
  ] as const)('is that of the CA if it is secure: %s becomes %s', async (hash, signature) => {
    const ca = await makeCa({ hash })
    const certificate = await sign(ca)
    expect(certificate.signatureAlgorithm).toBe(signature)
    expect(certificate.verify(ca.certificate.publicKey)).toBe(true)
  })

  it.each([
    ['SHA-512', 'sha512WithRSAEncryption'],
    ['SHA-1', 'sha256WithRSAEncryption'],
  ] as const)('follows the CA with RSA too: %s becomes %s', async (hash, signature) => {
    expect((await sign(await makeCa({ kind: 'RSA 2048', hash }))).signatureAlgorithm).toBe(signature)
  })

  it.each([
    ['with NULL parameters, as RFC 4055 requires', 'RSA 2048', '300d06092a864886f70d01010b0500'],
    ['without parameters, as RFC 5758 requires', 'EC P-256', '300a06082a8648ce3d040302'],
  ] as const)('is named %s: %s', async (_, kind, algorithm) => {
    // The algorithm is stated twice: inside and outside the signed part.
    const hex = (await sign(await makeCa({ kind }))).raw.toString('hex')
    expect(hex.split(algorithm)).toHaveLength(3)
  })

  it('is SHA-256 if the signature of the CA names none', async () => {
    const ca = await makeCa({ issuer: await makeCa({ kind: 'Ed25519' }) })
    expect((await sign(ca)).signatureAlgorithm).toBe('ecdsa-with-SHA256')
  })
})

describe('the validity of a verification certificate', () => {
  const now = Date.UTC(2026, 5, 15, 12, 30, 15, 678)
  const at = (offsetMs: number) => new Date(now - 678 + offsetMs)

  it('starts 15 minutes ago, for clocks that are behind, and ends after the requested days', async () => {
    const ca = await makeCa({ notBefore: at(-DAY_MS), notAfter: at(100 * DAY_MS) })
    const { validFromDate, validToDate } = await sign(ca, { nowMs: now })
    expect(validFromDate).toEqual(at(-15 * 60_000))
    expect(validToDate).toEqual(at(30 * DAY_MS))
  })

  it('lies within that of the CA', async () => {
    const ca = await makeCa({ notBefore: at(-60_000), notAfter: at(DAY_MS) })
    const { validFromDate, validToDate } = await sign(ca, { nowMs: now })
    expect(validFromDate).toEqual(at(-60_000))
    expect(validToDate).toEqual(at(DAY_MS))
  })

  it.each([
    [Date.UTC(2049, 11, 31, 23, 59, 59), '491231235959Z'],
    [Date.UTC(2050, 0, 1), '20500101000000Z'],
  ])('has a two-digit year up to 2049: %s', async (notAfterMs, time) => {
    const ca = await makeCa({ notBefore: at(-DAY_MS), notAfter: new Date(notAfterMs) })
    const certificate = await sign(ca, { nowMs: now, validDays: 36_500 })
    expect(partsOf(certificate.raw).times[1]).toBe(time)
  })

  it('has whole seconds also after 2049, where the time format changes', async () => {
    const ca = await makeCa({
      notBefore: at(-DAY_MS),
      notAfter: new Date(Date.UTC(9999, 11, 31, 23, 59, 59)),
    })
    const certificate = await sign(ca, { nowMs: now, validDays: 36_500 })
    expect(partsOf(certificate.raw).times).toEqual(['260615121515Z', '21260522123015Z'])
  })
})

describe('the code in a verification certificate', () => {
  it('can be any 8 to 64 valid characters', async () => {
    const ca = await makeCa()
    const code = fc.string({
      minLength: 8,
      maxLength: 64,
      unit: fc.constantFrom(...Array.from('azAZ09-_.:+/=@~')),
    })
    await fc.assert(
      fc.asyncProperty(code, async (registerCode) => {
        const certificate = await sign(ca, { registerCode })
        expect(certificate.toLegacyObject().subject.CN).toBe(registerCode)
        expect(certificate.verify(ca.certificate.publicKey)).toBe(true)
      }),
      { numRuns: 60, examples: [['x'.repeat(64)], ['x'.repeat(8)]] },
    )
  })

  it('is encoded as UTF-8, as RFC 5280 requires', async () => {
    const { subject } = partsOf((await sign(await makeCa(), { registerCode: 'abcdefgh' })).raw)
    expect(subject.toString('hex')).toBe('30133111300f06035504030c086162636465666768')
  })

  it.each([
    '',
    '1234567',
    'two words',
    'a\u0000bcdefgh',
    'x'.repeat(65),
    'code-für-geräte',
    "12345678'",
    '$(12345678)',
  ])('is refused if it cannot be a register code: %j', async (registerCode) => {
    const ca = await makeCa()
    const error = await errorOf(() => sign(ca, { registerCode }))
    expect(error).toMatch(
      /^Invalid register-code\. A register code has 8 to 64 letters, .* Pass the code exactly as the service returned it\.$/,
    )
    expect(error).not.toContain(registerCode || 'undefined')
  })
})

describe('signatures on P-521, whose integers are often one byte shorter,', () => {
  it('all verify', async () => {
    const ca = await makeCa({ kind: 'EC P-521' })
    for (let n = 0; n < 60; n++) {
      expect((await sign(ca)).verify(ca.certificate.publicKey)).toBe(true)
    }
  })
})

describe('the certificate of another CA', () => {
  it('does not verify, so that the checks above are meaningful', async () => {
    const [ca, other] = [await makeCa(), await makeCa()]
    expect((await sign(ca)).verify(other.certificate.publicKey)).toBe(false)
    expect((await makeLeaf({ key: privateKey('EC P-256') })).certificate.checkIssued(ca.certificate)).toBe(
      false,
    )
  })
})
