import { generateKeyPair, randomBytes, sign, X509Certificate, type KeyObject } from 'node:crypto'
import { promisify } from 'node:util'
import { BitString, Integer, Sequence } from 'asn1js'
import { ActionError } from '../errors.ts'
import { isRegisterCode } from '../register-code.ts'
import { derSerialNumber } from './certificate.ts'
import { keyKindOf, type KeyKind } from './key-kind.ts'
import { algorithmOf, elementIn, issuerOf, nameOf, noCa, signedWith, tagged, timeOf } from './x509.ts'

const generateKeys = promisify(generateKeyPair)
const signWith = promisify<string, Uint8Array, KeyObject, Buffer>(sign)

/** SHA-1 is not fit to sign with; whether the service takes anything else (SHA-3, SM3) is not known. */
const DIGESTS = ['sha256', 'sha384', 'sha512'] as const
type Digest = (typeof DIGESTS)[number]

/** @see RFC 4055 section 5, RFC 5758 section 3.2 */
const SIGNATURES = {
  rsa: {
    sha256: '1.2.840.113549.1.1.11',
    sha384: '1.2.840.113549.1.1.12',
    sha512: '1.2.840.113549.1.1.13',
  },
  ec: {
    sha256: '1.2.840.10045.4.3.2',
    sha384: '1.2.840.10045.4.3.3',
    sha512: '1.2.840.10045.4.3.4',
  },
} as const

/** In which it is counted from 0. */
const VERSION_3 = 2
const MINUTE_MS = 60_000
const DAY_MS = 24 * 60 * MINUTE_MS
/** The clocks of runner and service may differ. */
const BACKDATED_MS = 5 * MINUTE_MS
const FRESH_RSA_BITS = 2048

/**
 * Makes the certificate that proves to the service that its caller holds the CA's private key: the register code is
 * its Common Name, and the CA signs it. It is for a key that is made here and thrown away, as nobody needs it.
 *
 * Its serial number has 128 random bits, as those of public CAs do, so that no register is needed to keep it
 * unique: 16 bytes, and a leading zero byte in DER when the first bit is set. RFC 5280 allows 20 in all.
 *
 * @param parts.key the private key of `ca`; `readCaPrivateKey` checks that
 * @param parts.validDays from now, but not longer than the CA is valid
 * @param nowMs for tests
 * @throws ActionError when the code cannot be one, or the CA certificate cannot be taken apart
 */
export async function makeVerificationCertificate(
  parts: {
    readonly ca: X509Certificate
    readonly key: KeyObject
    readonly registerCode: string
    readonly validDays: number
  },
  nowMs = Date.now(),
): Promise<X509Certificate> {
  requireRegisterCode(parts.registerCode)
  const kind = keyKindOf(parts.key, 'The CA')
  const issuer = issuerOf(parts.ca)
  const digest = digestOf(issuer.signatureAlgorithm)
  const algorithm = algorithmOf(SIGNATURES[kind.type][digest], kind.type)
  const serialNumber = Buffer.from(derSerialNumber(randomBytes(16).toString('hex')), 'hex')
  const { keyIdentifier } = issuer
  // Without a key identifier of the CA a checker would have nothing to compare ours with.
  const extensions = keyIdentifier === undefined ? [noCa()] : [noCa(), signedWith(keyIdentifier)]
  const toBeSigned = new Sequence({
    value: [
      tagged(0, new Integer({ value: VERSION_3 })),
      new Integer({ valueHex: serialNumber }),
      algorithm,
      issuer.name,
      validityWithin(parts.ca, parts.validDays, nowMs),
      nameOf(parts.registerCode),
      elementIn(await freshPublicKey(kind)),
      tagged(3, new Sequence({ value: extensions })),
    ],
  })
  const signature = await signWith(digest, new Uint8Array(toBeSigned.toBER()), parts.key)
  const signed = new Sequence({ value: [toBeSigned, algorithm, new BitString({ valueHex: signature })] })
  return new X509Certificate(new Uint8Array(signed.toBER()))
}

/**
 * The digest with which a certificate made by this CA is signed: the one it was signed with itself, if it is fit. A CA
 * may be signed with an algorithm that has none, such as Ed25519, or none in its identifier, such as RSA-PSS.
 */
function digestOf(algorithm: string): Digest {
  return (
    DIGESTS.find((digest) => Object.values(SIGNATURES).some((of) => of[digest] === algorithm)) ?? 'sha256'
  )
}

function requireRegisterCode(registerCode: string): void {
  if (isRegisterCode(registerCode)) return
  throw new ActionError({
    what: 'What was given as the register code cannot be one',
    fix: 'A register code has 8 to 64 letters, digits and characters of -_.:+/=@~. Pass it on as the service gave it.',
  })
}

function validityWithin(ca: X509Certificate, validDays: number, nowMs: number): Sequence {
  const notBefore = Math.max(nowMs - BACKDATED_MS, ca.validFromDate.getTime())
  const notAfter = Math.min(nowMs + validDays * DAY_MS, ca.validToDate.getTime())
  return new Sequence({ value: [timeOf(notBefore), timeOf(notAfter)] })
}

/** The private half is never exported, and gone with the next garbage collection. */
async function freshPublicKey(kind: KeyKind): Promise<Buffer> {
  const { publicKey } =
    kind.type === 'rsa'
      ? await generateKeys('rsa', { modulusLength: FRESH_RSA_BITS })
      : await generateKeys('ec', { namedCurve: kind.curve })
  return publicKey.export({ type: 'spki', format: 'der' })
}
