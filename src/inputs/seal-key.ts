import { existsSync } from 'node:fs'
import { formatOf } from '../certificates/formats.ts'
import { readPrivateKey, readPublicKey } from '../certificates/keys.ts'
import { looksLikePem, pemTextIn } from '../certificates/pem.ts'
import { ActionError } from '../errors.ts'
import { readRunContext, type RunContext } from '../github/context.ts'
import { mask, maskLines } from '../runner/masking.ts'
import { keyPairSealKey, passphraseSealKey, seal, type SealKey } from '../seal.ts'
import { missingSecret, optional, passphrase as readPassphrase, UNSET_IS_EMPTY } from './input.ts'

const INPUT = 'seal-key'

const PUBLIC_BLOCK = /-----BEGIN ((?:RSA )?PUBLIC KEY|(?:X509 )?CERTIFICATE)-----[^-]*-----END \1-----/g

/** What a seal is made with, and the workflow run it is for. */
export type Sealing = { readonly key: SealKey; readonly run: RunContext }

/**
 * Reads the input `seal-key` and masks it; the functions below validate it. Public keys and certificates are not
 * masked: they are not secret, and their lines may be part of other outputs. Anything else that looks like PEM can be a
 * damaged private key.
 *
 * @returns PEM text, decoded if it was in base64, or the passphrase; an empty string when it is unset
 */
export function readSealKey(): string {
  const value = optional(INPUT)
  const pem = pemTextIn(value)
  if (pem === undefined) return mask(value)
  if (isPublic(pem)) return pem
  if (pem !== value) maskLines(value)
  return maskLines(pem)
}

/** Whether a text consists of readable public keys and certificates, and nothing else. */
function isPublic(pem: string): boolean {
  const blocks = pem.match(PUBLIC_BLOCK) ?? []
  const rest = pem.replace(PUBLIC_BLOCK, '').replace(/\\{1,4}[rn]|\s/g, '')
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
export async function readOpeningKey(): Promise<SealKey> {
  // First, so that it is masked even when the key is invalid.
  const passphrase = readPassphrase('seal-key-passphrase')
  const sealKey = readSealKey()
  if (sealKey === '') {
    const fix = `Set it under "with:", for example ${INPUT}: \${{ secrets.SEAL_KEY }}. ${UNSET_IS_EMPTY}`
    throw await missingSecret(`Missing input: ${INPUT}`, fix)
  }
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
  const inText = formatOf(Buffer.from(value))?.what
  if (inText !== undefined) return inText
  const inBase64 = formatOf(Buffer.from(value, 'base64'))?.what
  if (inBase64 !== undefined) {
    const isBinary = inBase64.endsWith('(DER)')
    return `${inBase64} in base64${isBinary ? ': a PEM key without its -----BEGIN and -----END lines' : ''}`
  }
  const hex = value.replace(/0x|\\x|[\s:,-]/gi, '')
  const inHex = /^[\da-f]+$/i.test(hex) ? formatOf(Buffer.from(hex, 'hex'))?.what : undefined
  return inHex && `${inHex} in hex`
}

function succeeds(read: () => unknown): boolean {
  try {
    read()
    return true
  } catch {
    return false
  }
}
