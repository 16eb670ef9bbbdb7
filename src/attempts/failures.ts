import { proxyFor, tunnelFailure, type Proxy } from './proxy.ts'
import {
  isRecord,
  messageIn,
  requestIdIn,
  RESPONSE_TOO_LARGE,
  textIn,
  type ResponseHead,
} from './response.ts'

/** Why an attempt gave no usable result. These facts decide whether to retry, and what to tell the user. */
export type Failure = Refusal | RequestFailure

/** The service returned an error in its own format. */
export type Refusal = {
  readonly kind: 'refused'
  readonly code: string
  /** Bounded in length, otherwise unchanged. */
  readonly serviceMessage: string
  readonly status: number
  readonly requestId?: string | undefined
  /** The service's clock: the `Date` header. */
  readonly serviceDate?: string | undefined
}

/** Any other failure: there is no usable error from the service. */
export type RequestFailure =
  /** Something responded, but not with what the operation promises: HTML, half a body, a success without its content. */
  | { readonly kind: 'broken-response'; readonly what: string; readonly requestId?: string | undefined }
  /** No complete response within the attempt's limit. */
  | { readonly kind: 'timeout'; readonly what: string; readonly limitMs: number }
  /** The TLS certificate of the other side is not trusted. */
  | { readonly kind: 'untrusted'; readonly code: string }
  /** No connection, or one that broke. `code` is Node's, for example `ECONNRESET`. */
  | { readonly kind: 'network'; readonly code: string; readonly what: string }
  /** The proxy cannot be reached, or refuses to connect. `status` is its response to `CONNECT`. */
  | {
      readonly kind: 'proxy'
      readonly code: string
      readonly status: number | undefined
      readonly host: string
    }

/**
 * Carries a `Failure` from the attempt to the code that decides whether to retry. It has no cause: errors of libraries
 * can contain a part of the response, which nobody has masked yet.
 */
export class AttemptError extends Error {
  override readonly name = 'AttemptError'
  readonly failure: Failure

  constructor(failure: Failure) {
    super(failure.kind)
    this.failure = failure
  }
}

/** An attempt, for the classification of its failure. */
export type FailedAttempt = {
  /** What was seen of the response, if one began. */
  readonly head: ResponseHead | undefined
  /** The proxy in use, if any. */
  readonly proxy?: Proxy | undefined
  readonly timeoutMs: number
}

/**
 * Classifies what the SDK, or Node below it, throws.
 *
 * The SDK's response errors carry the envelope in `data`. A response that is not JSON is a plain `SyntaxError` with a
 * part of the body in its message, and a timeout is known by its name alone (read in `@alicloud/openapi-client` 0.4.15
 * and in httpx, the HTTP library below it). Messages are not used: they contain parts of the response, and the whole
 * URL.
 */
export function failureOf(thrown: unknown, attempt: FailedAttempt): Failure {
  const { head, proxy } = attempt
  const error =
    thrown instanceof Error || isRecord(thrown) ? (thrown as Readonly<Record<string, unknown>>) : {}
  if (isRecord(error['data'])) return refusal(error['data'], head)
  const tunnel = proxy === undefined || head !== undefined ? undefined : tunnelFailure(error, proxy)
  if (tunnel !== undefined && proxy !== undefined) return { kind: 'proxy', ...tunnel, host: proxy.host }
  const code = textIn(error, 'code') ?? ''
  if (code === RESPONSE_TOO_LARGE) {
    return { kind: 'broken-response', what: 'sent a response of more than 1 MiB, which was cut off' }
  }
  if (isCertificateError(code)) return { kind: 'untrusted', code }
  if (code !== '') return { kind: 'network', code, what: describeNetworkError(code, head) }
  if (/timeout/i.test(textIn(error, 'name') ?? '')) return timeoutOf(attempt)
  return { kind: 'broken-response', what: describeUnreadableBody(head) }
}

/** The failure of an attempt that reached its limit. */
export function timeoutOf({ head, timeoutMs: limitMs }: FailedAttempt): RequestFailure {
  const what = head === undefined ? 'did not respond' : 'did not finish its response'
  return { kind: 'timeout', what, limitMs }
}

/** Whether the same request can succeed a moment later. Refusals are decided by their code: see `isRetryable`. */
export function isTemporary(failure: RequestFailure): boolean {
  switch (failure.kind) {
    case 'untrusted':
      return false
    case 'network':
      // A name that does not exist will not exist in a second; a DNS server that did not respond may do so then.
      return failure.code !== 'ENOTFOUND'
    case 'proxy':
      // 4xx is the proxy's decision: unknown credentials, or a host that is not allowed.
      return failure.code !== 'ENOTFOUND' && (failure.status === undefined || failure.status >= 500)
    case 'timeout':
    case 'broken-response':
      return true
  }
}

/** Whether the request was never sent because there was no connection. */
export function isUnsent(failure: RequestFailure): boolean {
  if (failure.kind === 'network') return UNCONNECTED.includes(failure.code)
  return failure.kind === 'untrusted' || failure.kind === 'proxy'
}

/** Returns a failure in a few words, for the log line of a retry. */
export function summarize(failure: Failure): string {
  switch (failure.kind) {
    case 'refused':
      return `${failure.code}, HTTP ${failure.status}`
    case 'untrusted':
      return `the TLS certificate is not trusted (${failure.code})`
    case 'proxy':
      return `the proxy did not connect (${failure.status === undefined ? failure.code : `HTTP ${failure.status}`})`
    case 'timeout':
      return `the service ${describeTimeout(failure)}`
    case 'network':
    case 'broken-response':
      return `the service ${failure.what}`
  }
}

/**
 * Describes a failure without an error from the service, and what to do about it.
 *
 * @param about.host the host that was called
 * @param about.wrongAddress the fix when another host than the service seems to have responded, or none
 * @param about.timeoutSeconds the input `timeout`
 * @param about.isTimeUp whether that time is over
 */
export function describeFailure(
  failure: RequestFailure,
  about: {
    readonly host: string
    readonly wrongAddress: string
    readonly proxy: Proxy | undefined
    readonly timeoutSeconds: number
    readonly isTimeUp: boolean
  },
): { readonly what: string; readonly fix: string } {
  const { host, wrongAddress, timeoutSeconds, isTimeUp } = about
  const proxy = proxyFor(host, about.proxy)
  const throughProxy = proxy === undefined ? '' : ` HTTPS_PROXY sets the proxy ${proxy.host}.`
  switch (failure.kind) {
    case 'untrusted':
      return {
        what: `The TLS certificate of ${host} is not trusted (${failure.code})`,
        fix:
          'If a proxy or a private CA issues it on purpose, set NODE_EXTRA_CA_CERTS to the path of its CA certificate, ' +
          'in the environment of the job or of the runner. Otherwise check the endpoint.',
      }
    case 'timeout':
      return {
        what: `${host} ${describeTimeout(failure)}${isTimeUp ? `, the end of the ${timeoutSeconds} s of the input timeout` : ''}`,
        fix:
          `Check that this runner can reach ${host}, on port 443 unless another one is given.${throughProxy} ` +
          (isTimeUp
            ? 'If it can, raise the input timeout.'
            : `The input timeout limits all attempts together to ${timeoutSeconds} s.`),
      }
    case 'proxy':
      return describeProxyFailure(failure, host)
    case 'network':
    case 'broken-response':
      return { what: `${host} ${failure.what}`, fix: `${wrongAddress}${throughProxy}` }
  }
}

/** What is wrong with a response whose body cannot be read. */
function describeUnreadableBody(head: ResponseHead | undefined): string {
  if (head === undefined) return 'could not be called'
  if (head.location !== undefined) return `returned HTTP ${head.status}, a redirect, which is not followed`
  const known = CONTENT_TYPES.find((type) => head.contentType.toLowerCase().startsWith(type))
  const type = known ?? (head.contentType === '' ? 'no content type' : 'another content type')
  return `returned HTTP ${head.status} with a body that is not a JSON object (${type})`
}

/** Only these are shown: a header can contain anything. */
const CONTENT_TYPES = [
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
    return { kind: 'broken-response', what: 'responded without an HTTP status', requestId }
  }
  const code = textIn(envelope, 'Code')
  if (code === undefined || !/^[\w.-]{1,100}$/.test(code)) {
    return { kind: 'broken-response', what: `returned HTTP ${status} without an error code`, requestId }
  }
  const serviceMessage = messageIn(envelope, 'Message')
  return { kind: 'refused', code, serviceMessage, status, requestId, serviceDate: head?.date }
}

function describeTimeout({ what, limitMs }: RequestFailure & { readonly kind: 'timeout' }): string {
  return `${what} within ${Number(Math.max(0.1, limitMs / 1000).toFixed(1))} s`
}

function describeNetworkError(code: string, head: ResponseHead | undefined): string {
  if (head !== undefined) return `closed the connection during its response (${code})`
  return NETWORK_ERRORS[code] ?? `could not be reached (${code})`
}

const NETWORK_ERRORS: Readonly<Record<string, string>> = {
  ENOTFOUND: 'does not resolve: there is no host with this name (ENOTFOUND)',
  EAI_AGAIN: 'could not be resolved: the DNS server did not respond (EAI_AGAIN)',
  ECONNREFUSED: 'refused the connection: nothing listens on this port (ECONNREFUSED)',
  ECONNRESET: 'closed the connection before it responded (ECONNRESET)',
  EPROTO: 'did not complete the TLS handshake (EPROTO)',
}

/** Codes of a connection that was never made. */
const UNCONNECTED = ['ENOTFOUND', 'EAI_AGAIN', 'ECONNREFUSED', 'EHOSTUNREACH', 'ENETUNREACH']

/** Codes of OpenSSL's verification, and of Node's check of the host name. */
function isCertificateError(code: string): boolean {
  return /^(CERT_|ERR_TLS_CERT|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_|INVALID_CA|HOSTNAME_MISMATCH)/.test(code)
}

function describeProxyFailure(
  { code, status, host: proxy }: RequestFailure & { readonly kind: 'proxy' },
  host: string,
): { readonly what: string; readonly fix: string } {
  if (status === 407) {
    return {
      what: `The proxy ${proxy} rejected the credentials (HTTP 407)`,
      fix: 'Set HTTPS_PROXY to http://user:password@host:port, and percent-encode special characters.',
    }
  }
  if (status !== undefined) {
    return {
      what: `The proxy ${proxy} refused to connect to ${host} (HTTP ${status})`,
      fix: `Allow CONNECT to ${host} in the proxy, or add the host to NO_PROXY if this runner can reach it directly.`,
    }
  }
  return {
    what: `The proxy ${proxy} could not be reached, or closed the connection (${code})`,
    fix: 'Check HTTPS_PROXY, and that this runner can reach the proxy.',
  }
}
