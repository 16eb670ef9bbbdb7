/** Makes keys, CAs and certificates for tests, demo and benchmarks. They exist in memory only. */
import 'reflect-metadata'
import {
  createPublicKey,
  generateKeyPairSync,
  randomBytes,
  X509Certificate,
  type KeyObject,
} from 'node:crypto'
import * as x509 from '@peculiar/x509'

export const DAY_MS = 24 * 60 * 60 * 1000

/** A kind of key. */
export type Kind = `RSA ${number}` | 'EC P-256' | 'EC P-384' | 'EC P-521' | 'Ed25519'

export type Issued = {
  readonly certificate: X509Certificate
  readonly pem: string
  readonly key: KeyObject
}

type Options = {
  readonly kind?: Kind
  /** Used instead of a new key. */
  readonly key?: KeyObject
  readonly hash?: 'SHA-1' | 'SHA-256' | 'SHA-384' | 'SHA-512'
  readonly subject?: x509.Name | string
  readonly issuer?: Issued
  readonly isCa?: boolean
  readonly keyUsages?: x509.KeyUsageFlags
  readonly extendedKeyUsages?: readonly string[]
  readonly withKeyIdentifier?: boolean
  readonly serialNumber?: string
  readonly notBefore?: Date
  readonly notAfter?: Date
}

/** Returns a private key. RSA keys are slow to make, so each kind is made once per process. */
export function privateKey(kind: Kind): KeyObject {
  const [type, detail = ''] = kind.split(' ')
  if (type === 'EC') return generateKeyPairSync('ec', { namedCurve: detail }).privateKey
  if (type === 'Ed25519') return generateKeyPairSync('ed25519').privateKey
  const known = rsaKeys.get(kind)
  if (known !== undefined) return known
  const { privateKey: key } = generateKeyPairSync('rsa', { modulusLength: Number(detail) })
  rsaKeys.set(kind, key)
  return key
}
const rsaKeys = new Map<Kind, KeyObject>()

/** Returns a private key as PKCS#8 PEM, encrypted if there is a passphrase. */
export function privateKeyPem(key: KeyObject, passphrase?: string): string {
  const encryption = passphrase === undefined ? {} : { cipher: 'aes-256-cbc', passphrase }
  return key.export({ type: 'pkcs8', format: 'pem', ...encryption }).toString()
}

/**
 * Makes a certificate request (PKCS#10, PEM).
 *
 * @param key on the curve P-256; by default a new one, which is discarded
 */
export async function makeRequestPem(commonName: string, key = privateKey('EC P-256')): Promise<string> {
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }
  const request = await x509.Pkcs10CertificateRequestGenerator.create({
    name: `CN=${commonName}`,
    keys: {
      privateKey: key.toCryptoKey(algorithm, false, ['sign']),
      publicKey: createPublicKey(key).toCryptoKey(algorithm, true, ['verify']),
    },
    signingAlgorithm: algorithm,
  })
  return `${request.toString('pem')}\n`
}

/** Makes a CA, self-signed unless an issuer is given. */
export async function makeCa(options: Options = {}): Promise<Issued> {
  return await issue({ isCa: true, subject: 'C=CN, O=Example, CN=Example CA', ...options })
}

/** Makes a certificate that is not a CA certificate, such as that of a device. */
export async function makeLeaf(options: Options = {}): Promise<Issued> {
  return await issue({ isCa: false, subject: 'CN=device-1', ...options })
}

async function issue(options: Options): Promise<Issued> {
  const key = options.key ?? privateKey(options.kind ?? 'EC P-256')
  const publicKey = createPublicKey(key).export({ type: 'spki', format: 'der' })
  const signer = options.issuer?.key ?? key
  const algorithm = signingAlgorithm(signer, options.hash ?? 'SHA-256')
  const issuer = options.issuer && new x509.X509Certificate(options.issuer.certificate.raw).subjectName
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: options.serialNumber ?? `01${randomBytes(8).toString('hex')}`,
    ...(options.subject && { subject: options.subject, issuer: issuer ?? options.subject }),
    notBefore: options.notBefore ?? new Date(Date.now() - 10 * DAY_MS),
    notAfter: options.notAfter ?? new Date(Date.now() + 1000 * DAY_MS),
    publicKey,
    signingKey: signer.toCryptoKey(algorithm, false, ['sign']),
    signingAlgorithm: algorithm,
    extensions: [
      new x509.BasicConstraintsExtension(options.isCa ?? true, undefined, true),
      ...(options.keyUsages === undefined ? [] : [new x509.KeyUsagesExtension(options.keyUsages, true)]),
      ...(options.extendedKeyUsages === undefined
        ? []
        : [new x509.ExtendedKeyUsageExtension([...options.extendedKeyUsages])]),
      ...(options.withKeyIdentifier === false
        ? []
        : [await x509.SubjectKeyIdentifierExtension.create(publicKey)]),
    ],
  })
  const parsed = new X509Certificate(Buffer.from(certificate.rawData))
  return { certificate: parsed, pem: parsed.toString(), key }
}

function signingAlgorithm(key: KeyObject, hash: string) {
  if (key.asymmetricKeyType === 'rsa') return { name: 'RSASSA-PKCS1-v1_5', hash }
  if (key.asymmetricKeyType === 'ed25519') return { name: 'Ed25519' }
  const curves: Record<string, string> = { prime256v1: 'P-256', secp384r1: 'P-384', secp521r1: 'P-521' }
  return { name: 'ECDSA', namedCurve: curves[key.asymmetricKeyDetails?.namedCurve ?? ''] ?? '', hash }
}
