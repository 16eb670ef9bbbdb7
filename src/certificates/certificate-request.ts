import { createHash } from 'node:crypto'
import {
  id_ce_basicConstraints,
  id_ce_extKeyUsage,
  id_ce_keyUsage,
  id_ce_subjectAltName,
  id_ce_subjectKeyIdentifier,
} from '@peculiar/asn1-x509'
import {
  algorithmIn,
  bitsIn,
  BIT_STRING,
  elementsIn,
  firstElement,
  inside,
  INTEGER,
  OCTET_STRING,
  oidIn,
  SEQUENCE,
  SET,
  type Element,
} from './der.ts'
import { attributesIn, COMMON_NAME, type NameAttribute } from './names.ts'
import { checkDeviceKey, parsePublicKey, UNREADABLE_KEY, type Finding } from './request-key.ts'
import { checkRequestSignature } from './request-signature.ts'

/** A certificate request (PKCS#10, RFC 2986) that was checked. */
export type CertificateRequest = {
  /** Where it comes from, for people: a path, with the place in it if there are several. Untrusted. */
  readonly name: string
  /** The bytes of its subject. */
  readonly subject: Buffer
  /** 1 to 64 characters, no control characters. Untrusted. */
  readonly commonName: string
  /** The bytes of its public key: a SubjectPublicKeyInfo. */
  readonly publicKeyInfo: Buffer
  /** The SHA-256 hash of `publicKeyInfo` in lower-case hex. */
  readonly publicKeyFingerprint: string
  /** The extensions that it requests, by name or OID. */
  readonly ignoredExtensions: readonly string[]
}

/** The limit of RFC 5280, in characters. */
const MAX_COMMON_NAME_LENGTH = 64
/** Far more than any request needs. */
const MAX_BYTES = 100_000

/** Their tag in a request. Some tools omit them if there are none. */
const ATTRIBUTES = 0xa0
const NO_ATTRIBUTES = new Uint8Array()

/**
 * Reads a request and checks it: its key, its Common Name, and that its key signed it.
 *
 * @param bytes DER
 * @returns the request, or everything that is wrong with it
 */
export function readCertificateRequest(
  bytes: Uint8Array,
  name: string,
): CertificateRequest | { readonly findings: readonly Finding[] } {
  const encoding = checkEncoding(bytes)
  if (encoding !== undefined) return { findings: [encoding] }
  const parsed = parse(bytes)
  if (parsed === undefined) return { findings: [UNREADABLE] }
  const { subject, publicKeyInfo, attributes, ignoredExtensions } = parsed
  const findings = checkSubject(attributes)
  const publicKey = parsePublicKey(publicKeyInfo)
  if (publicKey === undefined) return { findings: [...findings, UNREADABLE_KEY] }
  const ofKey = checkDeviceKey(publicKey, publicKeyInfo)
  const ofSignature = checkRequestSignature({ ...parsed, publicKey })
  // The algorithm belongs to the key: without a supported key, there is nothing to say about it.
  findings.push(...(ofKey.length > 0 ? ofKey : ofSignature))
  const [commonName] = commonNamesIn(attributes)
  if (findings.length > 0 || commonName === undefined) return { findings }
  const publicKeyFingerprint = createHash('sha256').update(publicKeyInfo).digest('hex')
  return { name, subject, commonName, publicKeyInfo, publicKeyFingerprint, ignoredExtensions }
}

const UNREADABLE: Finding = {
  problem: 'cannot be read as a certificate request',
  fix: 'It may be damaged or incomplete. Run openssl req -noout -text to check it.',
}

function checkEncoding(bytes: Uint8Array): Finding | undefined {
  if (bytes.length > MAX_BYTES) {
    return {
      problem: `has ${bytes.length} bytes, more than ${MAX_BYTES}`,
      fix: 'Make a request that contains only the subject and the public key.',
    }
  }
  try {
    const trailing = bytes.length - firstElement(bytes).whole.length
    if (trailing === 0) return undefined
    return {
      problem: `has extra bytes after its end: ${trailing}`,
      fix: 'Put one request in a DER file or PEM block, and nothing else.',
    }
  } catch {
    return UNREADABLE
  }
}

function parse(bytes: Uint8Array) {
  try {
    const [info, algorithm, signature, ...more] = inside(SEQUENCE, firstElement(bytes))
    if (info === undefined || algorithm === undefined || signature?.tag !== BIT_STRING || more.length > 0)
      return undefined
    const [version, name, key, requested] = inside(SEQUENCE, info)
    if (version?.tag !== INTEGER || name === undefined || key === undefined) return undefined
    if (requested !== undefined && requested.tag !== ATTRIBUTES) return undefined
    // Of one buffer, because it is kept: thousands of requests with two would take far more memory.
    const kept = Uint8Array.from([...name.whole, ...key.whole])
    const subject = Buffer.from(kept.buffer, 0, name.whole.length)
    return {
      signed: info.whole,
      algorithm: algorithmIn(algorithm),
      signature: bitsIn(signature),
      subject,
      attributes: attributesIn(subject),
      publicKeyInfo: Buffer.from(kept.buffer, name.whole.length),
      ignoredExtensions: elementsIn(requested?.content ?? NO_ATTRIBUTES).flatMap(extensionsIn),
    }
  } catch {
    return undefined
  }
}

function checkSubject(attributes: readonly NameAttribute[]): Finding[] {
  const problem = problemOfSubject(attributes)
  if (problem === undefined) return []
  return [
    {
      problem,
      fix: `Make the request again with a subject that contains one Common Name of 1 to ${MAX_COMMON_NAME_LENGTH} characters: the name of the device.`,
    },
  ]
}

function problemOfSubject(attributes: readonly NameAttribute[]): string | undefined {
  if (attributes.some(({ text }) => text === undefined)) {
    return 'has a subject with a value that is not valid text in its string type'
  }
  const [name = '', ...more] = commonNamesIn(attributes)
  const length = Array.from(name).length
  if (more.length > 0) return `has ${more.length + 1} Common Names`
  if (length === 0) return 'has no Common Name'
  if (length > MAX_COMMON_NAME_LENGTH) {
    return `has a Common Name of ${length} characters, more than ${MAX_COMMON_NAME_LENGTH}`
  }
  return /\p{Cc}/u.test(name) ? 'has a Common Name with a control character' : undefined
}

function commonNamesIn(attributes: readonly NameAttribute[]): string[] {
  return attributes.filter(({ type }) => type === COMMON_NAME).map(({ text = '' }) => text)
}

/** PKCS#9, and what Windows writes beside it. */
const EXTENSION_REQUESTS = ['1.2.840.113549.1.9.14', '1.3.6.1.4.1.311.2.1.14']

const EXTENSION_NAMES: Readonly<Record<string, string>> = {
  [id_ce_basicConstraints]: 'basicConstraints',
  [id_ce_extKeyUsage]: 'extendedKeyUsage',
  [id_ce_keyUsage]: 'keyUsage',
  [id_ce_subjectAltName]: 'subjectAltName',
  [id_ce_subjectKeyIdentifier]: 'subjectKeyIdentifier',
}

function extensionsIn(attribute: Element): string[] {
  const [type, values] = inside(SEQUENCE, attribute)
  if (type === undefined || values === undefined) throw new RangeError('Not an attribute')
  const valuesOfAttribute = inside(SET, values)
  if (!EXTENSION_REQUESTS.includes(oidIn(type))) return []
  return valuesOfAttribute
    .flatMap((extensions) => inside(SEQUENCE, extensions))
    .map((extension) => {
      const [extensionType, ...others] = inside(SEQUENCE, extension)
      if (extensionType === undefined || !others.some(({ tag }) => tag === OCTET_STRING)) {
        throw new RangeError('Not an extension')
      }
      const oid = oidIn(extensionType)
      return EXTENSION_NAMES[oid] ?? oid
    })
}
