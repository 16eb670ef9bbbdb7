import { createPrivateKey, createPublicKey, ECDH, X509Certificate } from 'node:crypto'
import { existsSync } from 'node:fs'
import { looksLikePem } from '../certificates/pem.ts'
import { readPrivateKey } from '../certificates/private-key.ts'
import { readPublicKey } from '../certificates/public-key.ts'
import { ActionError } from '../errors.ts'
import { readRunContext, type RunContext } from '../github/context.ts'
import { mask, maskLines } from '../runner/masking.ts'
import { keyPairSealKey, passphraseSealKey, seal, type SealKey } from '../seal.ts'
import { optional, required, secret } from './input.ts'

const INPUT = 'seal-key'

/** What a seal is made with, and the workflow run it is for. */
export type Sealing = { readonly key: SealKey; readonly run: RunContext }

/**
 * Reads the input `seal-key`, empty when it is left out. It is masked here, and judged by the functions below. A whole
 * public key or certificate is not masked: it is no secret, and its lines may stand in other outputs. What only looks
 * like one can be a private key that was damaged.
 */
export function readSealKey(): string {
  const value = optional(INPUT)
  if (!looksLikePem(value)) return mask(value)
  return isPublic(value) ? value : maskLines(value)
}

const PUBLIC_BLOCK = /-----BEGIN ((?:RSA )?PUBLIC KEY|(?:X509 )?CERTIFICATE)-----[^-]*-----END \1-----/g

/** Whether a text is public keys and certificates that can be read, and nothing else. */
function isPublic(pem: string): boolean {
  const blocks = pem.match(PUBLIC_BLOCK) ?? []
  const rest = pem.replace(PUBLIC_BLOCK, '').replace(/\\[rn]|\s/g, '')
  return rest === '' && blocks.every(isReadable)
}

function isReadable(text: string): boolean {
  try {
    readPublicKey({ input: INPUT, text })
    return true
  } catch {
    return false
  }
}

/**
 * @param sealKey a passphrase, or a public key or certificate as PEM text
 * @throws ActionError when it is a private key, or cannot be used, or this is no workflow run
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
 * Reads what to open a seal with: the passphrase, or the private key as PEM text with its passphrase.
 *
 * @throws ActionError when it is missing, or cannot be used
 */
export function readOpeningKey(): SealKey {
  // First, so that it is masked whatever is wrong with the key.
  const passphrase = { input: 'seal-key-passphrase', value: secret('seal-key-passphrase') }
  const sealKey = readSealKey()
  required(INPUT, '${{ secrets.SEAL_KEY }}')
  return looksLikePem(sealKey)
    ? keyPairSealKey(readPrivateKey({ input: INPUT, text: sealKey }, passphrase))
    : passphraseSealKey(requirePassphrase(sealKey))
}

/** What was meant as a key must not become a passphrase: others can know a path or a public key. */
function requirePassphrase(value: string): string {
  const mistake = mistakenKey(value)
  if (mistake === undefined) return value
  throw new ActionError({
    what: `The input ${INPUT} is ${mistake}, not a passphrase`,
    fix: 'Give the text of the key itself, with its -----BEGIN and -----END lines (PEM), or a passphrase that looks like neither key nor path: openssl rand -base64 32 makes one.',
  })
}

function mistakenKey(value: string): string | undefined {
  if (existsSync(value) || /\.(pem|crt|cer|key|pub|der)$/i.test(value)) return 'the path of a file'
  if (value.includes('----') || /\b(?:BEGIN|END) [A-Z0-9 ]{0,30}KEY\b/.test(value))
    return 'a part of a PEM key'
  if (/^\$\{\{|^\$\w+$|^\*+$/.test(value))
    return 'a variable or an expression that nobody evaluated, or stars'
  if (SSH_KEY.test(value)) return 'a key in the form of OpenSSH'
  if (/\bage1[a-z\d]{20,}/i.test(value)) return 'a recipient of age'
  if (isJwk(value)) return 'a JSON Web Key'
  const inBase64 = keyIn(Buffer.from(value, 'base64'))
  if (inBase64 === DER) return 'a PEM key without its -----BEGIN and -----END lines'
  if (inBase64 !== undefined) return `the base64 form of ${inBase64}`
  const hex = value.replace(/0x|\\x|[\s:,-]/gi, '')
  const inHex = /^[\da-f]+$/i.test(hex) ? keyIn(Buffer.from(hex, 'hex')) : undefined
  return inHex && `the hex form of ${inHex}`
}

/** A line of a `.pub` file, or of `authorized_keys` with options before it. */
const SSH_KEY = /^(?:sk-)?(?:ssh|ecdsa)-|(?:ssh|ecdsa)-[\w@.-]{1,64}\s{1,9}AAAA/
const DER = 'a DER key'

/** What kind of key or certificate bytes are. */
function keyIn(bytes: Buffer): string | undefined {
  const text = bytes.toString('latin1')
  if (looksLikePem(text)) return 'a PEM key'
  if (isJwk(text)) return 'a JSON Web Key'
  // Behind the length of the name, four bytes.
  if (SSH_KEY.test(text) || SSH_KEY.test(text.slice(4, 40))) return 'a key of OpenSSH'
  if (isPoint(bytes)) return 'the point of an EC key'
  return isDer(bytes) || isEncryptedDer(bytes) ? DER : undefined
}

function isJwk(text: string): boolean {
  return /^[\s"'[{\\]/.test(text) && /\bkty\\?["']?\s{0,9}:/.test(text)
}

/** The public half of an EC key, without anything around it. */
function isPoint(bytes: Buffer): boolean {
  return ['prime256v1', 'secp384r1', 'secp521r1', 'secp256k1'].some((curve) => {
    try {
      ECDH.convertKey(bytes, curve)
      return bytes.length > 33
    } catch {
      return false
    }
  })
}

/** Whether bytes are a key or a certificate. */
function isDer(key: Buffer): boolean {
  const readers = [
    () => createPublicKey({ key, format: 'der', type: 'spki' }),
    // Finds the public key in a private one too, PKCS#8, PKCS#1 or SEC1.
    () => createPublicKey({ key, format: 'der', type: 'pkcs1' }),
    () => new X509Certificate(key),
  ]
  return readers.some((read) => {
    try {
      read()
      return true
    } catch {
      return false
    }
  })
}

/** Whether bytes are a private key in the form of PKCS#8 that its owner has encrypted. */
function isEncryptedDer(key: Buffer): boolean {
  try {
    createPrivateKey({ key, format: 'der', type: 'pkcs8' })
    return false
  } catch (failure) {
    return (failure as NodeJS.ErrnoException).code === 'ERR_MISSING_PASSPHRASE'
  }
}
