import { within, type Limit } from '../deadline.ts'
import { extraCaProblem } from './extra-ca.ts'
import { isCertificateError, UNRESOLVED, type Failure, type RequestFailure } from './failures.ts'
import { proxyFor } from './proxy.ts'
import type { Transport } from './retry.ts'

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
