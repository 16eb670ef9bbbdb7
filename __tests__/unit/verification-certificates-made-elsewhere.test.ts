import 'reflect-metadata'
import * as x509 from '@peculiar/x509'
import { describe, expect, it } from '@jest/globals'
import { signerInMemory } from '../../src/certificates/signer.ts'
import {
  checkVerificationCertificate,
  makeVerificationCertificate,
} from '../../src/certificates/verification-certificate.ts'
import { issuerOf } from '../../src/certificates/x509.ts'
import { DAY_MS, makeCa, makeLeaf } from '../../testing/certificates.ts'
import { errorOf } from '../support/errors.ts'

const CODE = '13274673-8f90-4630-bea1-9cccb25756ad2089473625'
const subject = new x509.Name([{ CN: [CODE] }])

describe('a verification certificate made elsewhere', () => {
  it('has its code read', async () => {
    const ca = await makeCa()
    const { certificate } = await makeLeaf({ issuer: ca, subject })
    expect(checkVerificationCertificate({ certificate, ca: ca.certificate })).toBe(CODE)
    expect(checkVerificationCertificate({ certificate, ca: ca.certificate, registerCode: CODE })).toBe(CODE)
  })

  it('is accepted when this action made it', async () => {
    const ca = await makeCa({ kind: 'RSA 2048' })
    const issuer = issuerOf(ca.certificate)
    const signer = signerInMemory(ca.key, issuer)
    const parts = { issuer, signer, registerCode: CODE, validDays: 1 }
    const certificate = await makeVerificationCertificate(parts)
    expect(checkVerificationCertificate({ certificate, ca: ca.certificate, registerCode: CODE })).toBe(CODE)
  })

  it('is refused if it contains another code than register-code, and neither is shown', async () => {
    const ca = await makeCa()
    const { certificate } = await makeLeaf({ issuer: ca, subject })
    const error = await errorOf(() =>
      checkVerificationCertificate({ certificate, ca: ca.certificate, registerCode: 'another' }),
    )
    expect(error).toMatch(
      /^The certificate in verification-certificate contains another register code than the input register-code\. A/,
    )
    expect(error).not.toMatch(new RegExp(`${CODE}|another1`))
  })

  it.each([
    ['several', [{ CN: [CODE] }, { CN: ['two'] }], /has several Common Names\. Make a new certificate/],
    ['no', [{ O: ['Example'] }], /has no Common Name/],
    ['no', [], /has no Common Name/],
  ])('is refused with %s Common Names', async (_, names, message) => {
    const ca = await makeCa()
    const { certificate } = await makeLeaf({ issuer: ca, subject: new x509.Name(names) })
    expect(await errorOf(() => checkVerificationCertificate({ certificate, ca: ca.certificate }))).toMatch(
      message,
    )
  })

  it.each([
    ['two words', 'a code of ours'],
    ['too short', '1234567'],
    ['longer than a Common Name may be', 'x'.repeat(65)],
    ['other letters', 'code-für-geräte'],
    ['a line end', '13274673\n8f90'],
    ['shell syntax', '$(13274673)'],
  ])('is refused with a Common Name that is not a register code, which is not shown: %s', async (_, name) => {
    const ca = await makeCa()
    const { certificate } = await makeLeaf({ issuer: ca, subject: new x509.Name([{ CN: [name] }]) })
    const error = await errorOf(() => checkVerificationCertificate({ certificate, ca: ca.certificate }))
    expect(error).toMatch(
      /^The Common Name of the certificate in verification-certificate is not a register code\. A register code has/,
    )
    expect(error).not.toContain(name)
  })

  it('is refused without its subject if it is swapped with the CA certificate', async () => {
    const ca = await makeCa()
    const { certificate } = await makeLeaf({ issuer: ca, subject })
    const error = await errorOf(() =>
      checkVerificationCertificate({ certificate: ca.certificate, ca: certificate }),
    )
    expect(error).toMatch(
      /^The certificate in verification-certificate was not signed by the CA in ca-certificate.* are not swapped\. In a chain, the first certificate is used\.$/,
    )
    expect(error).not.toContain(CODE)
  })

  it('is refused if another CA of the same name signed it', async () => {
    const [ca, other] = [await makeCa(), await makeCa()]
    // Without key identifiers, so that only the signature differs.
    const twin = await makeCa({ withKeyIdentifier: false })
    const { certificate } = await makeLeaf({ issuer: other, subject })
    for (const wrong of [ca, twin]) {
      expect(
        await errorOf(() => checkVerificationCertificate({ certificate, ca: wrong.certificate })),
      ).toMatch(
        /^The certificate in verification-certificate was not signed by the CA in ca-certificate: its issuer, .*Sign it with the private key of the CA.* not swapped\. In a chain, the first certificate is used\.$/,
      )
    }
  })

  it('is refused if the right key signed it under another name', async () => {
    const ca = await makeCa()
    const renamed = await makeCa({ key: ca.key, subject: new x509.Name('CN=Renamed') })
    const { certificate } = await makeLeaf({ issuer: renamed, subject })
    expect(await errorOf(() => checkVerificationCertificate({ certificate, ca: ca.certificate }))).toMatch(
      /was not signed by the CA/,
    )
  })

  it('is refused if a CA with a key of another kind signed it', async () => {
    const ca = await makeCa({ withKeyIdentifier: false })
    const rsa = await makeCa({ kind: 'RSA 2048', withKeyIdentifier: false })
    const { certificate } = await makeLeaf({ issuer: rsa, subject })
    expect(await errorOf(() => checkVerificationCertificate({ certificate, ca: ca.certificate }))).toMatch(
      /was not signed by the CA/,
    )
  })

  it('is refused if it is the CA certificate', async () => {
    const { certificate } = await makeCa()
    expect(await errorOf(() => checkVerificationCertificate({ certificate, ca: certificate }))).toMatch(
      /^The inputs verification-certificate and ca-certificate contain the same certificate\. Set/,
    )
  })

  it.each([
    [-2 * DAY_MS, -DAY_MS, /^The certificate in verification-certificate expired at/],
    [DAY_MS, 2 * DAY_MS, /^The certificate in verification-certificate is not valid before/],
  ])('is refused outside its validity: from %i to %i', async (from, to, message) => {
    const ca = await makeCa()
    const validity = { notBefore: new Date(Date.now() + from), notAfter: new Date(Date.now() + to) }
    const { certificate } = await makeLeaf({ issuer: ca, subject, ...validity })
    expect(await errorOf(() => checkVerificationCertificate({ certificate, ca: ca.certificate }))).toMatch(
      message,
    )
  })
})
