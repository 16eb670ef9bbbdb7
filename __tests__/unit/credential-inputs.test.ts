import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, jest } from '@jest/globals'
import type { ActionError } from '../../src/errors.ts'
import { inputs, withEnvironment } from '../support/in-process.ts'

const role = 'acs:ram::1:role/devices'
const provider = 'acs:ram::1:oidc-provider/github'
const explicit = { 'access-key-id': 'id-0', 'access-key-secret': 'secret-0' }
const fromEnvironment = { ALIBABA_CLOUD_ACCESS_KEY_ID: 'id-1', ALIBABA_CLOUD_ACCESS_KEY_SECRET: 'secret-1' }
const idTokenService = {
  ACTIONS_ID_TOKEN_REQUEST_URL: 'https://x.example/',
  ACTIONS_ID_TOKEN_REQUEST_TOKEN: 'request',
}

async function read(given: Record<string, string>, env: Record<string, string> = {}) {
  // @actions/github reads the event when it is loaded.
  jest.resetModules()
  const { readCredentialPlan, readSecrets } = await import('../../src/inputs/credentials.ts')
  const { result, thrown } = await withEnvironment({ ...inputs(given), ...env }, () =>
    readCredentialPlan(process.env, readSecrets(process.env), () => ({
      host: 'sts.example',
      origin: '',
      input: 'sts-endpoint',
    })),
  )
  if (thrown !== undefined && (thrown as Error).name !== 'ActionError') throw thrown as Error
  return { plan: result, error: (thrown as ActionError | undefined)?.describe((text) => text) }
}

describe('the source of the credentials', () => {
  it.each<[string, Record<string, string>, Record<string, string>, object]>([
    [
      'the inputs',
      explicit,
      fromEnvironment,
      { kind: 'keys', accessKey: { accessKeyId: 'id-0' }, role: undefined },
    ],
    [
      'the inputs, to assume a role',
      { ...explicit, 'role-to-assume': role },
      {},
      {
        kind: 'keys',
        accessKey: { accessKeyId: 'id-0' },
        role: { arn: role, stsEndpoint: { host: 'sts.example', origin: '', input: 'sts-endpoint' } },
      },
    ],
    [
      'OIDC before the environment',
      { 'role-to-assume': role, 'oidc-provider-arn': provider },
      { ...fromEnvironment, ...idTokenService },
      {
        kind: 'oidc',
        providerArn: provider,
        role: { arn: role, stsEndpoint: { host: 'sts.example', origin: '', input: 'sts-endpoint' } },
      },
    ],
    [
      'the environment',
      {},
      fromEnvironment,
      { kind: 'keys', accessKey: { accessKeyId: 'id-1' }, role: undefined },
    ],
    [
      'the environment, to assume a role',
      { 'role-to-assume': role },
      fromEnvironment,
      { kind: 'keys', accessKey: { accessKeyId: 'id-1' }, role: { arn: role } },
    ],
    [
      'the default chain on a self-hosted runner',
      {},
      { RUNNER_ENVIRONMENT: 'self-hosted' },
      { kind: 'default-chain', role: undefined },
    ],
    [
      'the default chain, to assume a role',
      { 'role-to-assume': role },
      { RUNNER_ENVIRONMENT: 'self-hosted' },
      { kind: 'default-chain', role: { arn: role } },
    ],
  ])('%s', async (_, given, env, plan) => {
    expect((await read(given, env)).plan).toMatchObject(plan)
  })

  it.each<[string, Record<string, string>, Record<string, string>, RegExp]>([
    [
      'a provider without a role',
      { 'oidc-provider-arn': provider },
      {},
      /^oidc-provider-arn is set without role-to-assume\. Set role-to-assume/,
    ],
    [
      'keys and OIDC',
      { ...explicit, 'role-to-assume': role, 'oidc-provider-arn': provider },
      {},
      /^Both access-key-id and oidc-provider-arn are set\. Remove the access key inputs/,
    ],
    [
      'an incomplete key, before OIDC',
      { 'access-key-id': 'id-0' },
      fromEnvironment,
      /^Incomplete access key: access-key-id without access-key-secret\. An access/,
    ],
    [
      'an invalid provider',
      { 'role-to-assume': role, 'oidc-provider-arn': 'github' },
      {},
      /^Invalid oidc-provider-arn: "github"\. Use an ARN: acs:ram::1234567890123456:oidc-provider\/NAME\.$/,
    ],
    ...[`an ${provider}`, `${provider} or two`].map(
      (arn): [string, Record<string, string>, Record<string, string>, RegExp] => [
        `a provider with text around it, ${arn}`,
        { 'role-to-assume': role, 'oidc-provider-arn': arn },
        {},
        /^Invalid oidc-provider-arn: ".*"\. Use/,
      ],
    ),
    [
      'nothing on a hosted runner',
      {},
      { RUNNER_ENVIRONMENT: 'github-hosted' },
      /^No credentials found\. Set role-to-assume and oidc-provider-arn \(recommended\), or access-key-id and access-key-secret, or the environment variables ALIBABA_CLOUD_ACCESS_KEY_ID and ALIBABA_CLOUD_ACCESS_KEY_SECRET\. .*only on self-hosted runners\.$/,
    ],
    [
      'a role without a provider',
      { 'role-to-assume': role },
      {},
      /^No credentials found\. To assume the role without an access key, set oidc-provider-arn too/,
    ],
  ])('is an error for %s', async (_, given, env, text) => {
    expect((await read(given, env)).error).toMatch(text)
  })
})

describe('a pull request from a fork', () => {
  const event = (head: string | null) => {
    const file = join(mkdtempSync(join(tmpdir(), 'event-')), 'event.json')
    const repo = head === null ? null : { full_name: head }
    writeFileSync(
      file,
      JSON.stringify({
        pull_request: { number: 1, head: { repo }, base: { repo: { full_name: 'acme/devices' } } },
      }),
    )
    return { GITHUB_EVENT_NAME: 'pull_request', GITHUB_EVENT_PATH: file }
  }

  it.each(['someone/devices', null])('is named as the reason for missing credentials: %s', async (head) => {
    expect((await read({}, event(head))).error).toMatch(/^No credentials found\. .*pull request from a fork/)
  })

  it('is named as the reason for an incomplete key, because its secret was withheld', async () => {
    const half = { 'access-key-id': 'id-0' }
    expect((await read(half, event('someone/devices'))).error).toMatch(
      /without access-key-secret\. GitHub passes neither .* pull request from a fork\. .* if: github\.event/,
    )
    expect((await read(half, event('acme/devices'))).error).not.toMatch(/fork/)
  })

  it.each([
    ['pull_request_review', true],
    ['pull_request_review_comment', true],
    ['pull_request_target', false],
    ['push', false],
  ])('is recognized by the event %s: %s', async (name, isOne) => {
    const { error } = await read({}, { ...event('someone/devices'), GITHUB_EVENT_NAME: name })
    expect(error?.includes('pull request from a fork')).toBe(isOne)
  })

  it('is not one from the repository itself', async () => {
    expect((await read({}, event('acme/devices'))).error).not.toMatch(/fork/)
  })

  it.each(['{', '{}', '{"pull_request":{}}', '{"pull_request":{"head":{"repo":null},"base":{}}}'])(
    'is not assumed when the event is incomplete: %s',
    async (text) => {
      const file = join(mkdtempSync(join(tmpdir(), 'event-')), 'event.json')
      writeFileSync(file, text)
      const { error } = await read({}, { GITHUB_EVENT_NAME: 'pull_request', GITHUB_EVENT_PATH: file })
      expect(error).toMatch(/^No credentials found\. Set role-to-assume/)
    },
  )

  it.each([
    [
      'from a fork',
      event('someone/devices'),
      /^This job has no permission to request GitHub's OIDC token\. .*pull request from a fork/,
    ],
    ['of the repository itself', event('acme/devices'), /no permission.*"id-token: write".*"contents: read"/],
    [
      'outside a pull request, with only one variable',
      { ACTIONS_ID_TOKEN_REQUEST_URL: 'https://x.example' },
      /"id-token: write"/,
    ],
    [
      'with an invalid URL',
      { ...idTokenService, ACTIONS_ID_TOKEN_REQUEST_URL: 'x.example' },
      /^Invalid ACTIONS_ID_TOKEN_REQUEST_URL: it is not an https:\/\/ URL/,
    ],
    [
      'without TLS',
      { ...idTokenService, ACTIONS_ID_TOKEN_REQUEST_URL: 'http://hidden.example/' },
      /^Invalid ACTIONS_ID_TOKEN_REQUEST_URL: it is not an https:\/\/ URL\. The runner sets this variable/,
    ],
    [
      'with a request token that a header cannot contain',
      { ...idTokenService, ACTIONS_ID_TOKEN_REQUEST_TOKEN: 'hidden\nrequest' },
      /^Invalid ACTIONS_ID_TOKEN_REQUEST_TOKEN: it contains white space, control characters or non-ASCII characters\. The runner/,
    ],
  ])('gets no OIDC token: %s', async (_, env, text) => {
    const { plan } = await read({ 'role-to-assume': role, 'oidc-provider-arn': provider }, env)
    if (plan?.kind !== 'oidc') throw new Error('not OIDC')
    const transport = {
      proxy: undefined,
      maxAttempts: 1,
      timeoutSeconds: 60,
      deadlineMs: Infinity,
      onRetry: () => undefined,
    }
    const { thrown } = await withEnvironment(env, () => plan.getIdToken(transport))
    const error = (thrown as ActionError).describe((words) => words)
    expect(error).toMatch(text)
    expect(error).not.toContain('hidden')
  })
})
