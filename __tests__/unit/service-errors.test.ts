import { describe, expect, it } from '@jest/globals'
import { explain, isRetryable } from '../../src/alibaba-cloud/errors.ts'
import { STS_ERRORS } from '../../src/alibaba-cloud/sts.ts'
import type { Failure } from '../../src/attempts/failures.ts'
import type { ActionError } from '../../src/errors.ts'
import { MQTT_ERRORS } from '../../src/mqtt/errors.ts'

const subject = {
  operation: 'GetRegisterCode',
  ramAction: 'mq:GetRegisterCode',
  verificationCertificate: 'the verification certificate',
  endpoint: 'onsmqtt.cn-hangzhou.aliyuncs.com',
  endpointInput: 'endpoint',
  instance: 'post-cn-x',
  region: 'cn-hangzhou',
  role: 'acs:ram::1:role/r',
  provider: 'acs:ram::1:oidc-provider/p',
  session: 'acme-devices-1',
  duration: '900',
  issuer: 'https://token.actions.githubusercontent.com',
  tokenSubject: 'repo:acme/devices:ref:refs/heads/main',
  tokenAudience: 'sts.aliyuncs.com',
}
const transport = { proxy: undefined, timeoutSeconds: 60 }
const proxy = {
  variable: 'HTTPS_PROXY',
  url: 'http://user:word@proxy.example:3128',
  host: 'proxy.example:3128',
  isBypassed: () => false,
}

function refused(code: string, status: number, serviceDate?: string): Failure {
  return { kind: 'refused', code, status, serviceMessage: 'Oh no.', requestId: '3F2A', serviceDate }
}

function words(failure: Failure, errors = MQTT_ERRORS, through?: typeof proxy): string {
  return explained(failure, errors, through).describe((text) => text)
}

function explained(failure: Failure, errors = MQTT_ERRORS, through?: typeof proxy, effort = ''): ActionError {
  return explain(
    { failure, effort },
    { errors, subject, origin: 'ORIGIN.', transport: { ...transport, proxy: through } },
  )
}

describe('whether to retry', () => {
  // Permanent errors can have HTTP 500, and throttling HTTP 400. The status says nothing about a known code.
  it.each([
    ['MqttInstanceNotFound', 500, false],
    ['MqttOwnerCheckError', 500, false],
    ['ParameterFieldCheckFailed', 500, false],
    ['PermissionCheckFailed', 403, false],
    ['InstancePermissionCheckFailed', 400, false],
    ['ApiNotSupport', 404, false],
    ['NoPermission', 403, false],
    ['Forbidden.RAM', 403, false],
    ['Forbidden', 403, false],
    ['InvalidAccessKeyId.NotFound', 404, false],
    ['InvalidAccessKeyId.Inactive', 400, false],
    ['SignatureDoesNotMatch', 400, false],
    ['IncompleteSignature', 400, false],
    ['InvalidTimeStamp.Expired', 400, false],
    ['InvalidTimeStamp.Format', 400, false],
    ['InvalidSecurityToken.Expired', 400, false],
    ['InvalidSecurityToken.Malformed', 403, false],
    ['Throttling', 400, true],
    ['Throttling.User', 400, true],
    ['Throttling.Api', 429, true],
    ['Throttling.Whatever', 400, true],
    ['SystemOverFlow', 403, true],
    ['InternalError', 417, true],
    ['ServiceUnavailable', 503, true],
    ['SignatureNonceUsed', 400, true],
    ['NeverHeardOf', 400, false],
    ['NeverHeardOf', 404, false],
    ['NeverHeardOf', 408, true],
    ['NeverHeardOf', 429, true],
    ['NeverHeardOf', 500, true],
    ['NeverHeardOf', 503, true],
  ])('%s with HTTP %i: %s', (code, status, retry) => {
    expect(isRetryable(refused(code, status), MQTT_ERRORS)).toBe(retry)
  })

  it.each<[Failure, boolean]>([
    [{ kind: 'timeout', what: 'did not respond', limit: { ms: 20_000 } }, true],
    [{ kind: 'broken-response', what: 'answered HTML' }, true],
    [{ kind: 'network', code: 'ECONNRESET', what: '' }, true],
    [{ kind: 'network', code: 'EAI_AGAIN', what: '' }, true],
    [{ kind: 'network', code: 'ENOTFOUND', what: '' }, false],
    [{ kind: 'untrusted', code: 'SELF_SIGNED_CERT_IN_CHAIN' }, false],
    [
      {
        kind: 'proxy',
        variable: 'HTTPS_PROXY',
        stage: 'response',
        code: 'ERR_PROXY_TUNNEL',
        status: 407,
        host: '',
      },
      false,
    ],
    [
      {
        kind: 'proxy',
        variable: 'HTTPS_PROXY',
        stage: 'response',
        code: 'ERR_PROXY_TUNNEL',
        status: 403,
        host: '',
      },
      false,
    ],
    [
      {
        kind: 'proxy',
        variable: 'HTTPS_PROXY',
        stage: 'response',
        code: 'ERR_PROXY_TUNNEL',
        status: 499,
        host: '',
      },
      false,
    ],
    [
      {
        kind: 'proxy',
        variable: 'HTTPS_PROXY',
        stage: 'response',
        code: 'ERR_PROXY_TUNNEL',
        status: 500,
        host: '',
      },
      true,
    ],
    [
      {
        kind: 'proxy',
        variable: 'HTTPS_PROXY',
        stage: 'response',
        code: 'ERR_PROXY_TUNNEL',
        status: 502,
        host: '',
      },
      true,
    ],
    [
      {
        kind: 'proxy',
        variable: 'HTTPS_PROXY',
        stage: 'connection',
        code: 'ECONNREFUSED',
        status: undefined,
        host: '',
      },
      true,
    ],
    [
      {
        kind: 'proxy',
        variable: 'HTTPS_PROXY',
        stage: 'connection',
        code: 'ENOTFOUND',
        status: undefined,
        host: '',
      },
      false,
    ],
  ])('%j: %s', (failure, retry) => {
    expect(isRetryable(failure, MQTT_ERRORS)).toBe(retry)
  })
})

describe('the text of an error', () => {
  it.each([
    ['NoPermission', /mq:GetRegisterCode and mq:MqttInstanceAccess.*acs:mq:cn-hangzhou:\*:post-cn-x/],
    ['ApiNotSupport', /edition of instance post-cn-x .*Enterprise Platinum/],
    ['MqttInstanceNotFound', /Instance post-cn-x does not exist at onsmqtt\.cn-hangzhou.*region-id/],
    ['InvalidSecurityToken.Expired', /have expired/],
    ['Throttling.Whatever', /500 calls a second/],
    ['SignatureDoesNotMatch', /secret does not belong to the access key ID/],
  ])('%s has a fix', (code, text) => {
    expect(words(refused(code, 400))).toMatch(text)
  })

  it('compares both clocks when the service reports a difference', () => {
    const text = words(refused('InvalidTimeStamp.Expired', 400, 'Tue, 24 Nov 2026 10:00:00 GMT'))
    expect(text).toMatch(/15 minutes off/)
    expect(text).toMatch(
      /runner's clock: \w{3}, .* GMT\. The service's clock: Tue, 24 Nov 2026 10:00:00 GMT\.$/,
    )
    expect(words(refused('NoPermission', 403, 'Tue, 24 Nov 2026 10:00:00 GMT'))).not.toContain('2026')
  })

  it('names the untrusted host and explains how to trust it', () => {
    const text = words({ kind: 'untrusted', code: 'SELF_SIGNED_CERT_IN_CHAIN' })
    expect(text).toMatch(
      /onsmqtt\.cn-hangzhou\.aliyuncs\.com is not trusted.*private CA issues it on purpose, .*NODE_EXTRA_CA_CERTS/,
    )
  })

  it('suggests a wrong region or endpoint when the host does not resolve', () => {
    const text = words({ kind: 'network', code: 'ENOTFOUND', what: 'does not resolve' })
    expect(text).toMatch(
      /^onsmqtt\.cn-hangzhou\.aliyuncs\.com does not resolve\. ORIGIN\. Check endpoint, region-id and network/,
    )
  })

  it('treats an unknown code as a text of the service', () => {
    const answerOf = (code: string, serviceMessage: string): object => {
      const failure: Failure = { kind: 'refused', code, serviceMessage, status: 400 }
      const { code: known, serviceMessage: words } = explained(failure)
      return { code: known, serviceMessage: words }
    }
    expect(answerOf('NoPermission', 'Oh no.')).toEqual({ code: 'NoPermission', serviceMessage: 'Oh no.' })
    expect(answerOf('NeverHeardOf', 'Oh no.')).toEqual({
      code: undefined,
      serviceMessage: 'NeverHeardOf: Oh no.',
    })
    expect(answerOf('NeverHeardOf', '')).toEqual({ code: undefined, serviceMessage: 'NeverHeardOf' })
    expect(answerOf('toString', '')).toEqual({ code: undefined, serviceMessage: 'toString' })
  })

  it('links to the list of error codes for an unknown code', () => {
    expect(words(refused('NeverHeardOf', 400))).toBe(
      'The service refused GetRegisterCode (NeverHeardOf: Oh no; request 3F2A). Look up the error code in the API reference, or contact Alibaba Cloud support with the request ID.',
    )
  })

  it.each([
    [undefined, /^Check endpoint, region-id and network, .*runner can reach onsmqtt\.cn-hangzhou/],
    [
      '3F2A',
      /^Run the job again later\. If it persists, contact Alibaba Cloud support with the request ID\.$/,
    ],
  ])('treats an invalid response with a request ID as one from the service: %s', (requestId, fix) => {
    const failure: Failure = { kind: 'broken-response', what: 'answered without a code', requestId }
    const error = explained(failure)
    expect(error.fix).toMatch(fix)
    expect(error.requestId).toBe(requestId)
  })

  it('names no proxy when none is used', () => {
    expect(words({ kind: 'timeout', what: 'did not respond', limit: { ms: 20_000 } })).toBe(
      `${subject.endpoint} did not respond within 20 s. ` +
        `Check that this runner can reach ${subject.endpoint}, on port 443 unless another one is given. ` +
        'The input timeout limits all attempts together to 60 s.',
    )
  })

  it.each([
    [1, 'within 2.5 s, the end of the 60 s of the input timeout'],
    [0.5, 'within 2.5 s, a part of the 60 s of the input timeout'],
  ])('names the input timeout when it sets the limit: %d of what is left', (share, limit) => {
    const ofTimeout = { seconds: 60, share }
    expect(words({ kind: 'timeout', what: 'did not respond', limit: { ms: 2_500, ofTimeout } })).toBe(
      `${subject.endpoint} did not respond ${limit}. ` +
        `Check that this runner can reach ${subject.endpoint}, on port 443 unless another one is given. ` +
        'If it only needs more time, raise the input timeout.',
    )
  })

  it.each(['ENOTFOUND', 'EAI_AGAIN'])(
    'says where a host name comes from that does not resolve: %s',
    (code) => {
      expect(words({ kind: 'network', code, what: 'does not resolve' })).toContain('ORIGIN.')
      expect(words({ kind: 'network', code: 'ECONNRESET', what: 'closed' })).not.toContain('ORIGIN.')
    },
  )

  it('contains the number of attempts and the time', () => {
    const failure: Failure = { kind: 'timeout', what: 'did not respond', limit: { ms: 20_000 } }
    const error = explained(failure, MQTT_ERRORS, undefined, 'after 5 attempts in 8.2 s')
    expect(error.message).toBe(
      'onsmqtt.cn-hangzhou.aliyuncs.com did not respond within 20 s, after 5 attempts in 8.2 s',
    )
  })

  it.each([
    ['MQTT', MQTT_ERRORS],
    ['STS', STS_ERRORS],
  ])('fills every placeholder for each code of %s', (_, errors) => {
    for (const code of Object.keys(errors))
      expect(words(refused(code, 400), errors)).not.toMatch(/[{}]|undefined/)
  })

  it.each<[Failure, RegExp]>([
    [
      {
        kind: 'proxy',
        variable: 'HTTPS_PROXY',
        stage: 'response',
        code: 'ERR_PROXY_TUNNEL',
        status: 407,
        host: proxy.host,
      },
      /proxy proxy\.example:3128 rejected the credentials .*407.*http:\/\/user:password@host:port/,
    ],
    [
      {
        kind: 'proxy',
        variable: 'HTTPS_PROXY',
        stage: 'response',
        code: 'ERR_PROXY_TUNNEL',
        status: 403,
        host: proxy.host,
      },
      /refused to connect to onsmqtt.*403.*Allow CONNECT to onsmqtt.*NO_PROXY/,
    ],
    [
      {
        kind: 'proxy',
        variable: 'HTTPS_PROXY',
        stage: 'connection',
        code: 'ECONNREFUSED',
        status: undefined,
        host: proxy.host,
      },
      /could not be reached.*ECONNREFUSED.*Check HTTPS_PROXY/,
    ],
    [
      {
        kind: 'proxy',
        variable: 'https_proxy',
        stage: 'tls',
        code: '',
        limit: { ms: 20_000 },
        host: proxy.host,
      },
      /did not answer TLS within 20 s\. https_proxy starts with https.* limits all attempts together to 60 s\.$/,
    ],
    [
      {
        kind: 'proxy',
        variable: 'HTTPS_PROXY',
        stage: 'connection',
        code: '',
        limit: { ms: 1_500, ofTimeout: { seconds: 3, share: 0.5 } },
        host: proxy.host,
      },
      /did not accept a connection within 1\.5 s, a part of the 3 s of the input timeout\. Check HTTPS_PROXY.* raise the input timeout\.$/,
    ],
    [
      {
        kind: 'proxy',
        variable: 'HTTPS_PROXY',
        stage: 'response',
        code: 'ECONNRESET',
        host: proxy.host,
      },
      /closed the connection \(ECONNRESET\)\. Check HTTPS_PROXY, and that the proxy can reach onsmqtt.* ORIGIN\.$/,
    ],
    [
      { kind: 'timeout', what: 'did not respond', limit: { ms: 20_000 } },
      /HTTPS_PROXY sets the proxy proxy\.example:3128\./,
    ],
    [
      { kind: 'network', code: 'EPROTO', what: 'did not complete the TLS handshake' },
      /HTTPS_PROXY sets the proxy/,
    ],
  ])('names the proxy, without its password: %j', (failure, text) => {
    expect(words(failure, MQTT_ERRORS, proxy)).toMatch(text)
    expect(words(failure, MQTT_ERRORS, proxy)).not.toContain('user:word')
  })

  it('does not name a proxy that is bypassed', () => {
    const bypassed = { ...proxy, isBypassed: () => true }
    const failure: Failure = { kind: 'timeout', what: 'did not respond', limit: { ms: 20_000 } }
    expect(words(failure, MQTT_ERRORS, bypassed)).not.toContain('proxy.example')
  })

  it('names the claims that the trust policy must allow', () => {
    const text = words(refused('AuthenticationFail.NoPermission', 401), STS_ERRORS)
    for (const value of [
      subject.role,
      subject.provider,
      subject.issuer,
      subject.tokenSubject,
      subject.tokenAudience,
    ]) {
      expect(text).toContain(value)
    }
  })
})
