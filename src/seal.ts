import type { KeyObject } from 'node:crypto'
import { ActionError } from './errors.ts'
import { isRegisterCode } from './register-code.ts'

/** What travels inside a seal, beside the times of sealing and of expiry. */
export type SealedCode = {
  readonly registerCode: string
  readonly instanceId: string
  /** `owner/name`. */
  readonly repository: string
  /** Of the workflow run; all attempts of a run have the same. */
  readonly runId: string
}

/** A key to seal with or to open with: a passphrase's bytes, or half of a key pair. */
export type SealKey = { readonly algorithm: Algorithm; readonly key: Uint8Array | KeyObject }

/** How the key of the content is encrypted. The only algorithms that a seal is made with or opened with. */
const ALGORITHMS = {
  'PBES2-HS512+A256KW': 'a passphrase',
  'RSA-OAEP-256': 'an RSA key',
  'ECDH-ES+A256KW': 'an EC key',
} as const
type Algorithm = keyof typeof ALGORITHMS
const CONTENT_ENCRYPTION = 'A256GCM'

const MIN_PASSPHRASE_LENGTH = 16
const MIN_RSA_BITS = 2048
/** OpenSSL's names of P-256, P-384 and P-521. */
const CURVES = ['prime256v1', 'secp384r1', 'secp521r1']
/**
 * Makes guessing a passphrase dear: about a quarter of a second for a guess. A seal that asks for more is refused,
 * or a forged one could burn hours.
 */
const PASSPHRASE_ROUNDS = 600_000
const VALID_SECONDS = 24 * 60 * 60
/** The clocks of two runners may differ. */
const CLOCK_SKEW_SECONDS = 5 * 60

/** @throws ActionError when it is too short to keep anything secret */
export function passphraseSealKey(passphrase: string): SealKey {
  if (Array.from(passphrase).length >= MIN_PASSPHRASE_LENGTH) {
    return { algorithm: 'PBES2-HS512+A256KW', key: new TextEncoder().encode(passphrase) }
  }
  throw new ActionError({
    what: `The input seal-key is a passphrase of fewer than ${MIN_PASSPHRASE_LENGTH} characters`,
    fix: 'Give a long random one from the secrets of the repository (openssl rand -base64 32 makes one), or a key as PEM text.',
  })
}

/**
 * @param key a public key to seal, its private key to open
 * @throws ActionError when it is of a kind that is not used
 */
export function keyPairSealKey(key: KeyObject): SealKey {
  const { asymmetricKeyType: type = '', asymmetricKeyDetails: { modulusLength = 0, namedCurve = '' } = {} } =
    key
  if (type === 'rsa' && modulusLength >= MIN_RSA_BITS) return { algorithm: 'RSA-OAEP-256', key }
  if (type === 'ec' && CURVES.includes(namedCurve)) return { algorithm: 'ECDH-ES+A256KW', key }
  const detail =
    type === 'rsa' ? ` of ${modulusLength} bits` : type === 'ec' ? ` on the curve ${namedCurve}` : ''
  throw new ActionError({
    what: `The input seal-key holds a key that cannot be used for a seal: ${type}${detail}`,
    fix: `It takes RSA of ${MIN_RSA_BITS} bits or more, or EC on P-256, P-384 or P-521.`,
  })
}

/**
 * Seals a register code for another job of the same workflow run: a compact JWE, whose readable part holds
 * nothing but the parameters of the algorithms. It expires after 24 hours.
 *
 * A seal made with a public key says who can read it, not who made it: everybody can have that key.
 *
 * @param nowMs for tests
 */
export async function seal(
  code: SealedCode,
  { algorithm, key }: SealKey,
  nowMs = Date.now(),
): Promise<string> {
  const { CompactEncrypt } = await loadJose()
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
 * Opens a seal, and checks that it was made in this workflow run and has not expired.
 *
 * @param nowMs for tests
 * @returns the code, not masked yet
 * @throws ActionError why not; a wrong key and a changed seal cannot be told apart
 */
export async function openSeal(
  sealed: string,
  { algorithm, key }: SealKey,
  run: { readonly repository: string; readonly runId: string },
  nowMs = Date.now(),
): Promise<SealedCode> {
  const madeFor = algorithmOf(sealed)
  if (madeFor !== undefined && madeFor !== algorithm) {
    throw new ActionError({
      what: `The seal was made for ${ALGORITHMS[madeFor]}, and the input seal-key is ${ALGORITHMS[algorithm]}`,
      fix: 'Give the passphrase with which it was made, or the private key of the public key.',
    })
  }
  const claims = readClaims(await decrypt(sealed, { algorithm, key }), nowMs)
  requireSame('repository', claims.code.repository, run.repository)
  requireSame('workflow run', claims.code.runId, run.runId)
  if (nowMs < claims.expiresMs) return claims.code
  throw new ActionError({
    what: `The seal expired at ${new Date(claims.expiresMs).toISOString()}`,
    fix: 'A seal is valid for 24 hours. Run the job that fetches the register code again.',
  })
}

/** Loaded when a seal is asked for: most runs of the root action make none. */
async function loadJose() {
  return await import('jose')
}

/** The algorithm that a seal says it was made with, if it is one of ours. Nothing has been verified yet. */
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
  const { compactDecrypt } = await loadJose()
  try {
    // The last character of a part may have bits that decode to nothing: changed there, it would open all the same.
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
      what: 'The seal could not be opened: either the input seal-key is not the key it was made for, or the seal was changed on its way',
      fix: 'Give the same passphrase as the step that made the seal, or the private key of its public key, and pass sealed-register-code on as it is.',
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
    // Made in the future, it would be valid for longer than it may.
    iat <= nowMs / 1000 + CLOCK_SKEW_SECONDS
  ) {
    return { code: { registerCode, instanceId, repository, runId }, expiresMs: exp * 1000 }
  }
  throw new ActionError({
    what: 'The seal was opened, and does not hold what a sealed register code holds',
    fix: 'Pass on the output sealed-register-code of the action that fetched the code, of the same version as this one.',
  })
}

function parseObject(text: string): Readonly<Record<string, unknown>> {
  try {
    // A number or a text has none of the members that are asked for; null is the one that cannot even be asked.
    return (JSON.parse(text) ?? {}) as Readonly<Record<string, unknown>>
  } catch {
    return {}
  }
}

/** It becomes a step output: anything that could be more than one word of a script is no instance. */
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
    what: `The seal was made in the ${what} ${sealedIn}, and this is ${here}`,
    foreign: [sealedIn],
    fix: 'A seal opens in the workflow run that made it, in any of its jobs and attempts, and nowhere else.',
  })
}
