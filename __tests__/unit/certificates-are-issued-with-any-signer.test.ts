import { createPublicKey, sign, X509Certificate } from 'node:crypto'
import { OctetString } from '@peculiar/asn1-schema'
import { id_ce_extKeyUsage, id_kp_clientAuth, ExtendedKeyUsage } from '@peculiar/asn1-x509'
import { describe, expect, it } from '@jest/globals'
import { encodeExtension, issue } from '../../src/certificates/issue.ts'
import type { Signer } from '../../src/certificates/signer.ts'
import { issuerOf } from '../../src/certificates/x509.ts'
import { makeCa, privateKey, type Issued } from '../../testing/certificates.ts'
import { der, partsOf } from '../support/der.ts'

const ECDSA_SHA384 = '1.2.840.10045.4.3.3'

/** Simulates a key that is stored elsewhere: an asynchronous signer with another algorithm. */
function remoteSigner(ca: Issued, signed: Uint8Array[]): Signer {
  return {
    publicKey: createPublicKey(ca.key),
    algorithm: { keyType: 'ec', digest: 'sha384', oid: ECDSA_SHA384 },
    sign: async (bytes) => {
      await new Promise((resolve) => setImmediate(resolve))
      signed.push(bytes)
      return new Uint8Array(sign('sha384', bytes, ca.key))
    },
  }
}

async function issueDevice(ca: Issued, signed: Uint8Array[] = []): Promise<X509Certificate> {
  const profile = {
    subject: der(0x30, der(0x31, der(0x30, der(0x06, Buffer.from('550403', 'hex')), der(0x13, 'device-1')))),
    publicKeyInfo: createPublicKey(privateKey('RSA 2048')).export({ type: 'spki', format: 'der' }),
    extensions: [encodeExtension(id_ce_extKeyUsage, false, new ExtendedKeyUsage([id_kp_clientAuth]))],
    hasSubjectKeyIdentifier: false,
    validDays: 365,
  }
  return await issue({ issuer: issuerOf(ca.certificate), signer: remoteSigner(ca, signed), profile })
}

describe('a certificate of another kind, signed elsewhere,', () => {
  it('verifies with the key of the CA', async () => {
    const ca = await makeCa()
    const certificate = await issueDevice(ca)
    expect(certificate.checkIssued(ca.certificate)).toBe(true)
    expect(certificate.verify(ca.certificate.publicKey)).toBe(true)
    expect(certificate.raw.toString('hex')).toContain('300a06082a8648ce3d040303')
  })

  it('contains what its profile says, byte for byte', async () => {
    const certificate = await issueDevice(await makeCa())
    // PrintableString, as in the profile.
    expect(partsOf(certificate.raw).subject.toString('hex')).toBe(
      '3013' + '3111' + '300f' + '0603550403' + '1308' + Buffer.from('device-1').toString('hex'),
    )
    expect(certificate.publicKey.equals(createPublicKey(privateKey('RSA 2048')))).toBe(true)
    expect(certificate.keyUsage).toEqual([id_kp_clientAuth])
  })

  it('contains the bytes that were signed, and only one set of bytes is signed', async () => {
    const signed: Uint8Array[] = []
    const certificate = await issueDevice(await makeCa(), signed)
    expect(signed).toHaveLength(1)
    expect(certificate.raw.includes(Buffer.from(signed[0] ?? []))).toBe(true)
  })
})

describe('an extension', () => {
  it('states that it is critical only if it is', () => {
    const value = new OctetString(Uint8Array.of(1))
    const encode = (critical: boolean) => Buffer.from(encodeExtension('2.5.29.99', critical, value))
    expect(encode(true).toString('hex')).toBe('300d' + '0603551d63' + '0101ff' + '0403040101')
    expect(encode(false).toString('hex')).toBe('300a0603551d630403040101')
  })
})
