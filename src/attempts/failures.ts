import { type Proxy, proxyFor, tunnelFailure } from './proxy.ts'
import { ANSWER_TOO_LONG, isRecord, messageIn, requestIdIn, textIn, type ResponseHead } from './response.ts'

/** Why an attempt gave no usable answer. Whether to try again, and what to tell, is decided from these facts. */
export type Failure = Refusal | RequestFailure

/** The service answered with an error in its envelope. */
export type Refusal = {
  readonly kind: 'refused'
  readonly code: string
  /** The service's message, bounded in length, and otherwise as it came. */
  readonly serviceMessage: string
  readonly status: number
  readonly requestId?: string | undefined
  /** The service's clock. */
  readonly serviceDate?: string | undefined
}

/** Any other failure: nothing was heard of the service itself. */
export type RequestFailure =
  /** Something answered, but not what the operation promises: HTML, half a body, a success without its content. */
  | { readonly kind: 'broken-answer'; readonly what: string; readonly requestId?: string | undefined }
  /** No whole answer in time. */
  | { readonly kind: 'timeout'; readonly what: string }
  /** The certificate of the other side is not trusted. */
  | { readonly kind: 'untrusted'; readonly code: string }
  /** No connection, or one that broke. `code` is Node's, e.g. `ECONNRESET`. */
  | { readonly kind: 'network'; readonly code: string; readonly what: string }
  /** The proxy on the way cannot be reached, or makes no connection. `status` is its answer to `CONNECT`. */
  | {
      readonly kind: 'proxy'
      readonly code: string
      readonly status: number | undefined
      readonly host: string
    }

/**
 * Carries a `Failure` from the attempt that met it to the place that decides whether to try again. It has no cause: what
 * libraries throw can hold a piece of the answer, of which nobody has masked anything yet.
 */
export class AttemptError extends Error {
  override readonly name = 'AttemptError'
  readonly failure: Failure

  constructor(failure: Failure) {
    super(failure.kind)
    this.failure = failure
  }
}

/**
 * Reads what the SDK, or Node below it, throws. The SDK's response errors carry the envelope in `data`; an answer that
 * is no JSON is a bare `SyntaxError` with a piece of the body in its message, and a time-out is known by its name alone
 * (read in `@alicloud/openapi-client` 0.4.15 and in httpx, the HTTP library below it). Messages are not used: they
 * hold pieces of the answer, and the whole URL.
 *
 * @param head what was seen of the response, when one came
 * @param proxy the one on the way, if any
 */
export function failureOf(thrown: unknown, head: ResponseHead | undefined, proxy?: Proxy): Failure {
  const error =
    thrown instanceof Error || isRecord(thrown) ? (thrown as Readonly<Record<string, unknown>>) : {}
  if (isRecord(error['data'])) return refusal(error['data'], head)
  const tunnel = proxy === undefined || head !== undefined ? undefined : tunnelFailure(error, proxy)
  if (tunnel !== undefined && proxy !== undefined) return { kind: 'proxy', ...tunnel, host: proxy.host }
  const code = textIn(error, 'code') ?? ''
  if (code === ANSWER_TOO_LONG) {
    return { kind: 'broken-answer', what: 'sent an answer of more than 1 MiB, which was cut off' }
  }
  if (isCertificateError(code)) return { kind: 'untrusted', code }
  if (code !== '') return { kind: 'network', code, what: networkWords(code, head) }
  if (/timeout/i.test(textIn(error, 'name') ?? '')) return timeout(head)
  return { kind: 'broken-answer', what: brokenWords(head) }
}

/** @param head what was seen of the response, when one began */
export function timeout(head: ResponseHead | undefined): RequestFailure {
  return { kind: 'timeout', what: head === undefined ? 'did not answer' : 'did not finish its answer' }
}

/** Whether the same request can succeed a moment later. A refusal is for the service's own codes to decide. */
export function mayPass(failure: RequestFailure): boolean {
  switch (failure.kind) {
    case 'untrusted':
      return false
    case 'network':
      // A name that does not exist will not exist in a second; a name server without an answer may have one.
      return failure.code !== 'ENOTFOUND'
    case 'proxy':
      // 4xx is its decision: the user is unknown to it, or the host is not allowed.
      return failure.code !== 'ENOTFOUND' && (failure.status === undefined || failure.status >= 500)
    case 'timeout':
    case 'broken-answer':
      return true
  }
}

/** Whether the request never left: there was no connection to send it on. */
export function isUnsent(failure: RequestFailure): boolean {
  if (failure.kind === 'network') return UNCONNECTED.includes(failure.code)
  return failure.kind === 'untrusted' || failure.kind === 'proxy'
}

/** A failure in a few words, for the log line of an attempt that is followed by another. */
export function inShort(failure: Failure): string {
  switch (failure.kind) {
    case 'refused':
      return `${failure.code}, HTTP ${failure.status}`
    case 'untrusted':
      return `the certificate is not trusted (${failure.code})`
    case 'proxy':
      return `the proxy made no connection (${failure.status === undefined ? failure.code : `HTTP ${failure.status}`})`
    case 'timeout':
    case 'network':
    case 'broken-answer':
      return `the service ${failure.what}`
  }
}

/** What is wrong with an answer whose body cannot be read. */
export function brokenWords(head: ResponseHead | undefined): string {
  if (head === undefined) return 'could not be called'
  if (head.location !== undefined) return `answered HTTP ${head.status}, a redirect, which is not followed`
  const type = TYPES.find((known) => head.contentType.toLowerCase().startsWith(known))
  const ofType =
    head.contentType === '' ? 'of no stated type' : type === undefined ? 'of another type' : `of type ${type}`
  return `answered HTTP ${head.status} with a body that is not the JSON of the service (${ofType})`
}

/** The only ones that are shown: a header can hold anything. */
const TYPES = [
  'text/html',
  'text/plain',
  'text/xml',
  'application/xml',
  'application/json',
  'application/octet-stream',
]

function refusal(envelope: Readonly<Record<string, unknown>>, head: ResponseHead | undefined): Failure {
  const requestId = requestIdIn(envelope)
  const status = head?.status ?? envelope['statusCode']
  if (typeof status !== 'number' || !Number.isInteger(status)) {
    return { kind: 'broken-answer', what: 'answered without an HTTP status', requestId }
  }
  const code = textIn(envelope, 'Code')
  if (code === undefined || !/^[\w.-]{1,100}$/.test(code)) {
    return { kind: 'broken-answer', what: `answered HTTP ${status} without an error code`, requestId }
  }
  return {
    kind: 'refused',
    code,
    serviceMessage: messageIn(envelope, 'Message'),
    status,
    requestId,
    serviceDate: head?.date,
  }
}

function networkWords(code: string, head: ResponseHead | undefined): string {
  if (head !== undefined) return `broke off its answer (${code})`
  return NETWORK_WORDS[code] ?? `could not be reached (${code})`
}

const NETWORK_WORDS: Readonly<Record<string, string>> = {
  ENOTFOUND: 'does not resolve: no host has that name (ENOTFOUND)',
  EAI_AGAIN: 'could not be resolved: the name server did not answer (EAI_AGAIN)',
  ECONNREFUSED: 'refused the connection: nothing listens there (ECONNREFUSED)',
  ECONNRESET: 'closed the connection before it answered (ECONNRESET)',
  EPROTO: 'does not speak TLS as it should (EPROTO)',
}

/** Codes of a connection that was not made. */
const UNCONNECTED = ['ENOTFOUND', 'EAI_AGAIN', 'ECONNREFUSED', 'EHOSTUNREACH', 'ENETUNREACH']

/** Codes of OpenSSL's verification, and of Node's check of the host name. */
function isCertificateError(code: string): boolean {
  return /^(CERT_|ERR_TLS_CERT|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_|INVALID_CA|HOSTNAME_MISMATCH)/.test(code)
}

/**
 * Words a failure of which nothing was heard of the service itself, and what to do about it.
 *
 * @param host the one that was called
 * @param wrongAddress what to do when another host than the service seems to have answered, or none
 */
export function wordsOf(
  failure: RequestFailure,
  {
    host,
    wrongAddress,
    proxy,
  }: { readonly host: string; readonly wrongAddress: string; readonly proxy: Proxy | undefined },
): { readonly what: string; readonly fix: string } {
  const onTheWay = proxyFor(host, proxy)
  const throughProxy = onTheWay === undefined ? '' : ` HTTPS_PROXY names the proxy ${onTheWay.host}.`
  switch (failure.kind) {
    case 'untrusted':
      return {
        what: `The certificate of ${host} is not trusted (${failure.code})`,
        fix:
          'If a proxy or a private CA signs it on purpose, give the CA certificate to the runner: name its file in ' +
          'NODE_EXTRA_CA_CERTS, in the environment of the job or of the runner. Else check the endpoint.',
      }
    case 'timeout':
      return {
        what: `${host} ${failure.what} in time`,
        fix: `Check that this runner may reach ${host}, on port 443 if no other is given.${throughProxy}`,
      }
    case 'proxy':
      return proxyWords(failure, host)
    case 'network':
    case 'broken-answer':
      return { what: `${host} ${failure.what}`, fix: `${wrongAddress}${throughProxy}` }
  }
}

function proxyWords(
  { code, status, host: proxy }: RequestFailure & { kind: 'proxy' },
  host: string,
): { readonly what: string; readonly fix: string } {
  if (status === 407) {
    return {
      what: `The proxy ${proxy} wants another user or password (HTTP 407)`,
      fix: 'Put both into HTTPS_PROXY, as http://user:password@host:port, special characters percent-encoded.',
    }
  }
  if (status !== undefined) {
    return {
      what: `The proxy ${proxy} refused to connect to ${host} (HTTP ${status})`,
      fix: `Let the proxy allow CONNECT to ${host}, or name the host in NO_PROXY when it can be reached without it.`,
    }
  }
  return {
    what: `The proxy ${proxy} could not be reached, or broke off (${code})`,
    fix: 'Check HTTPS_PROXY, and that the proxy runs and this runner may reach it.',
  }
}
