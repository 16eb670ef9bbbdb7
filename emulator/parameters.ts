import { ServiceError } from './errors.ts'

/** Decoded parameters by name. */
export type Parameters = ReadonlyMap<string, string>

/**
 * Decodes `a=1&b=2` as it stood in the URL or in a form body. `+` is a space, as Alibaba Cloud's Go SDK sends it.
 *
 * @throws ServiceError `InvalidParameter` when an escape is broken or a name stands there twice: a signature over
 *   either could mean two things
 */
export function decodeParameters(encoded: string): Map<string, string> {
  const parameters = new Map<string, string>()
  for (const pair of encoded.split('&')) {
    if (pair === '') continue
    const equals = pair.indexOf('=')
    const name = decode(equals === -1 ? pair : pair.slice(0, equals))
    if (parameters.has(name)) {
      throw new ServiceError('InvalidParameter', { message: `The parameter ${name} is given twice.` })
    }
    parameters.set(name, equals === -1 ? '' : decode(pair.slice(equals + 1)))
  }
  return parameters
}

/** `a=1&b=2`, sorted by name and encoded by RFC 3986: what both signatures are made over. */
export function canonicalQuery(parameters: Parameters): string {
  return [...parameters]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => `${encode(name)}=${encode(value)}`)
    .join('&')
}

/** Percent-encodes everything but RFC 3986's unreserved characters. */
export function encode(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`)
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '))
  } catch {
    throw new ServiceError('InvalidParameter', { message: 'The request holds a broken percent escape.' })
  }
}
