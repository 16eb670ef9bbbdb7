import type { Limit } from '../deadline.ts'
import type { Tunnel } from './proxy.ts'
import {
  isRecord,
  MAX_RESPONSE,
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
  /** When a rate limit allows another attempt, on the clock of `performance.now()`. */
  readonly notBeforeMs?: number | undefined
}

/** Any other failure: there is no usable error from the service. */
export type RequestFailure =
  /** Something responded, but not with what the operation promises: HTML, half a body, a success without its content. */
  | { readonly kind: 'broken-response'; readonly what: string; readonly requestId?: string | undefined }
  /** No complete response within the attempt's limit. */
  | {
      readonly kind: 'timeout'
      readonly what: string
      readonly limit: Limit
      /** Set if no request was sent. */
      readonly isUnsent?: true
    }
  /** The TLS certificate of the other side is not trusted. */
  | { readonly kind: 'untrusted'; readonly code: string }
  /** No connection, or one that broke. `code` is Node's, for example `ECONNRESET`. */
  | { readonly kind: 'network'; readonly code: string; readonly what: string }
  /** The tunnel through the proxy did not open: an error of Node with its code, or the attempt's limit. */
  | (Readonly<Tunnel> & { readonly kind: 'proxy'; readonly code: string; readonly limit?: Limit | undefined })

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
  /** The tunnel that it opened, or tried to open. */
  readonly tunnel?: Tunnel | undefined
  readonly limit: Limit
  /** How long the response may be. */
  readonly maxMib?: number | undefined
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
  const { head, tunnel, maxMib = MAX_RESPONSE } = attempt
  const error =
    thrown instanceof Error || isRecord(thrown) ? (thrown as Readonly<Record<string, unknown>>) : {}
  if (isRecord(error['data'])) return refusal(error['data'], head)
  const code = textIn(error, 'code') ?? ''
  if (code === '' && /timeout/i.test(textIn(error, 'name') ?? '')) return timeoutOf(attempt)
  if (isClosed(tunnel)) return { kind: 'proxy', ...tunnel, code }
  if (code === RESPONSE_TOO_LARGE) {
    return { kind: 'broken-response', what: `sent a response of more than ${maxMib} MiB, which was cut off` }
  }
  if (isCertificateError(code)) return { kind: 'untrusted', code }
  if (code !== '') return { kind: 'network', code, what: describeNetworkError(code, head) }
  return { kind: 'broken-response', what: describeUnreadableBody(head) }
}

/** The failure of an attempt that reached its limit. */
export function timeoutOf({ head, tunnel, limit }: FailedAttempt): RequestFailure {
  if (isClosed(tunnel)) return { kind: 'proxy', ...tunnel, code: '', limit }
  const what = head === undefined ? 'did not respond' : 'did not finish its response'
  return { kind: 'timeout', what, limit }
}

/** Whether a tunnel did not open, so that the failure is the proxy's and not that of the host behind it. */
function isClosed(tunnel: Tunnel | undefined): tunnel is Tunnel {
  return tunnel !== undefined && tunnel.stage !== 'open'
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
      if (failure.status !== undefined) return failure.status >= 500
      return failure.code !== 'ENOTFOUND' && !isTlsError(failure.code)
    case 'timeout':
    case 'broken-response':
      return true
  }
}

/** Whether the request was never sent, mostly because there was no connection. */
export function isUnsent(failure: RequestFailure): boolean {
  if (failure.kind === 'network') return UNCONNECTED.includes(failure.code)
  if (failure.kind === 'timeout') return failure.isUnsent === true
  // At its limit, a tunnel is only abandoned: it may still open.
  return failure.kind === 'untrusted' || (failure.kind === 'proxy' && failure.limit === undefined)
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

/** Codes of a host name that does not resolve. */
export const UNRESOLVED: readonly string[] = ['ENOTFOUND', 'EAI_AGAIN']
/** Codes of a connection that was never made. */
const UNCONNECTED = [...UNRESOLVED, 'ECONNREFUSED', 'EHOSTUNREACH', 'ENETUNREACH']

/** Codes of OpenSSL's verification, and of Node's check of the host name. */
export function isCertificateError(code: string): boolean {
  return /^(CERT_|ERR_TLS_CERT|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_|INVALID_CA|HOSTNAME_MISMATCH)/.test(code)
}

/** Codes of a TLS handshake that fails again when it is repeated. */
function isTlsError(code: string): boolean {
  return isCertificateError(code) || /^(EPROTO|ERR_SSL_)/.test(code)
}
