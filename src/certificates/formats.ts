import { ECDH } from 'node:crypto'
import { CURVES } from './keys.ts'
import { looksLikePem } from './pem.ts'

/** What a text or a file is that is not PEM text with the expected block. */
export type Format = {
  /** For example `a PKCS#12 file`. */
  readonly what: string
  /** The command that makes PEM text of it, if there is one. `FILE` is its path. */
  readonly convert?: string
}

const PKCS12 =
  'openssl pkcs12 -in FILE -nokeys (the certificates) or openssl pkcs12 -in FILE -nocerts (the key)'
const FROM_DER_KEY = 'openssl pkey -inform DER -in FILE'

/** The start of a SEQUENCE in DER or BER, in hex: its tag and its length. */
const SEQUENCE = '30(?:[0-7].|80|81..|82.{4}|83.{6})'
/** OIDs in hex, with their tag and length. Those of PKCS#5 and PKCS#12 are the start of a family. */
const OID = {
  rsa: '06092a864886f70d010101',
  ec: '06072a8648ce3d0201',
  pkcs5: '06092a864886f70d0105',
  pkcs12: '060a2a864886f70d010c01',
  signedData: '06092a864886f70d010702',
}

/** The binary formats that some inputs accept. */
export const BINARY_CERTIFICATE: Format & { readonly start: string } = {
  start: `${SEQUENCE}${SEQUENCE}a003020102`,
  what: 'a certificate in binary form (DER)',
  convert: 'openssl x509 -inform DER -in FILE',
}
export const BINARY_REQUEST: Format & { readonly start: string } = {
  start: `${SEQUENCE}${SEQUENCE}020100${SEQUENCE}`,
  what: 'a certificate request in binary form (DER)',
}

/** Binary files, known by how their encoding starts. Long enough that no passphrase starts like this by chance. */
const BINARY: readonly (Format & { readonly start: string })[] = [
  BINARY_CERTIFICATE,
  { start: `${SEQUENCE}020103${SEQUENCE}`, what: 'a PKCS#12 file (.p12 or .pfx)', convert: PKCS12 },
  {
    start: `${SEQUENCE}${OID.signedData}`,
    what: 'a PKCS#7 file (.p7b)',
    convert: 'openssl pkcs7 -inform DER -print_certs -in FILE',
  },
  BINARY_REQUEST,
  {
    start: `${SEQUENCE}${SEQUENCE}(?:${OID.pkcs5}|${OID.pkcs12})`,
    what: 'an encrypted private key in binary form (DER)',
    convert: FROM_DER_KEY,
  },
  {
    start: `${SEQUENCE}${SEQUENCE}(?:${OID.rsa}|${OID.ec}|06032b65)`,
    what: 'a public key in binary form (DER)',
    convert: `openssl pkey -pubin -inform DER -in FILE`,
  },
  {
    // PKCS#8, PKCS#1 and SEC1.
    start: `${SEQUENCE}(?:02010[01]${SEQUENCE}06|02010002[48]|02010104)`,
    what: 'a private key in binary form (DER)',
    convert: FROM_DER_KEY,
  },
  {
    start: `${SEQUENCE}02(?:[3-7].|81..|82.{4})00`,
    what: 'an RSA public key in binary form (DER)',
    convert: 'openssl rsa -RSAPublicKey_in -inform DER -pubout -in FILE',
  },
  { start: `${SEQUENCE}${SEQUENCE}02010130`, what: 'a list of revoked certificates (CRL)' },
  {
    start: 'feedfeed',
    what: 'a Java keystore',
    convert: 'keytool -importkeystore -srckeystore FILE -destkeystore ca.p12 -deststoretype PKCS12',
  },
]
/** Far more than any of these starts needs. */
const MAX_START_BYTES = 64

/** Texts, known by a pattern. */
const TEXTS: readonly (Format & { readonly pattern: RegExp })[] = [
  {
    // A line of a `.pub` file, or of `authorized_keys` with options before it.
    pattern: /^(?:sk-)?(?:ssh|ecdsa)-|(?:ssh|ecdsa)-[\w@.-]{1,64}\s{1,9}AAAA/,
    what: 'an OpenSSH key',
    convert: 'ssh-keygen -e -m PKCS8 -f FILE',
  },
  // In the binary form, four bytes with the length of the name come first.
  {
    pattern: /^[^]{4}(?:sk-)?(?:ssh|ecdsa)-/,
    what: 'an OpenSSH key',
    convert: 'ssh-keygen -e -m PKCS8 -f FILE',
  },
  { pattern: /^openssh-key-v1/, what: 'an OpenSSH key', convert: 'ssh-keygen -p -m PKCS8 -f FILE' },
  {
    pattern: /^PuTTY-User-Key-File-/,
    what: 'a PuTTY key (.ppk)',
    convert: 'puttygen FILE -O private-openssh -o ca.key',
  },
  { pattern: /^---- BEGIN SSH2 /, what: 'an SSH2 public key', convert: 'ssh-keygen -i -f FILE' },
  { pattern: /^(?=[\s"'[{\\])[^]*\bkty\\?["']?\s{0,9}:/, what: 'a JSON Web Key' },
  { pattern: /\bage1[a-z\d]{20,}/i, what: 'an age recipient' },
  { pattern: /^AGE-SECRET-KEY-/i, what: 'an age key' },
]

/**
 * Returns what some bytes are, if they are a key or certificate in another form than PEM text that can be read.
 *
 * @param bytes of a file, or of a decoded text
 */
export function formatOf(bytes: Buffer): Format | undefined {
  if (isUtf16(bytes)) {
    return { what: 'text in UTF-16', convert: 'iconv -f UTF-16 -t UTF-8 FILE' }
  }
  const hex = bytes.toString('hex', 0, MAX_START_BYTES)
  const binary = BINARY.find(({ start }) => new RegExp(`^${start}`).test(hex))
  if (binary !== undefined) return binary
  const text = bytes.toString('latin1')
  if (looksLikePem(text)) return { what: 'a PEM key' }
  return (
    TEXTS.find(({ pattern }) => pattern.test(text)) ??
    (isPoint(bytes) ? { what: 'the point of an EC key' } : undefined)
  )
}

/** As PowerShell writes a file: a zero in every second byte, mostly after a byte order mark. */
function isUtf16(bytes: Buffer): boolean {
  return /^(?:fffe)?(?:[0-7].00){3}|^(?:feff)?(?:00[0-7].){3}/.test(bytes.toString('hex', 0, 8))
}

/** Whether bytes are a raw EC public point. 33 bytes can be a point by chance. */
function isPoint(bytes: Buffer): boolean {
  return (
    bytes.length > 33 &&
    bytes.length <= 133 &&
    [...Object.keys(CURVES), 'secp256k1'].some((curve) => {
      try {
        ECDH.convertKey(bytes, curve)
        return true
      } catch {
        return false
      }
    })
  )
}
