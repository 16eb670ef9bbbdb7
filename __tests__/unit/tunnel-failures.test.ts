import { describe, expect, it } from '@jest/globals'
import { failureOf } from '../../src/attempts/failures.ts'

const proxy = {
  url: 'http://user:word@proxy.example:3128',
  host: 'proxy.example:3128',
  isBypassed: () => false,
}

describe('a failure on the way through a proxy', () => {
  it.each([
    [
      "Node's, with the answer to CONNECT",
      { code: 'ERR_PROXY_TUNNEL', statusCode: 407 },
      'ERR_PROXY_TUNNEL',
      407,
    ],
    [
      "Node's, with an answer that is none",
      { code: 'ERR_PROXY_TUNNEL', statusCode: NaN },
      'ERR_PROXY_TUNNEL',
      undefined,
    ],
    ["Node's, without an answer", { code: 'ERR_PROXY_TUNNEL' }, 'ERR_PROXY_TUNNEL', undefined],
    [
      'a connection to its port',
      { code: 'ECONNREFUSED', syscall: 'connect', port: 3128 },
      'ECONNREFUSED',
      undefined,
    ],
    ['its name, without a code', { hostname: 'proxy.example' }, '', undefined],
    ['its name', { code: 'ENOTFOUND', hostname: 'proxy.example' }, 'ENOTFOUND', undefined],
  ])('is that of the proxy: %s', (_, parts, code, status) => {
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
    ['a connection that was there', { code: 'ECONNRESET', syscall: 'read', port: 3128 }],
    ['another name', { code: 'ENOTFOUND', hostname: 'onsmqtt.example' }],
    ['TLS', { code: 'EPROTO' }],
  ])('is that of the host behind it: %s', (_, parts) => {
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
  ])('knows the port that %s leaves out', (url, port) => {
    const error = Object.assign(new Error(), { code: 'ECONNREFUSED', syscall: 'connect', port })
    expect(failureOf(error, { head: undefined, proxy: { ...proxy, url }, timeoutMs: 1 })).toMatchObject({
      kind: 'proxy',
    })
  })

  it('cannot be, once an answer came', () => {
    const head = { status: 200, contentType: '', location: undefined, date: undefined }
    const error = Object.assign(new Error(), { code: 'ECONNRESET', syscall: 'connect', port: 3128 })
    expect(failureOf(error, { head, proxy, timeoutMs: 1 })).toMatchObject({ kind: 'network' })
  })
})
