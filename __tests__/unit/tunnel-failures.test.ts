import { describe, expect, it } from '@jest/globals'
import {
  failureOf,
  isTemporary,
  isUnsent,
  type RequestFailure,
  timeoutOf,
} from '../../src/attempts/failures.ts'
import type { Tunnel } from '../../src/attempts/proxy.ts'

const limit = { ms: 1 }
const proxy = { host: 'proxy.example:3128', variable: 'https_proxy' }

function failure(tunnel: Tunnel | undefined, parts: object): RequestFailure {
  const failed = failureOf(Object.assign(new Error(), parts), { head: undefined, tunnel, limit })
  if (failed.kind === 'refused') throw new Error('refused')
  return failed
}

describe('a failure before the tunnel opens', () => {
  it.each<[Tunnel['stage'], object, boolean]>([
    ['connection', { code: 'ECONNREFUSED' }, true],
    ['connection', { code: 'EAI_AGAIN' }, true],
    ['connection', { code: 'ENOTFOUND' }, false],
    ['tls', { code: 'ECONNRESET' }, true],
    ['tls', { code: 'EPROTO' }, false],
    ['tls', { code: 'ERR_SSL_WRONG_VERSION_NUMBER' }, false],
    ['tls', { code: 'SELF_SIGNED_CERT_IN_CHAIN' }, false],
    ['tls', { code: 'ERR_TLS_CERT_ALTNAME_INVALID' }, false],
    ['response', { code: 'ECONNRESET' }, true],
    ['response', { code: 'HPE_INVALID_CONSTANT' }, true],
  ])('is that of the proxy: %s, %j; temporary: %s', (stage, parts, retry) => {
    const failed = failure({ ...proxy, stage }, parts)
    expect(failed).toEqual({ kind: 'proxy', ...proxy, stage, ...parts })
    expect(isTemporary(failed)).toBe(retry)
    expect(isUnsent(failed)).toBe(true)
  })

  it.each([
    [407, false],
    [403, false],
    [502, true],
  ])('is that of the proxy when it responds with HTTP %i; temporary: %s', (status, retry) => {
    const failed = failure({ ...proxy, stage: 'response', status }, { code: 'ERR_PROXY_TUNNEL' })
    expect(failed).toMatchObject({ kind: 'proxy', status })
    expect(isTemporary(failed)).toBe(retry)
  })

  it('is that of the proxy at the limit, after which the request may still be sent', () => {
    const tunnel: Tunnel = { ...proxy, stage: 'tls' }
    const failed = timeoutOf({ head: undefined, tunnel, limit })
    // The abandoned tunnel goes on.
    tunnel.stage = 'open'
    expect(failed).toEqual({ kind: 'proxy', ...proxy, stage: 'tls', code: '', limit })
    expect(isTemporary(failed)).toBe(true)
    expect(isUnsent(failed)).toBe(false)
    const byName = Object.assign(new Error(), { name: 'RequestTimeoutError' })
    expect(failureOf(byName, { head: undefined, tunnel: { ...proxy, stage: 'tls' }, limit })).toEqual(failed)
  })
})

describe('any other failure', () => {
  it.each([
    ['an open tunnel', { ...proxy, stage: 'open' } as const],
    ['no tunnel', undefined],
  ])('is that of the host: %s', (_, tunnel) => {
    expect(failure(tunnel, { code: 'ECONNRESET' })).toMatchObject({ kind: 'network', code: 'ECONNRESET' })
    expect(failure(tunnel, { code: 'SELF_SIGNED_CERT_IN_CHAIN' })).toMatchObject({ kind: 'untrusted' })
    expect(timeoutOf({ head: undefined, tunnel, limit })).toMatchObject({ kind: 'timeout', limit })
  })
})
