import { generateKeyPair, type KeyObject, type X509Certificate } from 'node:crypto'
import { promisify } from 'node:util'
import { AsnConvert } from '@peculiar/asn1-schema'
import { AttributeTypeAndValue, AttributeValue, Name, RelativeDistinguishedName } from '@peculiar/asn1-x509'
import { ActionError } from '../errors.ts'
import { isRegisterCode, REGISTER_CODE_RULE } from '../register-code.ts'
import { isSameCertificate, isSignedWith, requireValidNow } from './certificate.ts'
import { commonNameOf } from './common-name.ts'
import { issue, notCa } from './issue.ts'
import { MIN_RSA_BITS, requireCaKey } from './keys.ts'
import type { Signer } from './signer.ts'
import type { Issuer } from './x509.ts'

const generateKeys = promisify(generateKeyPair)

const COMMON_NAME = '2.5.4.3'

/**
 * Makes the certificate that proves to the service that the caller has the private key of the CA: its Common Name is
 * the register code, and the CA signs it. Its own private key is discarded, because nobody needs it.
 *
 * @param parts.signer signs with the private key of `issuer`
 * @param parts.validDays from now, limited by the validity of the CA
 * @param nowMs for tests
 * @throws ActionError if the code cannot be a register code
 */
export async function makeVerificationCertificate(
  parts: {
    readonly issuer: Issuer
    readonly signer: Signer
    readonly registerCode: string
    readonly validDays: number
  },
  nowMs = Date.now(),
): Promise<X509Certificate> {
  const { issuer, signer, registerCode, validDays } = parts
  requireRegisterCode(registerCode)
  const profile = {
    subject: AsnConvert.serialize(commonName(registerCode)),
    publicKeyInfo: (await freshPublicKey(signer.publicKey)).export({ type: 'spki', format: 'der' }),
    extensions: [notCa()],
    hasSubjectKeyIdentifier: false,
    validDays,
  }
  return await issue({ issuer, signer, profile }, nowMs)
}

function requireRegisterCode(registerCode: string): void {
  if (isRegisterCode(registerCode)) return
  throw new ActionError({
    what: 'Invalid register-code',
    fix: `A register code has ${REGISTER_CODE_RULE}. Pass the code exactly as the service returned it.`,
  })
}

/** Returns a name with nothing but a Common Name. */
function commonName(value: string): Name {
  const attribute = new AttributeTypeAndValue({
    type: COMMON_NAME,
    value: new AttributeValue({ utf8String: value }),
  })
  return new Name([new RelativeDistinguishedName([attribute])])
}

/** Makes a key pair of the CA's kind. The private key is never exported. */
async function freshPublicKey(caKey: KeyObject): Promise<KeyObject> {
  const kind = requireCaKey(caKey, 'The key of the CA')
  const { publicKey } =
    kind.type === 'rsa'
      ? await generateKeys('rsa', { modulusLength: MIN_RSA_BITS })
      : await generateKeys('ec', { namedCurve: kind.curve })
  return publicKey
}

/**
 * Checks a verification certificate that was made elsewhere (by an HSM, a KMS or openssl), as far as possible without
 * the service.
 *
 * @param parts.registerCode the code that it must contain, if known
 * @param nowMs for tests
 * @returns the code that it contains: its Common Name
 * @throws ActionError if this CA did not sign it, it is not valid now, or it contains no code or another one
 */
export function checkVerificationCertificate(
  parts: {
    readonly certificate: X509Certificate
    readonly ca: X509Certificate
    readonly registerCode?: string | undefined
  },
  nowMs = Date.now(),
): string {
  const { certificate, ca, registerCode } = parts
  const code = registerCodeIn(certificate, ca)
  requireValidNow(certificate, 'The certificate in verification-certificate', nowMs)
  if (registerCode === undefined || registerCode === code) return code
  throw new ActionError({
    what: 'The certificate in verification-certificate contains another register code than the input register-code',
    fix: 'A code can be used only once. Make a new verification certificate with the code of this registration as its Common Name.',
  })
}

/**
 * Returns the register code in a verification certificate, even if the certificate has expired.
 *
 * @throws ActionError if this CA did not sign it, or it contains no code
 */
export function registerCodeIn(certificate: X509Certificate, ca: X509Certificate): string {
  requireSignedBy(ca, certificate)
  return commonNameOf(certificate)
}

function requireSignedBy(ca: X509Certificate, certificate: X509Certificate): void {
  if (isSameCertificate(certificate, ca)) {
    throw new ActionError({
      what: 'The inputs verification-certificate and ca-certificate contain the same certificate',
      fix: 'Set verification-certificate to a certificate that the CA signed and whose Common Name is the register code. In a chain, the first certificate is used.',
    })
  }
  if (certificate.checkIssued(ca) && isSignedWith(certificate, ca.publicKey)) return
  throw new ActionError({
    // Shows no subject: if the two certificates are swapped, it is the register code.
    what: 'The certificate in verification-certificate was not signed by the CA in ca-certificate: its issuer, key identifier or signature does not match',
    fix: 'Sign it with the private key of the CA that you register, not of a CA above or below it. Check that ca-certificate and verification-certificate are not swapped. In a chain, the first certificate is used.',
  })
}
