import { within, type Limit } from '../deadline.ts'
import { extraCaProblem } from './extra-ca.ts'
import { proxyFor, type Tunnel } from './proxy.ts'
import {
  isRecord,
  messageIn,
  requestIdIn,
  RESPONSE_TOO_LARGE,
  textIn,
  type ResponseHead,
} from './response.ts'
import type { Transport } from './retry.ts'

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
  | { readonly kind: 'timeout'; readonly what: string; readonly limit: Limit }
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
  const { head, tunnel } = attempt
  const error =
    thrown instanceof Error || isRecord(thrown) ? (thrown as Readonly<Record<string, unknown>>) : {}
  if (isRecord(error['data'])) return refusal(error['data'], head)
  const code = textIn(error, 'code') ?? ''
  if (code === '' && /timeout/i.test(textIn(error, 'name') ?? '')) return timeoutOf(attempt)
  if (isClosed(tunnel)) return { kind: 'proxy', ...tunnel, code }
  if (code === RESPONSE_TOO_LARGE) {
    return { kind: 'broken-response', what: 'sent a response of more than 1 MiB, which was cut off' }
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

/** Whether the request was never sent because there was no connection. */
export function isUnsent(failure: RequestFailure): boolean {
  if (failure.kind === 'network') return UNCONNECTED.includes(failure.code)
  // At its limit, a tunnel is only abandoned: it may still open.
  return failure.kind === 'untrusted' || (failure.kind === 'proxy' && failure.limit === undefined)
}

/** Returns a failure in a few words, for the log line of a retry. */
export function summarize(failure: Failure): string {
  switch (failure.kind) {
    case 'refused':
      return `${failure.code}, HTTP ${failure.status}`
    case 'untrusted':
      return `the TLS certificate is not trusted (${failure.code})`
    case 'proxy':
      return `the proxy did not connect${reasonOf(failure)}`
    case 'timeout':
      return `the service ${failure.what} ${within(failure.limit)}`
    case 'network':
    case 'broken-response':
      return `the service ${failure.what}`
  }
}

/** The call that failed. */
type About = Pick<Transport, 'proxy' | 'unusedProxyVariable' | 'extraCaFile' | 'timeoutSeconds'> & {
  /** The host that was called. */
  readonly host: string
  /** Which input the host comes from, and what may be wrong with it; empty for a host that no input sets. */
  readonly origin: string
  /** The fix when another host than the service seems to have responded, or none. */
  readonly wrongAddress: string
  /** The fix when the host did not respond in time, if there is a better one than to check the network. */
  readonly lateFix?: string
}

type Description = { readonly what: string; readonly fix: string }

/** Describes a failure without an error from the service, and what to do about it. */
export function describeFailure(failure: RequestFailure, about: About): Description {
  const { host, origin, wrongAddress } = about
  switch (failure.kind) {
    case 'untrusted':
      return {
        what: describeUntrusted(host, failure.code, about),
        fix: sentences(
          'If a proxy or a private CA issues it on purpose, set NODE_EXTRA_CA_CERTS to the absolute path of its CA ' +
            'certificate in PEM format, in the environment of the job or of the runner.',
          origin === '' ? '' : 'Otherwise check the endpoint.',
        ),
      }
    case 'timeout':
      return {
        what: `${host} ${failure.what} ${within(failure.limit)}`,
        fix: sentences(
          about.lateFix ??
            `Check that this runner can reach ${host}, on port 443 unless another one is given.`,
          describeRoute(about),
          fixLimit(failure.limit, about),
        ),
      }
    case 'proxy':
      return describeProxyFailure(failure, about)
    case 'network':
      return {
        what: `${host} ${failure.what}`,
        fix: sentences(UNRESOLVED.includes(failure.code) ? origin : '', wrongAddress, describeRoute(about)),
      }
    case 'broken-response':
      return { what: `${host} ${failure.what}`, fix: sentences(wrongAddress, describeRoute(about)) }
  }
}

function sentences(...all: readonly string[]): string {
  return all.filter((sentence) => sentence !== '').join(' ')
}

/** Names the proxy of a host, or a variable that was probably meant to set one. */
function describeRoute({ host, proxy, unusedProxyVariable }: About): string {
  const used = proxyFor(host, proxy)
  if (used !== undefined) return `${used.variable} sets the proxy ${used.host}.`
  if (proxy !== undefined || unusedProxyVariable === undefined) return ''
  return `${unusedProxyVariable} is set, but requests to HTTPS hosts use HTTPS_PROXY: if this runner needs a proxy, set HTTPS_PROXY to http://host:port.`
}

/** Says what changes a limit that was hit. */
function fixLimit({ ofTimeout }: Limit, { timeoutSeconds }: About): string {
  return ofTimeout === undefined
    ? `The input timeout limits all attempts together to ${timeoutSeconds} s.`
    : 'If it only needs more time, raise the input timeout.'
}

function describeUntrusted(owner: string, code: string, { extraCaFile }: About): string {
  const problem = extraCaProblem(extraCaFile)
  const file =
    problem && `, and NODE_EXTRA_CA_CERTS names a file that cannot be read: ${problem}, ${extraCaFile}`
  return `The TLS certificate of ${owner} is not trusted (${code})${file ?? ''}`
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
const UNRESOLVED = ['ENOTFOUND', 'EAI_AGAIN']
/** Codes of a connection that was never made. */
const UNCONNECTED = [...UNRESOLVED, 'ECONNREFUSED', 'EHOSTUNREACH', 'ENETUNREACH']

/** Codes of OpenSSL's verification, and of Node's check of the host name. */
function isCertificateError(code: string): boolean {
  return /^(CERT_|ERR_TLS_CERT|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_|INVALID_CA|HOSTNAME_MISMATCH)/.test(code)
}

/** Codes of a TLS handshake that fails again when it is repeated. */
function isTlsError(code: string): boolean {
  return isCertificateError(code) || /^(EPROTO|ERR_SSL_)/.test(code)
}

type ProxyFailure = RequestFailure & { readonly kind: 'proxy' }

function reasonOf({ code, status, limit }: ProxyFailure): string {
  if (limit !== undefined) return ` ${within(limit)}`
  return ` (${status === undefined ? code : `HTTP ${status}`})`
}

function describeProxyFailure(failure: ProxyFailure, about: About): Description {
  const { code, status, stage, limit, variable } = failure
  const proxy = `proxy ${failure.host}`
  const reason = reasonOf(failure)
  const { host, origin } = about
  if (status === 407) {
    return {
      what: `The ${proxy} rejected the credentials${reason}`,
      fix: `Set ${variable} to http://user:password@host:port, and percent-encode special characters.`,
    }
  }
  if (status !== undefined) {
    return {
      what: `The ${proxy} refused to connect to ${host}${reason}`,
      fix: sentences(
        `Allow CONNECT to ${host} in the proxy, or add the host to NO_PROXY if this runner can reach it directly.`,
        origin,
      ),
    }
  }
  const advice = limit === undefined ? '' : fixLimit(limit, about)
  if (stage === 'tls') {
    const isUntrusted = isCertificateError(code)
    return {
      what: isUntrusted
        ? describeUntrusted(`the ${proxy}`, code, about)
        : `The ${proxy} did not answer TLS${reason}`,
      fix: sentences(
        `${variable} starts with https://, so the connection to the proxy itself uses TLS.`,
        isUntrusted
          ? 'Use the host name in the certificate of the proxy, and set NODE_EXTRA_CA_CERTS to the absolute path of its CA certificate in PEM format.'
          : '',
        `Most proxies are given as http://, also for requests to HTTPS hosts: set ${variable} to http://host:port.`,
        advice,
      ),
    }
  }
  const isReached = stage === 'response'
  const missing = isReached ? `did not connect to ${host}` : 'did not accept a connection'
  return {
    what: `The ${proxy} ${limit === undefined ? 'could not be reached, or closed the connection' : missing}${reason}`,
    fix: isReached
      ? sentences(
          `Check ${variable}, and that the proxy can reach ${host}.`,
          about.proxy?.url.startsWith('http:') === true
            ? `If the proxy itself uses TLS, start ${variable} with https://.`
            : '',
          origin,
          advice,
        )
      : sentences(`Check ${variable}, and that this runner can reach the proxy.`, advice),
  }
}
