import { createPrivateKey, createPublicKey, ECDH, X509Certificate } from 'node:crypto'
import { existsSync } from 'node:fs'
import { CURVES, readPrivateKey, readPublicKey } from '../certificates/keys.ts'
import { looksLikePem } from '../certificates/pem.ts'
import { ActionError } from '../errors.ts'
import { readRunContext, type RunContext } from '../github/context.ts'
import { mask, maskLines } from '../runner/masking.ts'
import { keyPairSealKey, passphraseSealKey, seal, type SealKey } from '../seal.ts'
import { optional, required, secret } from './input.ts'

const INPUT = 'seal-key'

const PUBLIC_BLOCK = /-----BEGIN ((?:RSA )?PUBLIC KEY|(?:X509 )?CERTIFICATE)-----[^-]*-----END \1-----/g

/** A line of a `.pub` file, or of `authorized_keys` with options before it. */
const SSH_KEY = /^(?:sk-)?(?:ssh|ecdsa)-|(?:ssh|ecdsa)-[\w@.-]{1,64}\s{1,9}AAAA/
const DER = 'a DER key'

/** What a seal is made with, and the workflow run it is for. */
export type Sealing = { readonly key: SealKey; readonly run: RunContext }

/**
 * Reads the input `seal-key` and masks it; the functions below validate it. Public keys and certificates are not
 * masked: they are not secret, and their lines may be part of other outputs. Anything else that looks like PEM can be a
 * damaged private key.
 *
 * @returns an empty string when it is unset
 */
export function readSealKey(): string {
  const value = optional(INPUT)
  if (!looksLikePem(value)) return mask(value)
  return isPublic(value) ? value : maskLines(value)
}

/** Whether a text consists of readable public keys and certificates, and nothing else. */
function isPublic(pem: string): boolean {
  const blocks = pem.match(PUBLIC_BLOCK) ?? []
  const rest = pem.replace(PUBLIC_BLOCK, '').replace(/\\[rn]|\s/g, '')
  return rest === '' && blocks.every((text) => succeeds(() => readPublicKey({ input: INPUT, text })))
}

/**
 * Makes what is needed to seal a code.
 *
 * @param sealKey a passphrase, or a public key or certificate as PEM text
 * @throws ActionError when it is a private key or unusable, or this is not a workflow run
 */
export function sealingWith(sealKey: string, env: NodeJS.ProcessEnv): Sealing {
  const key = looksLikePem(sealKey)
    ? keyPairSealKey(readPublicKey({ input: INPUT, text: sealKey }))
    : passphraseSealKey(requirePassphrase(sealKey))
  return { key, run: readRunContext(env) }
}

/** Seals a register code for the other jobs of the run. */
export async function sealFor(
  { key, run }: Sealing,
  code: { readonly registerCode: string; readonly instanceId: string },
): Promise<string> {
  return await seal({ registerCode: code.registerCode, instanceId: code.instanceId, ...run }, key)
}

/**
 * Reads the key that opens a seal: the passphrase, or the private key as PEM text with its own passphrase.
 *
 * @throws ActionError when it is missing or unusable
 */
export function readOpeningKey(): SealKey {
  // First, so that it is masked even when the key is invalid.
  const passphrase = { input: 'seal-key-passphrase', value: secret('seal-key-passphrase') }
  const sealKey = readSealKey()
  required(INPUT, '${{ secrets.SEAL_KEY }}')
  return looksLikePem(sealKey)
    ? keyPairSealKey(readPrivateKey({ input: INPUT, text: sealKey }, passphrase))
    : passphraseSealKey(requirePassphrase(sealKey))
}

/** A key or path must not become a passphrase by mistake, because others can know a path or a public key. */
function requirePassphrase(value: string): string {
  const mistake = mistakeIn(value)
  if (mistake === undefined) return value
  throw new ActionError({
    what: `Invalid ${INPUT}: the value is ${mistake}, not a passphrase`,
    fix: 'Use the PEM text of the key with its -----BEGIN and -----END lines, or a passphrase, for example from openssl rand -base64 32.',
  })
}

function mistakeIn(value: string): string | undefined {
  if (existsSync(value) || /\.(pem|crt|cer|key|pub|der)$/i.test(value)) return 'the path of a file'
  if (value.includes('----') || /\b(?:BEGIN|END) [A-Z0-9 ]{0,30}KEY\b/.test(value)) return 'part of a PEM key'
  if (/^\$\{\{|^\$\w+$|^\*+$/.test(value)) return 'an unevaluated variable or expression, or stars'
  if (SSH_KEY.test(value)) return 'an OpenSSH key'
  if (/\bage1[a-z\d]{20,}/i.test(value)) return 'an age recipient'
  if (isJwk(value)) return 'a JSON Web Key'
  const inBase64 = keyIn(Buffer.from(value, 'base64'))
  if (inBase64 === DER) return 'a PEM key without its -----BEGIN and -----END lines'
  if (inBase64 !== undefined) return `${inBase64} in base64`
  const hex = value.replace(/0x|\\x|[\s:,-]/gi, '')
  const inHex = /^[\da-f]+$/i.test(hex) ? keyIn(Buffer.from(hex, 'hex')) : undefined
  return inHex && `${inHex} in hex`
}

/** What kind of key or certificate bytes are. */
function keyIn(bytes: Buffer): string | undefined {
  const text = bytes.toString('latin1')
  if (looksLikePem(text)) return 'a PEM key'
  if (isJwk(text)) return 'a JSON Web Key'
  // In the binary form, four bytes with the length of the name come first.
  if (SSH_KEY.test(text) || SSH_KEY.test(text.slice(4, 40))) return 'an OpenSSH key'
  if (isPoint(bytes)) return 'the point of an EC key'
  return isDer(bytes) ? DER : undefined
}

function isJwk(text: string): boolean {
  return /^[\s"'[{\\]/.test(text) && /\bkty\\?["']?\s{0,9}:/.test(text)
}

/** Whether bytes are a raw EC public point. 33 bytes can be a point by chance. */
function isPoint(bytes: Buffer): boolean {
  return (
    bytes.length > 33 &&
    [...Object.keys(CURVES), 'secp256k1'].some((curve) => succeeds(() => ECDH.convertKey(bytes, curve)))
  )
}

/** Whether bytes are a key, encrypted or not, or a certificate. */
function isDer(key: Buffer): boolean {
  return (
    succeeds(() => createPublicKey({ key, format: 'der', type: 'spki' })) ||
    // Also finds the public key in a private one: PKCS#8, PKCS#1 or SEC1.
    succeeds(() => createPublicKey({ key, format: 'der', type: 'pkcs1' })) ||
    succeeds(() => new X509Certificate(key)) ||
    isEncryptedDer(key)
  )
}

function isEncryptedDer(key: Buffer): boolean {
  try {
    createPrivateKey({ key, format: 'der', type: 'pkcs8' })
    return false
  } catch (failure) {
    return (failure as NodeJS.ErrnoException).code === 'ERR_MISSING_PASSPHRASE'
  }
}

function succeeds(read: () => unknown): boolean {
  try {
    read()
    return true
  } catch {
    return false
  }
}
