import type { Kms } from '../alibaba-cloud/kms.ts'
import type { KmsKey, NamedKey } from '../alibaba-cloud/kms-key.ts'
import { readCaPrivateKey } from '../certificates/ca-certificate.ts'
import { formatKeyKind, requireCaKey } from '../certificates/keys.ts'
import { remoteSigner, signerInMemory, type Signer } from '../certificates/signer.ts'
import { issuerOf } from '../certificates/x509.ts'
import { ActionError } from '../errors.ts'
import { log, notice } from '../runner/log.ts'
import { mask, maskLines } from '../runner/masking.ts'
import { optionalCaKey, type CaInput, type CaKeyInput } from './ca.ts'
import { INPUTS, VARIABLES } from './credential-names.ts'
import type { ServiceOptions } from './service.ts'
import { missing, missingSecret, optional, secret, UNSET_IS_EMPTY } from './input.ts'

/** The key that signs certificates, as the inputs name it. Nothing is parsed or called yet. */
export type SignerInput =
  { readonly kind: 'at-hand'; readonly key: CaKeyInput } | { readonly kind: 'in-kms'; readonly key: NamedKey }

/** A key that is ready to sign. */
export type ReadySigner = {
  readonly signer: Signer
  readonly kmsKey?: Omit<KmsKey, 'publicKey' | 'keyType'>
  /** For log and summary. */
  readonly words: string
}

const KEY_ID = 'kms-key-id'
const VERSION_ID = 'kms-key-version-id'

/**
 * Reads `ca-private-key`, which it masks, or `kms-key-id`. Call it before any input is checked.
 *
 * @returns `undefined` if neither is set
 * @throws ActionError if both are set, or a value is invalid
 */
export async function optionalSigner(): Promise<SignerInput | undefined> {
  const atHand = await optionalCaKey()
  const inKms = optionalKmsKey()
  if (atHand !== undefined && inKms !== undefined) {
    throw new ActionError({
      what: 'Both ca-private-key and kms-key-id are set',
      fix: 'Set kms-key-id for a key in KMS, or ca-private-key, but not both.',
    })
  }
  if (inKms !== undefined) return { kind: 'in-kms', key: inKms }
  return atHand && { kind: 'at-hand', key: atHand }
}

/**
 * Does the same for a key that must be set.
 *
 * @throws ActionError if it is not, too
 */
export async function requiredSigner(): Promise<SignerInput> {
  const given = await optionalSigner()
  if (given !== undefined) return given
  throw await missingSecret(
    'Missing input: ca-private-key',
    `Set it under "with:" to the CA's private key, as PEM text or as the path of a PEM file, or set kms-key-id to its key in KMS. ${UNSET_IS_EMPTY}`,
  )
}

/**
 * Reads the key in KMS.
 *
 * @returns `undefined` if it is not set
 * @throws ActionError if a value is invalid, or set without `kms-key-id`
 */
export function optionalKmsKey(): NamedKey | undefined {
  const keyId = checked(KEY_ID, /^(?:alias\/)?[\w./-]{1,255}$/, 'the ID of a key in KMS, or alias/NAME')
  const versionId = checked(VERSION_ID, /^[\w-]{1,64}$/, 'the ID of a version, as KMS shows it')
  if (keyId !== undefined) return { keyId, versionId }
  const alone = [VERSION_ID, 'kms-endpoint'].find((name) => optional(name) !== '')
  if (alone === undefined) return undefined
  throw new ActionError({
    what: `${alone} is set without kms-key-id`,
    fix: `Set kms-key-id to the key in KMS, or remove ${alone}. ${UNSET_IS_EMPTY}`,
  })
}

/**
 * Does the same for a key that must be set.
 *
 * @throws ActionError if it is not, too
 */
export function requiredKmsKey(): NamedKey {
  const key = optionalKmsKey()
  if (key !== undefined) return key
  throw missing(KEY_ID, 'alias/device-ca')
}

/** An invalid value is masked and not shown, because it can be a private key by mistake. */
function checked(name: string, form: RegExp, use: string): string | undefined {
  const value = optional(name)
  if (value === '' || form.test(value)) return value || undefined
  maskLines(value)
  throw new ActionError({ what: `Invalid ${name}`, fix: `Use ${use}. The private key itself stays in KMS.` })
}

/**
 * Makes a key ready to sign with a CA: parses it, or finds it in KMS. Checks that it belongs to the certificate.
 *
 * @param connectKms called only for a key there
 * @throws ActionError
 */
export async function openSigner(
  input: SignerInput,
  caInput: CaInput,
  connectKms: () => Promise<Kms>,
): Promise<ReadySigner> {
  if (input.kind === 'at-hand') return openKeyAtHand(input.key, caInput)
  return await openKmsKey(await connectKms(), input.key, caInput.ca.publicKey)
}

/** @throws ActionError if the key cannot be parsed, or does not belong to the certificate */
export function openKeyAtHand(input: CaKeyInput, { ca, chain }: CaInput): ReadySigner {
  const key = readCaPrivateKey({ ca, chain, ...input })
  return {
    signer: signerInMemory(key, issuerOf(ca)),
    words: formatKeyKind(requireCaKey(key, 'The key of the CA')),
  }
}

/**
 * Finds a key in KMS, and makes it ready to sign.
 *
 * @param publicKey of its certificate, if there is one already
 * @throws ActionError if it cannot sign certificates, or does not belong to the certificate
 */
export async function openKmsKey(
  kms: Kms,
  named: NamedKey,
  publicKey?: Signer['publicKey'],
): Promise<ReadySigner> {
  // Loaded only here, because most runs have their key at hand.
  const { findKmsKey, formatKmsKey, signInKms } = await import('../alibaba-cloud/kms-key.ts')
  const { routeTo } = await import('../attempts/proxy.ts')
  log('KMS', routeTo(kms.service.endpoint.host, kms.service.transport.proxy))
  const key = await findKmsKey(kms, named, publicKey)
  return {
    signer: remoteSigner(key, (bytes) => signInKms(kms, key, bytes)),
    kmsKey: key,
    words: `KMS key ${formatKmsKey(key)}`,
  }
}

/**
 * Reads the credential and network inputs of an action that calls KMS and nothing else, if its key is there. Otherwise
 * says that they are not used.
 *
 * @returns connects to KMS
 * @throws ActionError which input is invalid or missing
 */
export async function kmsFor({ kind }: SignerInput, options: ServiceOptions): Promise<() => Promise<Kms>> {
  if (kind === 'in-kms') return await readKms(options)
  noticeUnused(CREDENTIALS.filter((name) => optional(name) !== ''))
  return () => Promise.reject(new Error('the key is not in KMS'))
}

/** Does the same for an action whose key is always in KMS. */
export async function readKms(options: ServiceOptions): Promise<() => Promise<Kms>> {
  // Loaded only here, because most runs of `sign` need neither.
  const { readSecrets } = await import('./credentials.ts')
  const { connect, KMS, readServiceInputs } = await import('./service.ts')
  const secrets = readSecrets(process.env)
  const inputs = await readServiceInputs(process.env, secrets, { ...options, product: KMS })
  return async () => ({ service: await connect(inputs), regionId: inputs.regionId })
}

/**
 * Masks the credentials in the inputs and the environment, used or not. Call it before any input is checked.
 *
 * Not with `readSecrets`, which loads the HTTPS client of Node, and most runs of `sign` make no call.
 */
export function maskCredentials(): void {
  secret(INPUTS.secret)
  secret(INPUTS.token)
  for (const { secret: name, token } of VARIABLES) {
    for (const variable of [name, token]) mask((process.env[variable] ?? '').trim())
  }
}

const CREDENTIALS = [...Object.values(INPUTS), 'role-to-assume', 'oidc-provider-arn']

/** Variables of the environment do not count, because they are for other steps. */
function noticeUnused(inputs: readonly string[]): void {
  if (inputs.length === 0) return
  notice(
    `Not used: ${inputs.join(', ')}. Without kms-key-id, this step calls no service. Remove these inputs, or set kms-key-id.`,
  )
}
