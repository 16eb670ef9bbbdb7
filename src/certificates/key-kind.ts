import type { KeyObject } from 'node:crypto'
import { ActionError } from '../errors.ts'

/** The kinds of CA key that the service takes. */
export type KeyKind =
  | { readonly type: 'rsa'; readonly bits: number }
  | { readonly type: 'ec'; readonly curve: 'P-256' | 'P-384' | 'P-521' }

/** OpenSSL's names of the curves, and the usual ones. */
const CURVES = { prime256v1: 'P-256', secp384r1: 'P-384', secp521r1: 'P-521' } as const

const OTHER_TYPES: Readonly<Record<string, string>> = {
  ed25519: 'an Ed25519 key',
  ed448: 'an Ed448 key',
  dsa: 'a DSA key',
  'rsa-pss': 'an RSA key for PSS signatures alone',
}

const MIN_RSA_BITS = 2048
const MAX_RSA_BITS = 8192

/**
 * @param holder whose key it is, in words, e.g. `The input ca-private-key`
 * @throws ActionError when the service does not take such a key
 */
export function keyKindOf(key: KeyObject, holder: string): KeyKind {
  const { asymmetricKeyType: type = '', asymmetricKeyDetails: details = {} } = key
  if (type === 'rsa') {
    const bits = details.modulusLength ?? 0
    if (bits >= MIN_RSA_BITS && bits <= MAX_RSA_BITS) return { type, bits }
    throw unsupported(holder, `an RSA key of ${bits} bits`)
  }
  if (type === 'ec') {
    const named = details.namedCurve ?? 'without a name'
    if (isKnownCurve(named)) return { type, curve: CURVES[named] }
    throw unsupported(holder, `an EC key on the curve ${named}`)
  }
  throw unsupported(holder, OTHER_TYPES[type] ?? `a key of the type ${type}`)
}

/** In words for the log, e.g. `RSA 4096` or `EC P-256`. */
export function inWords(kind: KeyKind): string {
  return kind.type === 'rsa' ? `RSA ${kind.bits}` : `EC ${kind.curve}`
}

function isKnownCurve(name: string): name is keyof typeof CURVES {
  return Object.hasOwn(CURVES, name)
}

function unsupported(holder: string, what: string): ActionError {
  return new ActionError({
    what: `${holder} holds ${what}, which ApsaraMQ for MQTT does not take`,
    fix: `Use a CA with an RSA key of ${MIN_RSA_BITS} to ${MAX_RSA_BITS} bits, or an EC key on P-256, P-384 or P-521.`,
  })
}
