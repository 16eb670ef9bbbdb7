import { verify, type KeyObject } from 'node:crypto'
import { ActionError } from '../errors.ts'
import {
  asymmetricSign,
  describeKey,
  getPublicKey,
  listKeyVersions,
  type KeyDescription,
  type KeyVersion,
  type Kms,
} from './kms.ts'

/** A version of a key in KMS that can sign certificates. */
export type KmsKey = KeyVersion & {
  readonly spec: string
  readonly keyType: 'rsa' | 'ec'
  readonly publicKey: KeyObject
}

/** A key as the inputs name it. */
export type NamedKey = {
  /** An ID or `alias/NAME`. */
  readonly keyId: string
  readonly versionId: string | undefined
}

/**
 * The key specs that can sign certificates of devices, and the algorithm of each.
 *
 * @see https://www.alibabacloud.com/help/en/kms/user-guide/key-types-and-specifications
 */
const SPECS: Readonly<Record<string, Spec>> = {
  RSA_2048: { keyType: 'rsa', size: 2048, algorithm: 'RSA_PKCS1_SHA_256' },
  RSA_3072: { keyType: 'rsa', size: 3072, algorithm: 'RSA_PKCS1_SHA_256' },
  RSA_4096: { keyType: 'rsa', size: 4096, algorithm: 'RSA_PKCS1_SHA_256' },
  EC_P256: { keyType: 'ec', size: 'prime256v1', algorithm: 'ECDSA_SHA_256' },
}

/** Of an RSA key, the size is its bits; of an EC key, OpenSSL's name of the curve. */
type Spec = {
  readonly keyType: KmsKey['keyType']
  readonly size: number | string
  readonly algorithm: string
}

/**
 * Finds the version of a key that signs, and checks that it can.
 *
 * @param publicKey of the CA certificate, which chooses the version; without it, the key must have a single one
 * @throws ActionError
 */
export async function findKmsKey(kms: Kms, named: NamedKey, publicKey?: KeyObject): Promise<KmsKey> {
  const described = await describeKey(kms, named.keyId)
  const keySpec = requireSigningKey(described, named)
  const { keyType } = keySpec
  const { id: keyId, spec } = described
  const versionIds = await candidatesOf(kms, described, named, publicKey)
  for (const versionId of versionIds) {
    const candidate = await getPublicKey(kms, { keyId, versionId }, (key) => isOf(keySpec, key))
    if (publicKey === undefined || candidate.equals(publicKey)) {
      return { keyId, versionId, spec, keyType, publicKey: candidate }
    }
  }
  const versions =
    versionIds.length === 1
      ? `version ${versionIds.join()} of the key has`
      : `all ${versionIds.length} versions of the key have`
  throw new ActionError({
    what: `The certificate in ca-certificate does not belong to the key ${keyId} in KMS: ${versions} another public key`,
    fix: 'Set kms-key-id to the key that the CA certificate was made with, and kms-key-version-id, if set, to its version. The certificate of a key in KMS comes from create-ca.',
  })
}

/** Signs bytes, and checks the signature, because a wrong one would make a certificate that no device can use. */
export async function signInKms(kms: Kms, key: KmsKey, bytes: Uint8Array): Promise<Buffer> {
  const { algorithm } = specOf(key.spec)
  const isValid = (signature: Buffer): boolean => verify('sha256', bytes, key.publicKey, signature)
  return await asymmetricSign(kms, key, { algorithm, bytes, isValid })
}

function isOf({ keyType, size }: Spec, { asymmetricKeyType, asymmetricKeyDetails = {} }: KeyObject): boolean {
  const { modulusLength, namedCurve } = asymmetricKeyDetails
  return asymmetricKeyType === keyType && size === (keyType === 'rsa' ? modulusLength : namedCurve)
}

/** Formats a key for log, summary and report. Nothing of it is secret. */
export function formatKmsKey({ keyId, versionId, spec }: Omit<KmsKey, 'publicKey' | 'keyType'>): string {
  return `${keyId}, version ${versionId}, ${spec}`
}

function specOf(spec: string): Spec {
  const known = Object.hasOwn(SPECS, spec) ? SPECS[spec] : undefined
  if (known === undefined) throw new Error(`unknown key spec ${spec}`)
  return known
}

function requireSigningKey({ id, spec, usage, state }: KeyDescription, { keyId }: NamedKey): Spec {
  const key = keyId === id ? `The key ${id}` : `The key ${id} (${keyId})`
  const use =
    'Use an asymmetric key for SIGN/VERIFY with the key spec EC_P256 or RSA_2048, RSA_3072 or RSA_4096.'
  if (usage !== 'SIGN/VERIFY') {
    throw new ActionError({ what: `${key} in KMS is for ${usage}, and not for signing`, fix: use })
  }
  if (!Object.hasOwn(SPECS, spec)) {
    throw new ActionError({
      what: `${key} in KMS has the key spec ${spec}, which cannot be used for the certificates of devices`,
      fix: `${use} A key spec cannot be changed: make a new key, and a new CA with it.`,
    })
  }
  if (state !== 'Enabled') {
    throw new ActionError({ what: `${key} in KMS is not enabled: its state is ${state}`, fix: fixOf(state) })
  }
  return specOf(spec)
}

function fixOf(state: string): string {
  if (state === 'PendingDeletion') {
    return 'Cancel the deletion in KMS at once if the CA is in use. After it, nothing can be signed with this CA any more.'
  }
  return state === 'Disabled'
    ? 'Enable it in KMS. If somebody disabled it because the CA must not sign any more, use another CA.'
    : 'Look at the key in the console of KMS: it must be Enabled.'
}

/** The versions to look at: the one that was named, or all of them, the primary one first. */
async function candidatesOf(
  kms: Kms,
  { id, primaryVersionId }: KeyDescription,
  { versionId }: NamedKey,
  publicKey: KeyObject | undefined,
): Promise<string[]> {
  if (versionId !== undefined) return [versionId]
  const all = await listKeyVersions(kms, id)
  if (publicKey === undefined && all.length > 1) {
    throw new ActionError({
      what: `The key ${id} in KMS has ${all.length} versions, each with a key pair of its own`,
      fix: `Set kms-key-version-id to the version to use: ${all.join(', ')}.`,
    })
  }
  return all.toSorted((a, b) => Number(b === primaryVersionId) - Number(a === primaryVersionId))
}
