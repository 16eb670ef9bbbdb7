import type { KeyObject } from 'node:crypto'
import { describeKey, keyKindOf, MIN_RSA_BITS } from './certificates/keys.ts'
import { ActionError } from './errors.ts'
import { isRegisterCode } from './register-code.ts'

/** The content of a seal, beside the times of sealing and of expiry. */
export type SealedCode = {
  readonly registerCode: string
  readonly instanceId: string
  /** `owner/name`. */
  readonly repository: string
  /** Of the workflow run; all attempts of a run have the same. */
  readonly runId: string
}

/** A key to seal or to open with: the bytes of a passphrase, or half of a key pair. */
export type SealKey = { readonly algorithm: Algorithm; readonly key: Uint8Array | KeyObject }

/** How the content key is encrypted, and what that needs. The only algorithms that are used or accepted. */
const ALGORITHMS = {
  'PBES2-HS512+A256KW': 'a passphrase',
  'RSA-OAEP-256': 'an RSA key',
  'ECDH-ES+A256KW': 'an EC key',
} as const
type Algorithm = keyof typeof ALGORITHMS
const CONTENT_ENCRYPTION = 'A256GCM'

const MIN_PASSPHRASE_LENGTH = 16
/**
 * Makes brute-forcing a passphrase expensive: a guess takes about a quarter of a second. A seal with more rounds is
 * refused, because a forged one could use hours of CPU time.
 */
const PASSPHRASE_ROUNDS = 600_000
const VALID_SECONDS = 24 * 60 * 60
/** How far the clocks of two runners may differ. */
const CLOCK_SKEW_SECONDS = 5 * 60

/**
 * Makes a key from a passphrase.
 *
 * @throws ActionError when it is too short to be a secret
 */
export function passphraseSealKey(passphrase: string): SealKey {
  if (Array.from(passphrase).length >= MIN_PASSPHRASE_LENGTH) {
    return { algorithm: 'PBES2-HS512+A256KW', key: new TextEncoder().encode(passphrase) }
  }
  throw new ActionError({
    what: `Invalid seal-key: the passphrase has fewer than ${MIN_PASSPHRASE_LENGTH} characters`,
    fix: 'Use a long random passphrase (openssl rand -base64 32 makes one) or the PEM text of a key. Store it as a repository secret.',
  })
}

/**
 * Makes a key from half of a key pair.
 *
 * @param key a public key to seal, its private key to open
 * @throws ActionError when a seal cannot use this kind of key
 */
export function keyPairSealKey(key: KeyObject): SealKey {
  const kind = keyKindOf(key)
  if (kind?.type === 'rsa') return { algorithm: 'RSA-OAEP-256', key }
  if (kind?.type === 'ec') return { algorithm: 'ECDH-ES+A256KW', key }
  throw new ActionError({
    what: `Invalid seal-key: ${describeKey(key)} cannot be used for a seal`,
    fix: `Use an RSA key with at least ${MIN_RSA_BITS} bits, or an EC key on P-256, P-384 or P-521.`,
  })
}

/**
 * Seals a register code for another job of the same workflow run: a compact JWE that shows only the parameters of its
 * algorithms. It expires after 24 hours.
 *
 * A public key determines who can open the seal. It does not prove who made it: everybody can have that key.
 *
 * @param nowMs for tests
 */
export async function seal(
  code: SealedCode,
  { algorithm, key }: SealKey,
  nowMs = Date.now(),
): Promise<string> {
  // Loaded only here, because most runs of the root action make no seal.
  const { CompactEncrypt } = await import('jose')
  const issuedAt = Math.floor(nowMs / 1000)
  const claims = {
    register_code: code.registerCode,
    instance_id: code.instanceId,
    repository: code.repository,
    run_id: code.runId,
    iat: issuedAt,
    exp: issuedAt + VALID_SECONDS,
  }
  const jwe = new CompactEncrypt(new TextEncoder().encode(JSON.stringify(claims)))
  jwe.setProtectedHeader({ alg: algorithm, enc: CONTENT_ENCRYPTION })
  if (algorithm === 'PBES2-HS512+A256KW') jwe.setKeyManagementParameters({ p2c: PASSPHRASE_ROUNDS })
  return await jwe.encrypt(key)
}

/**
 * Opens a seal. Checks that it was made in this workflow run and has not expired.
 *
 * @param nowMs for tests
 * @returns the code, not masked yet
 * @throws ActionError why not; a wrong key cannot be told from a changed seal
 */
export async function openSeal(
  sealed: string,
  { algorithm, key }: SealKey,
  run: { readonly repository: string; readonly runId: string },
  nowMs = Date.now(),
): Promise<SealedCode> {
  const sealedFor = algorithmOf(sealed)
  if (sealedFor !== undefined && sealedFor !== algorithm) {
    throw new ActionError({
      what: `The seal needs ${ALGORITHMS[sealedFor]}, but seal-key is ${ALGORITHMS[algorithm]}`,
      fix: 'Set seal-key to the passphrase that made the seal, or to the private key of the public key that made it.',
    })
  }
  const { code, expiresMs } = readClaims(await decrypt(sealed, { algorithm, key }), nowMs)
  requireSame('repository', code.repository, run.repository)
  requireSame('workflow run', code.runId, run.runId)
  if (nowMs < expiresMs) return code
  throw new ActionError({
    what: `The seal expired at ${new Date(expiresMs).toISOString()}`,
    fix: 'A seal is valid for 24 hours. Run the job that fetches the register code again.',
  })
}

/** The algorithm that the header of a seal names, if it is one of ours. Nothing is verified yet. */
function algorithmOf(sealed: string): Algorithm | undefined {
  try {
    const header = JSON.parse(Buffer.from(sealed.split('.', 1)[0] ?? '', 'base64url').toString()) as unknown
    const named = (header as { readonly alg?: unknown } | null)?.alg
    return (Object.keys(ALGORITHMS) as Algorithm[]).find((algorithm) => algorithm === named)
  } catch {
    return undefined
  }
}

async function decrypt(sealed: string, { algorithm, key }: SealKey): Promise<Uint8Array> {
  const { compactDecrypt } = await import('jose')
  try {
    // The last character of a part can have unused bits. A seal that was changed there would still open.
    if (!sealed.split('.').every(isCanonical)) throw new Error('not canonical base64url')
    const { plaintext } = await compactDecrypt(sealed, key, {
      keyManagementAlgorithms: [algorithm],
      contentEncryptionAlgorithms: [CONTENT_ENCRYPTION],
      maxPBES2Count: PASSPHRASE_ROUNDS,
      maxDecompressedLength: 0,
    })
    return plaintext
  } catch (cause) {
    throw new ActionError({
      what: 'The seal cannot be opened: seal-key is the wrong key, or sealed-register-code was changed',
      fix: 'Set seal-key to the passphrase that made the seal, or to the private key of the public key that made it. Pass sealed-register-code on unchanged.',
      cause,
    })
  }
}

function isCanonical(part: string): boolean {
  return Buffer.from(part, 'base64url').toString('base64url') === part
}

function readClaims(
  plaintext: Uint8Array,
  nowMs: number,
): { readonly code: SealedCode; readonly expiresMs: number } {
  const claims = parseObject(new TextDecoder().decode(plaintext))
  const { register_code: registerCode, instance_id: instanceId, repository, run_id: runId, iat, exp } = claims
  if (
    isRegisterCode(registerCode) &&
    isInstanceId(instanceId) &&
    typeof repository === 'string' &&
    typeof runId === 'string' &&
    isTime(iat) &&
    isTime(exp) &&
    exp > iat &&
    exp - iat <= VALID_SECONDS &&
    // A seal from the future would be valid for longer than 24 hours.
    iat <= nowMs / 1000 + CLOCK_SKEW_SECONDS
  ) {
    return { code: { registerCode, instanceId, repository, runId }, expiresMs: exp * 1000 }
  }
  throw new ActionError({
    what: 'Invalid sealed-register-code: the seal contains no valid register code',
    fix: 'Pass on the output sealed-register-code of the action that fetched the code. Use the same version of both actions.',
  })
}

function parseObject(text: string): Readonly<Record<string, unknown>> {
  try {
    // Destructuring works on any other JSON value, but not on null.
    return (JSON.parse(text) ?? {}) as Readonly<Record<string, unknown>>
  } catch {
    return {}
  }
}

/** Whether a value is safe as a step output: one word in any script. */
function isInstanceId(value: unknown): value is string {
  return typeof value === 'string' && /^[A-Za-z0-9\-_.:+/=@~]{1,64}$/.test(value)
}

/** Seconds since 1970. */
function isTime(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0
}

function requireSame(what: string, sealedIn: string, here: string): void {
  if (sealedIn === here) return
  throw new ActionError({
    what: `The seal was made in the ${what} ${sealedIn}, but this is ${here}`,
    foreign: [sealedIn],
    fix: 'A seal can be opened only in the workflow run that made it, by any job and any attempt.',
  })
}
