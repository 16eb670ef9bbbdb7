import { readCertificateRequest, type CertificateRequest } from './certificate-request.ts'
import { encodedIn, type Encoded } from './encoded.ts'
import { BINARY_REQUEST } from './formats.ts'
import { isSameName } from './names.ts'
import type { Finding } from './request-key.ts'
import type { Issuer } from './x509.ts'

/** What is wrong with a request, and its name, which is untrusted. */
export type RequestProblem = Finding & { readonly name: string }

/** Requests, and what is wrong with the others. */
export type CertificateRequests = {
  readonly requests: readonly CertificateRequest[]
  readonly problems: readonly RequestProblem[]
}

/**
 * Reads the requests in a file or an input: PEM text with one or more requests, the base64 of that, or one request in
 * DER. Shows nothing of what it contains instead, because that can be a private key.
 *
 * @param source.name a path, or the name of an input
 */
export function readCertificateRequests(source: {
  readonly name: string
  readonly bytes: Buffer
}): CertificateRequests {
  const { name, bytes } = source
  const encoded = encodedIn(bytes, REQUEST)
  if ('problem' in encoded) return { requests: [], problems: [{ name, ...encoded }] }
  const read = encoded.map((one, at) => {
    const ownName = encoded.length === 1 ? name : `${name}, request ${at + 1} of ${encoded.length}`
    return { name: ownName, request: readCertificateRequest(one, ownName) }
  })
  return {
    requests: read.flatMap(({ request }) => ('findings' in request ? [] : [request])),
    problems: read.flatMap(({ name: ownName, request }) =>
      'findings' in request ? request.findings.map((finding) => ({ name: ownName, ...finding })) : [],
    ),
  }
}

/** Older programs write NEW. */
const REQUEST: Encoded = {
  noun: 'certificate request',
  word: 'request',
  label: /^(?:NEW )?CERTIFICATE REQUEST$/,
  start: /-----BEGIN (?:NEW )?CERTIFICATE REQUEST/g,
  binary: BINARY_REQUEST,
  use: 'Use certificate requests (PKCS#10) as PEM text or DER. openssl req -new -key FILE makes one from a private key, which stays on the device.',
}

/**
 * Checks requests against each other and the CA: no key twice, and neither the key nor the subject of the CA.
 *
 * @returns what is wrong; empty if nothing is
 */
export function checkRequests(
  requests: readonly CertificateRequest[],
  ca: Pick<Issuer, 'name' | 'publicKeyInfo'>,
): RequestProblem[] {
  const caName = new Uint8Array(ca.name)
  const firstWithKey = new Map<string, string>()
  return requests.flatMap(({ name, subject, publicKeyInfo, publicKeyFingerprint }) => {
    const first = firstWithKey.get(publicKeyFingerprint)
    firstWithKey.set(publicKeyFingerprint, first ?? name)
    const findings: (Finding | false)[] = [
      first !== undefined && {
        problem: `has the same key as ${first}`,
        fix: 'Make a new key for each device, and a request with it. A request that is there twice is also an error: remove one.',
      },
      ca.publicKeyInfo.equals(publicKeyInfo) && {
        problem: 'has the key of the CA',
        fix: 'Make a key of its own for the device. The key of a CA only signs certificates.',
      },
      isSameName(caName, subject) && {
        problem: 'has the subject of the CA',
        fix: 'Make a request with another subject. Its certificate would look self-signed.',
      },
    ]
    return findings.flatMap((finding) => (finding === false ? [] : [{ name, ...finding }]))
  })
}
