import type { X509Certificate } from 'node:crypto'
import type { Timing } from '../attempts/retry.ts'
import { isFingerprintOf, isSameSerialNumber, readCertificate } from '../certificates/certificate.ts'
import type { PemText } from '../certificates/pem.ts'
import {
  checkVerificationCertificate,
  makeVerificationCertificate,
  registerCodeIn,
} from '../certificates/verification-certificate.ts'
import { issuerOf } from '../certificates/x509.ts'
import { ActionError } from '../errors.ts'
import { flag, missingSecret, oneOf, required, UNSET_IS_EMPTY } from '../inputs/input.ts'
import { optionalCertificate } from '../inputs/pem.ts'
import { readRegisterCode } from '../inputs/register-code.ts'
import { optionalSerialNumber, type SerialNumber } from '../inputs/serial-number.ts'
import { KMS, readEndpoint, readServiceInputs, type ServiceInputs } from '../inputs/service.ts'
import {
  openKeyAtHand,
  openKmsKey,
  optionalSigner,
  type ReadySigner,
  type SignerInput,
} from '../inputs/signer.ts'
import { readCaCertificateInput, readValidDays, type CaInput } from '../inputs/ca.ts'
import { readSecrets } from '../inputs/credentials.ts'
import type { CaToRegister, Maker, Proof } from '../mqtt/register-ca.ts'
import type { OnReplace } from '../mqtt/retire-ca.ts'
import { mask, withholdCertificate } from '../runner/masking.ts'

/** The inputs of `register`. */
export type RegisterInputs = {
  readonly service: ServiceInputs
  readonly instanceId: string
  readonly ca: CaToRegister
  readonly predecessor: Predecessor | undefined
  /** Whether to look only. */
  readonly isDryRun: boolean
}

/** The CA that this one replaces. */
export type Predecessor = { readonly serialNumber: SerialNumber; readonly onReplace: OnReplace | 'keep' }

/** The given proof that the caller has the CA's key, not checked yet. */
type GivenProof =
  | { readonly kind: 'key'; readonly key: SignerInput }
  | { readonly kind: 'certificate'; readonly pem: PemText; readonly registerCode: string }

/**
 * Reads the inputs of `register`, and checks in the certificates what the service would reject.
 *
 * @param timing for tests, which wait less than users
 * @throws ActionError
 */
export async function readRegisterInputs(timing?: Timing): Promise<RegisterInputs> {
  // Both first, because they mask all secrets: of the credentials, and the key, its passphrase and the code.
  const secrets = readSecrets(process.env)
  const given = await readGivenProof()
  const service = await readServiceInputs(process.env, secrets, { timing })
  const instanceId = required('instance-id', 'post-cn-7mz2d******')
  const name = required('ca-name', 'devices-2026')
  const activate = flag('activate')
  const isDryRun = flag('dry-run')
  const caInput = await readCaCertificateInput()
  const certificate = caInput.ca
  const predecessor = readPredecessor(certificate)
  const proof =
    given.kind === 'key' ? madeWith(given.key, caInput, service.regionId) : checked(given, certificate)
  return { service, instanceId, ca: { certificate, name, activate, proof }, predecessor, isDryRun }
}

async function readGivenProof(): Promise<GivenProof> {
  const key = await optionalSigner()
  const registerCode = readRegisterCode()
  const pem = await optionalCertificate('verification-certificate')
  const name = key?.kind === 'in-kms' ? 'kms-key-id' : 'ca-private-key'
  if (key !== undefined && pem !== undefined) {
    throw new ActionError({
      what: `Both verification-certificate and ${name} are set`,
      fix: `Set verification-certificate if it was made elsewhere, or ${name} to make it in this step.`,
    })
  }
  if (key !== undefined) {
    if (registerCode === '') return { kind: 'key', key }
    throw new ActionError({
      what: `Both register-code and ${name} are set`,
      fix: `Remove register-code: with ${name}, this action fetches a code itself. Set register-code only with verification-certificate.`,
    })
  }
  if (pem !== undefined) return { kind: 'certificate', pem, registerCode }
  throw await missingSecret(
    'Neither verification-certificate nor ca-private-key is set',
    `Set ca-private-key or kms-key-id to make the verification certificate in this step, or verification-certificate if it was made elsewhere. ${UNSET_IS_EMPTY}`,
  )
}

/** A key at hand is checked now, before any call. A key in KMS is checked there, if the CA is not registered yet. */
function madeWith(input: SignerInput, caInput: CaInput, regionId: string | undefined): Proof {
  const validDays = readValidDays('verification')
  if (input.kind === 'at-hand') {
    const maker = makerWith(openKeyAtHand(input.key, caInput), caInput, validDays)
    return { kind: 'made', open: () => Promise.resolve(maker) }
  }
  const endpoint = readEndpoint(process.env, KMS)
  return {
    kind: 'made',
    open: async (service) => {
      const kms = { service: { ...service, endpoint }, regionId }
      return makerWith(await openKmsKey(kms, input.key, caInput.ca.publicKey), caInput, validDays)
    },
  }
}

function makerWith({ signer, words, kmsKey }: ReadySigner, { ca }: CaInput, validDays: number): Maker {
  return {
    kmsKey: kmsKey && words,
    make: async (code) => {
      const registerCode = mask(code)
      const issuer = issuerOf(ca)
      const certificate = await makeVerificationCertificate({ issuer, signer, registerCode, validDays })
      return withholdCertificate(certificate.toString())
    },
  }
}

function checked(given: GivenProof & { readonly kind: 'certificate' }, ca: X509Certificate): Proof {
  const certificate = readCertificate(given.pem)
  const registerCode = mask(registerCodeIn(certificate, ca))
  const pem = withholdCertificate(certificate.toString())
  return { kind: 'given', pem, registerCode, rejection: rejectionOf(certificate, ca, given.registerCode) }
}

/** Returned and not thrown, because a run for a registered CA must not fail when this certificate has expired in the meantime. */
function rejectionOf(
  certificate: X509Certificate,
  ca: X509Certificate,
  registerCode: string,
): ActionError | undefined {
  try {
    checkVerificationCertificate({ certificate, ca, registerCode: registerCode || undefined })
    return undefined
  } catch (error) {
    if (error instanceof ActionError) return error
    throw error
  }
}

function readPredecessor(ca: X509Certificate): Predecessor | undefined {
  const onReplace = oneOf('on-replace', ['inactivate', 'delete', 'keep'])
  const serialNumber = optionalSerialNumber('replaces')
  if (serialNumber === undefined) return undefined
  const { text, readings } = serialNumber
  const isItself = (one: string): boolean =>
    isSameSerialNumber(one, ca.serialNumber) || isFingerprintOf(ca, one)
  if (!readings.some(isItself)) return { serialNumber, onReplace }
  throw new ActionError({
    what: `The input replaces names the CA itself: ${text}`,
    fix: 'Set replaces to the serial number of the CA that this one replaces, or remove it.',
  })
}
