import 'reflect-metadata'
import { randomBytes, webcrypto } from 'node:crypto'
import * as x509 from '@peculiar/x509'

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }
const LIFETIME_MS = 30 * 24 * 60 * 60 * 1000

/** PEM texts: the CA to trust, and the certificate and key of the server. */
export type TlsIdentity = { readonly ca: string; readonly certificate: string; readonly privateKey: string }

/**
 * Makes a CA and a server certificate that it issued. The certificate covers loopback, the service's names in these
 * regions and GitHub's names, because clients behind a proxy use those. The CA's key is discarded.
 */
export async function makeTlsIdentity(regionIds: readonly string[]): Promise<TlsIdentity> {
  const caKeys = await makeKeys()
  const caName = 'CN=Emulator CA'
  const signer = { issuer: caName, signingKey: caKeys.privateKey }
  const ca = await issue({ subject: caName, publicKey: caKeys.publicKey, ...signer }, [
    new x509.BasicConstraintsExtension(true, 0, true),
    new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign, true),
    await x509.SubjectKeyIdentifierExtension.create(caKeys.publicKey, false, webcrypto),
  ])
  const keys = await makeKeys()
  const certificate = await issue({ subject: 'CN=Emulator', publicKey: keys.publicKey, ...signer }, [
    new x509.BasicConstraintsExtension(false, undefined, true),
    new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
    new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
    await x509.AuthorityKeyIdentifierExtension.create(ca, false, webcrypto),
    new x509.SubjectAlternativeNameExtension(names(regionIds)),
  ])
  const privateKey = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey))
  return {
    // The PEM of the library lacks the final line break, which is needed to append another certificate.
    ca: `${ca.toString('pem')}\n`,
    certificate: certificate.toString('pem'),
    privateKey: x509.PemConverter.encode(privateKey, 'PRIVATE KEY'),
  }
}

async function issue(
  names: {
    readonly subject: string
    readonly publicKey: webcrypto.CryptoKey
    readonly issuer: string
    readonly signingKey: webcrypto.CryptoKey
  },
  extensions: x509.Extension[],
): Promise<x509.X509Certificate> {
  const now = Date.now()
  const serialNumber = randomBytes(16).toString('hex')
  const validity = { notBefore: new Date(now - 60 * 60 * 1000), notAfter: new Date(now + LIFETIME_MS) }
  return x509.X509CertificateGenerator.create(
    { ...names, ...validity, serialNumber, signingAlgorithm: ALGORITHM, extensions },
    webcrypto,
  )
}

/** A wildcard matches one label only, so each region needs its own. */
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
