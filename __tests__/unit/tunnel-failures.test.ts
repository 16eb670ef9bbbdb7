import { describe, expect, it } from '@jest/globals'
import { failureOf } from '../../src/attempts/failures.ts'

const proxy = {
  url: 'http://user:word@proxy.example:3128',
  host: 'proxy.example:3128',
  isBypassed: () => false,
}

describe('a failure of a connection through a proxy', () => {
  it.each([
    [
      'an error of Node with a CONNECT response',
      { code: 'ERR_PROXY_TUNNEL', statusCode: 407 },
      'ERR_PROXY_TUNNEL',
      407,
    ],
    [
      'an error of Node with an invalid CONNECT response',
      { code: 'ERR_PROXY_TUNNEL', statusCode: NaN },
      'ERR_PROXY_TUNNEL',
      undefined,
    ],
    [
      'an error of Node without a CONNECT response',
      { code: 'ERR_PROXY_TUNNEL' },
      'ERR_PROXY_TUNNEL',
      undefined,
    ],
    [
      'a connection to the proxy port',
      { code: 'ECONNREFUSED', syscall: 'connect', port: 3128 },
      'ECONNREFUSED',
      undefined,
    ],
    ['the proxy host without an error code', { hostname: 'proxy.example' }, '', undefined],
    ['the proxy host', { code: 'ENOTFOUND', hostname: 'proxy.example' }, 'ENOTFOUND', undefined],
  ])('is attributed to the proxy: %s', (_, parts, code, status) => {
    const error = Object.assign(new Error(), parts)
    expect(failureOf(error, { head: undefined, proxy: proxy, timeoutMs: 1 })).toEqual({
      kind: 'proxy',
      code,
      status,
      host: proxy.host,
    })
  })

  it.each([
    ['another port', { code: 'ECONNREFUSED', syscall: 'connect', port: 443 }],
    ['an established connection', { code: 'ECONNRESET', syscall: 'read', port: 3128 }],
    ['another host', { code: 'ENOTFOUND', hostname: 'onsmqtt.example' }],
    ['TLS', { code: 'EPROTO' }],
  ])('is attributed to the target host: %s', (_, parts) => {
    const failure = failureOf(Object.assign(new Error(), parts), {
      head: undefined,
      proxy: proxy,
      timeoutMs: 1,
    })
    expect(failure).toMatchObject({ kind: 'network', code: parts.code })
  })

  it.each([
    ['http://proxy.example', 80],
    ['https://proxy.example', 443],
  ])('uses the default port of %s', (url, port) => {
    const error = Object.assign(new Error(), { code: 'ECONNREFUSED', syscall: 'connect', port })
    expect(failureOf(error, { head: undefined, proxy: { ...proxy, url }, timeoutMs: 1 })).toMatchObject({
      kind: 'proxy',
    })
  })

  it('is not attributed to the proxy after a response arrived', () => {
    const head = { status: 200, contentType: '', location: undefined, date: undefined }
    const error = Object.assign(new Error(), { code: 'ECONNRESET', syscall: 'connect', port: 3128 })
    expect(failureOf(error, { head, proxy, timeoutMs: 1 })).toMatchObject({ kind: 'network' })
  })
})
