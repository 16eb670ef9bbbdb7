import 'reflect-metadata'
import { X509Certificate } from 'node:crypto'
import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import * as x509 from '@peculiar/x509'
import { describe, expect, it } from '@jest/globals'
import { readCaCertificate, readCaPrivateKey, subjectOf } from '../../src/certificates/ca-certificate.ts'
import {
  derSerialNumber,
  isSameCertificate,
  isSameSerialNumber,
  readCertificate,
} from '../../src/certificates/certificate.ts'
import { readPublicKey } from '../../src/certificates/keys.ts'
import { DAY_MS, makeCa, makeLeaf, privateKey, type Issued, type Kind } from '../../testing/certificates.ts'
import { partsOf } from '../support/der.ts'
import { errorOf } from '../support/errors.ts'

function readCa(text: string, nowMs = Date.now()) {
  return readCaCertificate({ input: 'ca-certificate', text }, nowMs)
}

describe('a CA certificate', () => {
  it.each<Kind>(['RSA 2048', 'RSA 3072', 'EC P-256', 'EC P-384', 'EC P-521'])('is read: %s', async (kind) => {
    const ca = await makeCa({ kind })
    expect(isSameCertificate(readCa(ca.pem), ca.certificate)).toBe(true)
  })

  it('is the first one of a chain, whatever the layout of the text', async () => {
    const root = await makeCa()
    const intermediate = await makeCa({ issuer: root, subject: new x509.Name('CN=Intermediate') })
    const chain = `subject=CN = Intermediate\r\n${intermediate.pem.replaceAll('\n', '\r\n')}${root.pem}`
    expect(isSameCertificate(readCa(chain), intermediate.certificate)).toBe(true)
    expect(isSameCertificate(readCa(chain.replaceAll('\r\n', '\\n')), intermediate.certificate)).toBe(true)
    expect(
      isSameCertificate(readCa(intermediate.pem.replaceAll(/^/gm, '  ')), intermediate.certificate),
    ).toBe(true)
    expect(isSameCertificate(readCa(root.pem), intermediate.certificate)).toBe(false)
  })

  it('can be in the same file as its key', async () => {
    const ca = await makeCa()
    const file = ca.key.export({ type: 'pkcs8', format: 'pem' }).toString() + ca.pem
    expect(isSameCertificate(readCa(file), ca.certificate)).toBe(true)
  })

  it('can have the older PEM label of some tools', async () => {
    const ca = await makeCa()
    expect(readCa(ca.pem.replaceAll('CERTIFICATE', 'X509 CERTIFICATE')).ca).toBe(true)
  })

  it('is refused when it is a device certificate', async () => {
    const leaf = await makeLeaf({ issuer: await makeCa() })
    const error = await errorOf(() => readCa(leaf.pem))
    expect(error).toMatch(
      /^The certificate in ca-certificate is not a CA certificate\. Use the certificate that issues.*may be swapped\.$/,
    )
    // The Common Name of a verification certificate is the register code.
    expect(error).not.toContain('device-1')
  })

  it('is refused when its key usage does not let it sign certificates', async () => {
    const { digitalSignature, keyCertSign } = x509.KeyUsageFlags
    const mute = await makeCa({ keyUsages: digitalSignature })
    expect(await errorOf(() => readCa(mute.pem))).toMatch(/is not a CA certificate/)
    expect(readCa((await makeCa({ keyUsages: keyCertSign })).pem).ca).toBe(true)
  })

  it('is accepted from the first to the last second of its validity', async () => {
    const now = Math.floor(Date.now() / 1000) * 1000
    const ca = await makeCa({ notBefore: new Date(now), notAfter: new Date(now + 60_000) })
    expect(readCa(ca.pem, now).ca).toBe(true)
    expect(readCa(ca.pem, now + 60_000).ca).toBe(true)
    expect(await errorOf(() => readCa(ca.pem, now - 1000))).toMatch(
      /^The CA certificate in ca-certificate is not valid before \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ\. Use a certificate that/,
    )
    expect(await errorOf(() => readCa(ca.pem, now + 61_000))).toMatch(
      /^The CA certificate in ca-certificate expired at \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ\. Use a certificate that/,
    )
  })

  it.each<[Kind, RegExp]>([
    ['Ed25519', /is an Ed25519 key, which/],
    ['RSA 1024', /is an RSA key of 1024 bits, which/],
  ])('is refused with a key that the service does not support: %s', async (kind, message) => {
    const ca = await makeCa({ kind })
    expect(await errorOf(() => readCa(ca.pem))).toMatch(message)
  })

  it('is refused when its serial number is not positive', async () => {
    const serialNumber = '72abcdef01234567'
    // Issued by another CA, because a change would break a self-signature.
    const subject = new x509.Name('CN=Intermediate')
    const { certificate } = await makeCa({ serialNumber, subject, issuer: await makeCa() })
    const der = Buffer.from(certificate.raw)
    // The first bit is the sign.
    der[der.indexOf(Buffer.from(serialNumber, 'hex'))] = 0xf2
    const pem = new X509Certificate(der).toString()
    expect(await errorOf(() => readCa(pem))).toMatch(
      /serial number of the CA certificate in .* is negative\. Issue the CA certificate again/,
    )
  })

  it('is refused when its serial number has more than 128 bytes', async () => {
    const long = await makeCa({ serialNumber: `01${'00'.repeat(127)}` })
    // Its first bit is set, so it has a zero byte before it in DER.
    const longWithSign = await makeCa({ serialNumber: `f2${'ab'.repeat(127)}` })
    const tooLong = await makeCa({ serialNumber: `01${'00'.repeat(128)}` })
    expect(readCa(long.pem).serialNumber).toHaveLength(256)
    expect(await errorOf(() => readCa(tooLong.pem))).toMatch(
      /has more than 128 bytes\. Issue .* ApsaraMQ for MQTT does not support longer ones/,
    )
    expect(await errorOf(() => readCa(longWithSign.pem))).toMatch(
      /has more than 128 bytes\. Issue .* ApsaraMQ for MQTT does not support longer ones/,
    )
  })

  it.each([
    [
      'a private key',
      () => privateKey('EC P-256').export({ type: 'sec1', format: 'pem' }).toString(),
      'a private key',
    ],
    ['no END line', () => '-----BEGIN CERTIFICATE-----\nAAAA', 'no complete PEM block'],
  ])('is refused when the input is %s', async (_, text, holds) => {
    expect(await errorOf(() => readCa(text()))).toContain(`The input ca-certificate contains ${holds}`)
  })

  it('is refused when it is damaged', async () => {
    const damaged = '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----'
    expect(await errorOf(() => readCa(damaged))).toMatch(
      /^The certificate in ca-certificate cannot be read\. It may be damaged/,
    )
  })

  it('is refused when only its key is damaged', async () => {
    const { certificate } = await makeCa()
    // An uncompressed EC point starts with 04. 09 is invalid.
    const at = certificate.raw.indexOf(Buffer.from('03420004', 'hex'))
    const raw = Buffer.from(certificate.raw)
    raw[at + 3] = 9
    const pem = `-----BEGIN CERTIFICATE-----\n${raw.toString('base64')}\n-----END CERTIFICATE-----`
    expect(await errorOf(() => readCa(pem))).toMatch(
      /^The certificate in ca-certificate cannot be read\. It may be damaged/,
    )
  })

  it.each<[string, Kind]>([
    ['EC', 'EC P-256'],
    ['RSA', 'RSA 2048'],
    ['Ed25519, which is judged later', 'Ed25519'],
  ])('is refused when it is self-signed and any byte of it was changed: %s', async (_, kind) => {
    const { certificate } = await makeCa({ kind })
    const at = certificate.raw.indexOf(Buffer.from('Example CA'))
    for (const changedAt of [certificate.raw.length - 1, at + 3]) {
      // Changes both names in the same way, so that it remains self-issued.
      const raw = Buffer.from(certificate.raw)
      for (let next = changedAt; next !== -1; next = nextName(raw, next)) raw[next] = raw.readUInt8(next) ^ 1
      const error = await errorOf(() => readCa(new X509Certificate(raw).toString()))
      expect(error).toMatch(
        /^The CA certificate in ca-certificate is self-signed, but its signature is invalid\. The certificate was damaged or changed/,
      )
      expect(error).not.toContain('Exa')
    }

    function nextName(raw: Buffer, changedAt: number): number {
      const next = raw.indexOf(Buffer.from('Example CA'), changedAt + 1)
      return changedAt >= raw.length - 1 || next === -1 ? -1 : next + 3
    }
  })

  it('is refused for an invalid signature before any other reason', async () => {
    const { certificate } = await makeCa({ kind: 'RSA 1024', notAfter: new Date(Date.now() - 1000) })
    const raw = Buffer.from(certificate.raw)
    raw[raw.length - 1] = raw.readUInt8(raw.length - 1) ^ 1
    expect(await errorOf(() => readCa(new X509Certificate(raw).toString()))).toMatch(
      /its signature is invalid/,
    )
    expect(await errorOf(() => readCa(certificate.toString()))).toMatch(/ expired at /)
  })

  it('is refused when it is self-signed with an unknown algorithm', async () => {
    const hex = (await makeCa()).certificate.raw.toString('hex')
    // The OID of ecdsa-with-SHA256, and an unassigned OID.
    const unknown = hex.replaceAll('06082a8648ce3d040302', '06082a8648ce3d04037f')
    expect(unknown).not.toBe(hex)
    const { raw } = new X509Certificate(Buffer.from(unknown, 'hex'))
    expect(await errorOf(() => readCa(new X509Certificate(raw).toString()))).toMatch(
      /its signature is invalid/,
    )
  })

  it('issued by another CA is accepted, because the key of the issuer is unknown', async () => {
    const subject = new x509.Name('CN=Intermediate')
    const { certificate } = await makeCa({ subject, issuer: await makeCa() })
    const raw = Buffer.from(certificate.raw)
    raw[raw.length - 1] = raw.readUInt8(raw.length - 1) ^ 1
    expect(readCa(new X509Certificate(raw).toString()).subject).toBe('CN=Intermediate')
  })

  it.each([
    ['month 13', '261301000000Z'],
    ['an invalid date', 'garbagegarbag'],
    ['an invalid time', '261201000000'.padEnd(13)],
    ['zero bytes', '\0'.repeat(13)],
  ])('is refused when one of its dates cannot be read: %s', async (_, time) => {
    const { certificate } = await makeCa()
    const { times } = partsOf(certificate.raw)
    expect(times).toHaveLength(2)
    for (const good of times) {
      const raw = Buffer.from(certificate.raw.toString('latin1').replace(good, time), 'latin1')
      expect(raw).toHaveLength(certificate.raw.length)
      const text = `-----BEGIN CERTIFICATE-----\n${raw.toString('base64')}\n-----END CERTIFICATE-----`
      // Repeated, because Node returns a date from uninitialized memory when it cannot parse one.
      for (let n = 0; n < 50; n++) {
        readCa(certificate.toString())
        expect(await errorOf(() => readCertificate({ input: 'a-certificate', text }))).toMatch(
          /^The certificate in a-certificate contains an invalid date\. Issue the certificate again/,
        )
      }
    }
  })

  it('is named by its subject in one line', async () => {
    expect(subjectOf((await makeCa()).certificate)).toBe('C=CN, O=Example, CN=Example CA')
    expect(subjectOf((await makeCa({ subject: new x509.Name([]) })).certificate)).toBe('no subject')
  })
})

describe('the private key of a CA', () => {
  const NO_PASSPHRASE = { input: 'ca-private-key-passphrase', values: [] }

  function readKey(ca: Issued, key: KeyObject): KeyObject {
    const pem = { input: 'ca-private-key', text: key.export({ type: 'pkcs8', format: 'pem' }).toString() }
    const chain = { input: 'ca-certificate', text: ca.pem }
    return readCaPrivateKey({ ca: ca.certificate, chain, pem, passphrase: NO_PASSPHRASE })
  }

  it('belongs to its certificate', async () => {
    const ca = await makeCa({ kind: 'EC P-384' })
    expect(readKey(ca, ca.key).equals(ca.key)).toBe(true)
  })

  it.each<[Kind, Kind]>([
    ['EC P-256', 'EC P-256'],
    ['EC P-256', 'EC P-384'],
    ['EC P-256', 'RSA 2048'],
    ['RSA 2048', 'RSA 3072'],
  ])('is refused when it is that of another CA: %s and %s', async (kind, other) => {
    const ca = await makeCa({ kind })
    expect(await errorOf(() => readKey(ca, privateKey(other)))).toMatch(
      /^The private key in ca-private-key does not belong to the CA certificate in ca-certificate\. Use/,
    )
  })

  it('is checked for a supported type before it is compared', async () => {
    const ca = await makeCa()
    expect(await errorOf(() => readKey(ca, privateKey('Ed25519')))).toMatch(
      /^The key in ca-private-key is an Ed25519 key/,
    )
  })
})

describe('a public key', () => {
  const pair = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const read = (text: string) => readPublicKey({ input: 'seal-key', text })

  it.each(['spki', 'pkcs1'] as const)('is read as %s', (type) => {
    expect(read(pair.publicKey.export({ type, format: 'pem' }).toString()).equals(pair.publicKey)).toBe(true)
  })

  it('is read from a certificate', async () => {
    const { pem, certificate } = await makeLeaf()
    expect(read(pem).equals(certificate.publicKey)).toBe(true)
  })

  it.each(['pkcs8', 'pkcs1'] as const)('is never derived from a private key: %s', async (type) => {
    const text = pair.privateKey.export({ type, format: 'pem' }).toString()
    const mixed = pair.publicKey.export({ type: 'spki', format: 'pem' }).toString() + text
    for (const wrong of [text, mixed]) {
      expect(await errorOf(() => read(wrong))).toMatch(
        /^The input seal-key contains (a public key and )?a private key\. Use a public key or a certificate, without/,
      )
    }
  })

  it('is refused when it is damaged', async () => {
    const text = '-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----'
    expect(await errorOf(() => read(text))).toMatch(
      /^The public key in seal-key cannot be read\. It may be damaged/,
    )
  })
})

describe('serial numbers', () => {
  it.each([
    ['007269004887', '7269004887', true],
    ['00F26900BA87', 'f26900ba87', true],
    ['f2:69:00', 'F26900', true],
    ['00', '0', true],
    ['10', '1', false],
    ['f26900ba87', 'f26900ba88', false],
  ])('%s and %s are the same: %s', (one, other, isSame) => {
    expect(isSameSerialNumber(one, other)).toBe(isSame)
    expect(isSameSerialNumber(other, one)).toBe(isSame)
  })
})

describe('a serial number as the service spells it', () => {
  it.each([
    ['F26900BA87', '00f26900ba87'],
    ['00F26900BA87', '00f26900ba87'],
    ['7269004887', '7269004887'],
    ['0000726900', '726900'],
    ['f:26', '0f26'],
    ['80', '0080'],
    ['8', '08'],
    ['0', '00'],
  ])('of %s is %s', (serialNumber, spelled) => {
    expect(derSerialNumber(serialNumber)).toBe(spelled)
  })

  it('contains the bytes of the certificate', async () => {
    for (const serialNumber of ['01', '7f', '80', 'ff00', `f2${'00'.repeat(127)}`]) {
      const { certificate } = await makeCa({ serialNumber })
      const { serialNumber: bytes } = partsOf(certificate.raw)
      expect(derSerialNumber(certificate.serialNumber)).toBe(bytes.toString('hex'))
    }
  })
})

describe('the same certificate', () => {
  it('is recognized by its bytes, whatever the layout of its text', async () => {
    const { certificate, pem } = await makeCa()
    const shown = readCertificate({ input: 'CaContent', text: pem.replaceAll('\n', '\\n') })
    expect(isSameCertificate(certificate, shown)).toBe(true)
    expect(
      isSameCertificate(certificate, (await makeCa({ notAfter: new Date(Date.now() + DAY_MS) })).certificate),
    ).toBe(false)
  })
})
