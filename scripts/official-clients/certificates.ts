import 'reflect-metadata'
import { webcrypto } from 'node:crypto'
import * as x509 from '@peculiar/x509'

const RSA = {
  name: 'RSASSA-PKCS1-v1_5',
  hash: 'SHA-256',
  modulusLength: 2048,
  publicExponent: new Uint8Array([1, 0, 1]),
}
const EC = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }
const DAY_MS = 24 * 60 * 60 * 1000

/** A CA and its keys, made for one run. */
export type MadeCa = {
  readonly certificate: x509.X509Certificate
  readonly pem: string
  readonly keys: webcrypto.CryptoKeyPair
}

/** @param about.isCa false for a certificate that only looks like a CA's */
export async function makeCa(about: {
  key: 'RSA' | 'EC'
  serialNumber: string
  isCa?: boolean
}): Promise<MadeCa> {
  const algorithm = about.key === 'RSA' ? RSA : EC
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])
  const certificate = await x509.X509CertificateGenerator.createSelfSigned(
    {
      ...validity(),
      name: `CN=Official clients ${about.key}`,
      serialNumber: about.serialNumber,
      keys,
      signingAlgorithm: algorithm,
      extensions: [new x509.BasicConstraintsExtension(about.isCa ?? true, undefined, true)],
    },
    webcrypto,
  )
  return { certificate, pem: certificate.toString('pem'), keys }
}

/** A certificate over a register code, signed by the CA: PEM. */
export async function makeVerification(ca: MadeCa, code: string): Promise<string> {
  const { publicKey } = await webcrypto.subtle.generateKey(EC, true, ['sign', 'verify'])
  const certificate = await x509.X509CertificateGenerator.create(
    {
      ...validity(),
      subject: [{ CN: [code] }],
      issuer: ca.certificate.subjectName,
      publicKey,
      signingKey: ca.keys.privateKey,
      signingAlgorithm: ca.keys.privateKey.algorithm.name === EC.name ? EC : RSA,
    },
    webcrypto,
  )
  return certificate.toString('pem')
}

function validity(): { notBefore: Date; notAfter: Date } {
  return { notBefore: new Date(Date.now() - DAY_MS), notAfter: new Date(Date.now() + DAY_MS) }
}
