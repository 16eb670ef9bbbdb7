import { describe, expect, it } from '@jest/globals'
import { isOutcomeUnknown } from '../../src/alibaba-cloud/change.ts'
import type { Failure } from '../../src/attempts/failures.ts'
import { attemptLimit } from '../../src/attempts/retry.ts'
import { MQTT_ERRORS } from '../../src/mqtt/errors.ts'

describe('whether a change may have been carried out after', () => {
  it.each<[Failure, boolean]>([
    [{ kind: 'timeout', what: 'did not respond', limit: { ms: 20_000 } }, true],
    [{ kind: 'timeout', what: 'did not accept all calls', limit: { ms: 20_000 }, isUnsent: true }, false],
    [{ kind: 'broken-response', what: 'answered HTML' }, true],
    [{ kind: 'network', code: 'ECONNRESET', what: '' }, true],
    [{ kind: 'network', code: 'EPIPE', what: '' }, true],
    [{ kind: 'network', code: 'ENOTFOUND', what: '' }, false],
    [{ kind: 'network', code: 'EAI_AGAIN', what: '' }, false],
    [{ kind: 'network', code: 'ECONNREFUSED', what: '' }, false],
    [{ kind: 'network', code: 'EHOSTUNREACH', what: '' }, false],
    [{ kind: 'network', code: 'ENETUNREACH', what: '' }, false],
    [{ kind: 'untrusted', code: 'SELF_SIGNED_CERT_IN_CHAIN' }, false],
    [
      {
        kind: 'proxy',
        variable: 'HTTPS_PROXY',
        stage: 'response',
        code: 'ERR_PROXY_TUNNEL',
        status: 502,
        host: '',
      },
      false,
    ],
  ])('%j: %s', (failure, isOpen) => {
    expect(isOutcomeUnknown(failure, MQTT_ERRORS)).toBe(isOpen)
  })

  it.each([
    ['InternalError', 500, true],
    ['InternalError', 417, true],
    ['ServiceUnavailable', 503, true],
    ['GetCaNumError', 401, true],
    // A proxy may have sent the request twice, and the first one may have been carried out.
    ['SignatureNonceUsed', 400, true],
    ['NeverHeardOf', 500, true],
    ['NeverHeardOf', 503, true],
    ['NeverHeardOf', 417, true],
    ['NeverHeardOf', 408, true],
    ['NeverHeardOf', 400, false],
    ['NeverHeardOf', 404, false],
    ['Throttling', 400, false],
    ['Throttling.User', 429, false],
    ['Throttling.Whatever', 400, false],
    ['SystemOverFlow', 500, false],
    ['SystemOverFlow', 403, false],
    ['SnNotUnique', 500, false],
    ['RegisterCodeUsed', 401, false],
    ['CertificateContentError', 500, false],
    ['ParameterFieldCheckFailed', 500, false],
    ['NoPermission', 403, false],
  ])('%s with HTTP %i: %s', (code, status, isOpen) => {
    const failure: Failure = { kind: 'refused', code, status, serviceMessage: '' }
    expect(isOutcomeUnknown(failure, MQTT_ERRORS)).toBe(isOpen)
  })
})

describe('the limit of an attempt', () => {
  it.each([
    [60_000, 1, 20_000, undefined],
    [10_000, 1, 10_000, { seconds: 60, share: 1 }],
    [10_000, 0.5, 5_000, { seconds: 60, share: 0.5 }],
    [60_000, 0.5, 20_000, undefined],
    [30_000, 0.5, 15_000, { seconds: 60, share: 0.5 }],
    [-5, 1, 1, { seconds: 60, share: 1 }],
  ])('with %i ms left and a share of %d: %i ms, %j', (leftMs, share, expected, ofTimeout) => {
    const limit = attemptLimit({ deadlineMs: performance.now() + leftMs, timeoutSeconds: 60 }, share)
    expect(limit.ofTimeout).toEqual(ofTimeout)
    expect(limit.ms).toBeLessThanOrEqual(expected)
    expect(limit.ms).toBeGreaterThan(expected - 100)
  })
})
