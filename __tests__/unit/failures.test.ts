import { describe, expect, it } from '@jest/globals'
import { summarize } from '../../src/attempts/failure-words.ts'
import { type Failure, failureOf } from '../../src/attempts/failures.ts'
import { RESPONSE_TOO_LARGE, type ResponseHead } from '../../src/attempts/response.ts'

const page = { status: 502, contentType: 'text/html', location: undefined, date: undefined }

/** Calls `failureOf` for an attempt of which only the response matters. */
function failure(thrown: unknown, head?: ResponseHead): Failure {
  return failureOf(thrown, { head, limit: { ms: 2_500 } })
}

describe('an error of the SDK', () => {
  it('is a refusal when the response is an error of the service', () => {
    const data = { Code: 'NoPermission', Message: 'You are not allowed.', RequestId: '3F2A', statusCode: 403 }
    expect(failure(Object.assign(new Error('code: 403, …'), { code: 'NoPermission', data }))).toEqual({
      kind: 'refused',
      code: 'NoPermission',
      serviceMessage: 'You are not allowed.',
      status: 403,
      requestId: '3F2A',
      serviceDate: undefined,
    })
  })

  it.each([
    ['A'.repeat(64), 'A'.repeat(64)],
    ['A'.repeat(65), undefined],
    ['3F2A-0a1b', '3F2A-0a1b'],
    ['3F2A 0a1b', undefined],
    ['3F2A_0a1b', undefined],
    ['3F2A\n', undefined],
    ['', undefined],
    [7, undefined],
  ])('contains only a valid request ID: %j', (RequestId, requestId) => {
    const data = { Code: 'Odd', RequestId, statusCode: 400 }
    expect(failure({ data }, undefined)).toMatchObject({ kind: 'refused', requestId })
    expect(failure({ data: { RequestId, statusCode: 400 } }, undefined)).toMatchObject({
      kind: 'broken-response',
      requestId,
    })
  })

  it.each([
    ['x'.repeat(4000), 'x'.repeat(4000)],
    ['x'.repeat(4001), 'x'.repeat(4000)],
    [7, ''],
  ])('contains at most 4000 characters of the message', (Message, serviceMessage) => {
    const data = { Code: 'Odd', Message, statusCode: 400 }
    expect(failure({ data }, undefined)).toMatchObject({ kind: 'refused', serviceMessage })
  })

  it.each(['x'.repeat(100), 'InvalidTimeStamp.Expired', 'a_b-c.1'])(
    'contains a valid error code: %s',
    (Code) => {
      expect(failure({ data: { Code, statusCode: 400 } }, undefined)).toMatchObject({
        kind: 'refused',
        code: Code,
      })
    },
  )

  it('contains the HTTP status, not the status in the body', () => {
    const data = { Code: 'Odd', statusCode: 400 }
    expect(failure({ data }, page)).toMatchObject({ kind: 'refused', status: 502 })
    expect(failure({ data }, undefined)).toMatchObject({ status: 400 })
  })

  it('is a refusal without a message when the response has none', () => {
    expect(failure({ data: { Code: 'Odd', statusCode: 400 } }, { ...page, status: 400 })).toMatchObject({
      kind: 'refused',
      serviceMessage: '',
      requestId: undefined,
    })
  })

  it.each([
    [
      'JSON without a code',
      { code: 'undefined', data: { RequestId: '3F2A' } },
      page,
      /HTTP 502 without an error code/,
    ],
    ['HTML', new SyntaxError('Unexpected token <'), page, /HTTP 502 .*not a JSON object \(text\/html\)/],
    ['no content type', new SyntaxError('x'), { ...page, contentType: '' }, /\(no content type\)/],
    [
      'a content type with parameters, which are not shown',
      new SyntaxError('x'),
      { ...page, contentType: 'Text/HTML; charset=hidden' },
      /\(text\/html\)$/,
    ],
    [
      'an unknown content type, which is not shown',
      new SyntaxError('x'),
      { ...page, contentType: 'hidden/html' },
      /\(another content type\)$/,
    ],
    [
      'a redirect',
      new SyntaxError('x'),
      { ...page, status: 302, location: 'https://x' },
      /a redirect, .*not followed/,
    ],
    ['a response that is too large', { code: RESPONSE_TOO_LARGE }, page, /more than 1 MiB/],
    [
      'JSON whose code is not a string',
      { data: { Code: 7, statusCode: 400 } },
      undefined,
      /HTTP 400 without an error code/,
    ],
    [
      'JSON whose code is two words',
      { data: { Code: 'two words', statusCode: 400 } },
      undefined,
      /HTTP 400 without an error code/,
    ],
    [
      'JSON whose code is too long',
      { data: { Code: 'x'.repeat(101), statusCode: 400 } },
      undefined,
      /HTTP 400 without an error code/,
    ],
    [
      'JSON whose code is empty',
      { data: { Code: '', statusCode: 400 } },
      undefined,
      /HTTP 400 without an error code/,
    ],
    ['JSON without a status', { data: { Code: 'Odd' } }, undefined, /responded without an HTTP status/],
    ...['teapot', 4.5, {}, NaN].map((statusCode): [string, object, undefined, RegExp] => [
      `JSON with the status ${JSON.stringify(statusCode)}`,
      { data: { Code: 'Odd', statusCode } },
      undefined,
      /responded without an HTTP status/,
    ]),
    ['the JSON null', { data: null }, page, /HTTP 502 .*not a JSON object/],
    ['a string', 'a text', undefined, /could not be called/],
    ['nothing at all', undefined, undefined, /could not be called/],
  ])('is an invalid response for %s', (_, thrown, head, what) => {
    const read = failure(thrown, head)
    expect(read).toMatchObject({ kind: 'broken-response' })
    expect(summarize(read)).toMatch(what)
  })

  it.each([
    ['ENOTFOUND', undefined, /no host with this name/],
    ['EAI_AGAIN', undefined, /DNS server did not respond/],
    ['EPROTO', undefined, /did not complete the TLS handshake/],
    ['ERR_SSL_CERT_LENGTH_MISMATCH', undefined, /could not be reached/],
    ['ECONNREFUSED', undefined, /nothing listens/],
    ['ECONNRESET', undefined, /before it responded/],
    ['ECONNRESET', page, /closed the connection during its response/],
    ['EHOSTUNREACH', undefined, /could not be reached \(EHOSTUNREACH\)/],
  ])('is a network failure for %s', (code, head, what) => {
    const read = failure(Object.assign(new Error('x'), { code }), head)
    expect(read).toMatchObject({ kind: 'network', code })
    expect(summarize(read)).toMatch(what)
  })

  it.each(['CERT_HAS_EXPIRED', 'DEPTH_ZERO_SELF_SIGNED_CERT', 'ERR_TLS_CERT_ALTNAME_INVALID'])(
    'is a TLS certificate error for %s',
    (code) => {
      const read = failure(Object.assign(new Error('x'), { code }), undefined)
      expect(read).toEqual({ kind: 'untrusted', code })
      expect(summarize(read)).toBe(`the TLS certificate is not trusted (${code})`)
    },
  )

  it('is a timeout when its name says so', () => {
    const error = Object.assign(new Error('ReadTimeout(3000)'), { name: 'RequestTimeoutError' })
    expect(failure(error, undefined)).toEqual({
      kind: 'timeout',
      what: 'did not respond',
      limit: { ms: 2_500 },
    })
    expect(failure(error, page)).toEqual({
      kind: 'timeout',
      what: 'did not finish its response',
      limit: { ms: 2_500 },
    })
  })

  it.each<[Failure, string]>([
    [{ kind: 'refused', code: 'Throttling', serviceMessage: '', status: 400 }, 'Throttling, HTTP 400'],
    [
      { kind: 'timeout', what: 'did not respond', limit: { ms: 20_000 } },
      'the service did not respond within 20 s',
    ],
    [
      { kind: 'timeout', what: 'did not respond', limit: { ms: 1_260 } },
      'the service did not respond within 1.3 s',
    ],
    [
      {
        kind: 'proxy',
        variable: 'HTTPS_PROXY',
        stage: 'response',
        code: 'ERR_PROXY_TUNNEL',
        status: 502,
        host: 'proxy:3128',
      },
      'the proxy did not connect (HTTP 502)',
    ],
    [
      {
        kind: 'proxy',
        variable: 'HTTPS_PROXY',
        stage: 'connection',
        code: 'ECONNREFUSED',
        status: undefined,
        host: 'proxy:3128',
      },
      'the proxy did not connect (ECONNREFUSED)',
    ],
  ])('is summarized: %j', (failed, text) => {
    expect(summarize(failed)).toBe(text)
  })
})
