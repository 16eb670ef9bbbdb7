import type { RequestFailure } from './failures.ts'
import { proxyFor, type Proxy } from './proxy.ts'

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
): { readonly what: string; readonly cure: string } {
  const onTheWay = proxyFor(host, proxy)
  const throughProxy = onTheWay === undefined ? '' : ` HTTPS_PROXY names the proxy ${onTheWay.host}.`
  switch (failure.kind) {
    case 'untrusted':
      return {
        what: `The certificate of ${host} is not trusted (${failure.code})`,
        cure:
          'If a proxy or a private CA signs it on purpose, give the CA certificate to the runner: name its file in ' +
          'NODE_EXTRA_CA_CERTS, in the environment of the job or of the runner. Else check the endpoint.',
      }
    case 'timeout':
      return {
        what: `${host} ${failure.what} in time`,
        cure: `Check that this runner may reach ${host}, on port 443 if no other is given.${throughProxy}`,
      }
    case 'proxy':
      return proxyWords(failure, host)
    case 'network':
    case 'broken-answer':
      return { what: `${host} ${failure.what}`, cure: `${wrongAddress}${throughProxy}` }
  }
}

function proxyWords(
  { code, status, host: proxy }: RequestFailure & { kind: 'proxy' },
  host: string,
): { readonly what: string; readonly cure: string } {
  if (status === 407) {
    return {
      what: `The proxy ${proxy} wants another user or password (HTTP 407)`,
      cure: 'Put both into HTTPS_PROXY, as http://user:password@host:port, special characters percent-encoded.',
    }
  }
  if (status !== undefined) {
    return {
      what: `The proxy ${proxy} refused to connect to ${host} (HTTP ${status})`,
      cure: `Let the proxy allow CONNECT to ${host}, or name the host in NO_PROXY when it can be reached without it.`,
    }
  }
  return {
    what: `The proxy ${proxy} could not be reached, or broke off (${code})`,
    cure: 'Check HTTPS_PROXY, and that the proxy runs and this runner may reach it.',
  }
}
