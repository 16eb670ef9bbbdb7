import 'reflect-metadata'
import { webcrypto } from 'node:crypto'
import * as x509 from '@peculiar/x509'

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }
const LIFETIME_MS = 30 * 24 * 60 * 60 * 1000

/** PEM texts: the CA to trust, and what the server shows. */
export type TlsIdentity = { readonly ca: string; readonly certificate: string; readonly privateKey: string }

/**
 * Makes a CA and, with it, a certificate for loopback, for the service's names in these regions and for GitHub's, so that a
 * proxy can be given real-looking names. The CA's key is thrown away.
 */
export async function makeTlsIdentity(regionIds: readonly string[]): Promise<TlsIdentity> {
  const caKeys = await makeKeys()
  const ca = await x509.X509CertificateGenerator.createSelfSigned(
    {
      ...validity(),
      serialNumber: serial(),
      name: 'CN=Emulator CA',
      keys: caKeys,
      signingAlgorithm: ALGORITHM,
      extensions: [
        new x509.BasicConstraintsExtension(true, 0, true),
        new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign, true),
        await x509.SubjectKeyIdentifierExtension.create(caKeys.publicKey, false, webcrypto),
      ],
    },
    webcrypto,
  )
  const keys = await makeKeys()
  const leaf = await x509.X509CertificateGenerator.create(
    {
      ...validity(),
      serialNumber: serial(),
      subject: 'CN=Emulator',
      issuer: ca.subjectName,
      publicKey: keys.publicKey,
      signingKey: caKeys.privateKey,
      signingAlgorithm: ALGORITHM,
      extensions: [
        new x509.BasicConstraintsExtension(false, undefined, true),
        new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
        new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
        await x509.AuthorityKeyIdentifierExtension.create(ca, false, webcrypto),
        new x509.SubjectAlternativeNameExtension(names(regionIds)),
      ],
    },
    webcrypto,
  )
  const privateKey = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey))
  return {
    ca: ca.toString('pem'),
    certificate: leaf.toString('pem'),
    privateKey: x509.PemConverter.encode(privateKey, 'PRIVATE KEY'),
  }
}

/** A wildcard stands for one label only, so each region needs its own. */
function names(regionIds: readonly string[]): x509.JsonGeneralNames {
  const dns = [
    'localhost',
    '*.aliyuncs.com',
    '*.actions.githubusercontent.com',
    ...regionIds.map((regionId) => `*.${regionId}.aliyuncs.com`),
  ]
  return [
    ...[...new Set(dns)].map((value) => ({ type: 'dns' as const, value })),
    { type: 'ip', value: '127.0.0.1' },
    { type: 'ip', value: '::1' },
  ]
}

async function makeKeys(): Promise<webcrypto.CryptoKeyPair> {
  return webcrypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, true, ['sign', 'verify'])
}

function validity(): { notBefore: Date; notAfter: Date } {
  const now = Date.now()
  return { notBefore: new Date(now - 60 * 60 * 1000), notAfter: new Date(now + LIFETIME_MS) }
}

function serial(): string {
  return Buffer.from(webcrypto.getRandomValues(new Uint8Array(16))).toString('hex')
}
