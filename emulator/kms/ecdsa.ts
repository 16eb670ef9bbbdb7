/**
 * ECDSA over a digest. Node signs and verifies only what it hashes itself, and KMS gets the digest alone. A library for
 * curves would double the size of the emulator's action.
 */
import { createECDH, randomBytes } from 'node:crypto'

/** The order of each curve, by OpenSSL's name. */
const ORDERS = {
  prime256v1: 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n,
  secp256k1: 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n,
}

export type Curve = keyof typeof ORDERS

const BYTES = 32

/**
 * Signs a digest of 32 bytes.
 *
 * @param privateKey the number of the private key
 * @returns its two numbers, r and s
 */
export function signDigest(curve: Curve, privateKey: bigint, digest: Buffer): [bigint, bigint] {
  const order = ORDERS[curve]
  const secret = (toNumber(randomBytes(BYTES + 8)) % (order - 1n)) + 1n
  const r = xOf(curve, secret) % order
  const s = (inverse(secret, order) * (toNumber(digest) + r * privateKey)) % order
  return [r, s]
}

/** Returns a signature in which each number has 32 bytes. */
export function raw(numbers: readonly bigint[]): Buffer {
  return Buffer.concat(numbers.map(toBytes))
}

/** Verifies a signature. Knowing the private key, one multiplication is enough. */
export function isSignatureOf(curve: Curve, privateKey: bigint, digest: Buffer, signature: Buffer): boolean {
  const order = ORDERS[curve]
  const [r, s] = numbersIn(signature)
  if (r === undefined || s === undefined || r === 0n || s === 0n || r >= order || s >= order) return false
  const factor = ((toNumber(digest) + r * privateKey) * inverse(s, order)) % order
  return factor !== 0n && xOf(curve, factor) % order === r
}

/** The x coordinate of the base point times a number. */
function xOf(curve: Curve, factor: bigint): bigint {
  const ecdh = createECDH(curve)
  ecdh.setPrivateKey(toBytes(factor))
  return toNumber(ecdh.getPublicKey().subarray(1, 1 + BYTES))
}

function toBytes(number: bigint): Buffer {
  return Buffer.from(number.toString(16).padStart(2 * BYTES, '0'), 'hex')
}

function toNumber(bytes: Uint8Array): bigint {
  return BigInt(`0x${Buffer.from(bytes).toString('hex')}`)
}

/** By Fermat's little theorem: the order is prime. */
function inverse(number: bigint, order: bigint): bigint {
  let [result, power] = [1n, number % order]
  for (let exponent = order - 2n; exponent > 0n; exponent >>= 1n) {
    if (exponent % 2n === 1n) result = (result * power) % order
    power = (power * power) % order
  }
  return result
}

/** Returns a signature in DER. */
export function der(numbers: readonly bigint[]): Buffer {
  const content = Buffer.concat(
    numbers.map((number) => {
      const hex = number.toString(16)
      const even = hex.length % 2 === 0 ? hex : `0${hex}`
      const bytes = Buffer.from(/^[89a-f]/.test(even) ? `00${even}` : even, 'hex')
      return Buffer.concat([Buffer.of(0x02, bytes.length), bytes])
    }),
  )
  return Buffer.concat([Buffer.of(0x30, content.length), content])
}

/** The two numbers of a signature in DER; fewer if it is not one. */
function numbersIn(signature: Buffer): bigint[] {
  const [, first, second] = /^30..02(..)(.*)$/s.exec(signature.toString('hex')) ?? []
  if (first === undefined || second === undefined) return []
  const length = 2 * Number.parseInt(first, 16)
  const rest = /^02..(.+)$/s.exec(second.slice(length))
  const numbers = [second.slice(0, length), rest?.[1] ?? ''].map((hex) => BigInt(`0x${hex || '0'}`))
  return der(numbers).equals(signature) ? numbers : []
}
