import { createPrivateKey, createPublicKey, X509Certificate } from 'node:crypto'
import { existsSync } from 'node:fs'
import { looksLikePem } from '../certificates/pem.ts'
import { readPrivateKey } from '../certificates/private-key.ts'
import { readPublicKey } from '../certificates/public-key.ts'
import { ActionError } from '../errors.ts'
import { readRunContext, type RunContext } from '../runner/context.ts'
import { mask, maskPrivateKeys } from '../runner/masking.ts'
import { keyPairSealKey, passphraseSealKey, seal, type SealKey } from '../seal.ts'
import { optional, required, secret } from './inputs.ts'

const INPUT = 'seal-key'

/** What a seal is made with, and the workflow run it is for. */
export type Sealing = { readonly key: SealKey; readonly run: RunContext }

/**
 * Reads the input `seal-key`, empty when it is left out. It is masked here, and judged by the functions below. A
 * public key is not masked: it is no secret, and its lines may stand in other outputs.
 */
export function readSealKey(): string {
  const value = optional(INPUT)
  return looksLikePem(value) ? maskPrivateKeys(value) : mask(value)
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
    cure: 'Give the text of the key itself, with its -----BEGIN and -----END lines, or a passphrase that looks like neither key nor path.',
  })
}

function mistakenKey(value: string): string | undefined {
  if (existsSync(value) || /\.(pem|crt|cer|key|pub|der)$/i.test(value)) return 'the path of a file'
  if (value.includes('-----')) return 'a part of a PEM key'
  if (/^(ssh|ecdsa)-/.test(value)) return 'a key in the form of OpenSSH'
  const decoded = Buffer.from(value, 'base64')
  if (looksLikePem(decoded.toString('latin1'))) return 'the base64 form of a PEM key'
  return isDer(decoded) || isEncryptedDer(decoded)
    ? 'a PEM key without its -----BEGIN and -----END lines'
    : undefined
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
