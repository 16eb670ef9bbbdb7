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
    readCredentialPlan(process.env, readSecrets(process.env), () => 'sts.example'),
  )
  if (thrown !== undefined && (thrown as Error).name !== 'ActionError') throw thrown as Error
  return { plan: result, error: (thrown as ActionError | undefined)?.describe((text) => text) }
}

describe('where the access key comes from', () => {
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
      { kind: 'keys', accessKey: { accessKeyId: 'id-0' }, role: { arn: role, stsEndpoint: 'sts.example' } },
    ],
    [
      'OIDC before the environment',
      { 'role-to-assume': role, 'oidc-provider-arn': provider },
      { ...fromEnvironment, ...idTokenService },
      { kind: 'oidc', providerArn: provider, role: { arn: role, stsEndpoint: 'sts.example' } },
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
      /oidc-provider-arn given without role-to-assume\. Give role-to-assume too/,
    ],
    [
      'keys and OIDC',
      { ...explicit, 'role-to-assume': role, 'oidc-provider-arn': provider },
      {},
      /Both access-key-id and oidc-provider-arn are given\. Leave the access key inputs out/,
    ],
    [
      'half a key before OIDC',
      { 'access-key-id': 'id-0' },
      fromEnvironment,
      /access-key-id given without access-key-secret\. An access/,
    ],
    [
      'no provider',
      { 'role-to-assume': role, 'oidc-provider-arn': 'github' },
      {},
      /oidc-provider-arn is "github"\. It takes the ARN of an OIDC provider/,
    ],
    ...[`an ${provider}`, `${provider} or two`].map(
      (arn): [string, Record<string, string>, Record<string, string>, RegExp] => [
        `a provider that has more to it, ${arn}`,
        { 'role-to-assume': role, 'oidc-provider-arn': arn },
        {},
        /oidc-provider-arn is ".*"\. It takes/,
      ],
    ),
    [
      'nothing on a hosted runner',
      {},
      { RUNNER_ENVIRONMENT: 'github-hosted' },
      /no access key: looked at the inputs access-key-id .*oidc-provider-arn, ALIBABA_CLOUD_.*ALICLOUD_ACCESS_KEY.*self-hosted runners alone/,
    ],
    [
      'a role without a provider',
      { 'role-to-assume': role },
      {},
      /no access key: .*There is role-to-assume: to assume it without a key, give oidc-provider-arn too/,
    ],
  ])('is not clear: %s', async (_, given, env, text) => {
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

  it.each(['someone/devices', null])('is told that it gets no secrets: %s', async (head) => {
    expect((await read({}, event(head))).error).toMatch(/There is no access key.*pull request from a fork/)
  })

  it('is told so when half a key came, as its secret did not', async () => {
    const half = { 'access-key-id': 'id-0' }
    expect((await read(half, event('someone/devices'))).error).toMatch(
      /given without access-key-secret\. This is a pull request from a fork, .* if: github\.event/,
    )
    expect((await read(half, event('acme/devices'))).error).not.toMatch(/fork/)
  })

  it.each([
    ['pull_request_review', true],
    ['pull_request_review_comment', true],
    ['pull_request_target', false],
    ['push', false],
  ])('is one when its event is %s: %s', async (name, isOne) => {
    const { error } = await read({}, { ...event('someone/devices'), GITHUB_EVENT_NAME: name })
    expect(error?.includes('pull request from a fork')).toBe(isOne)
  })

  it('is told from one of the repository itself', async () => {
    expect((await read({}, event('acme/devices'))).error).not.toMatch(/fork/)
  })

  it.each(['{', '{}', '{"pull_request":{}}', '{"pull_request":{"head":{"repo":null},"base":{}}}'])(
    'is no question when the event does not tell: %s',
    async (text) => {
      const file = join(mkdtempSync(join(tmpdir(), 'event-')), 'event.json')
      writeFileSync(file, text)
      const { error } = await read({}, { GITHUB_EVENT_NAME: 'pull_request', GITHUB_EVENT_PATH: file })
      expect(error).toMatch(/^There is no access key.* Give one of these\./)
    },
  )

  it.each([
    [
      'from a fork',
      event('someone/devices'),
      /may not ask for GitHub's OIDC token.*pull request from a fork/,
    ],
    ['of the repository itself', event('acme/devices'), /may not ask.*"id-token: write".*"contents: read"/],
    [
      'from none, with half of what it takes',
      { ACTIONS_ID_TOKEN_REQUEST_URL: 'https://x.example' },
      /"id-token: write"/,
    ],
    [
      'from an address that is none',
      { ...idTokenService, ACTIONS_ID_TOKEN_REQUEST_URL: 'x.example' },
      /^ACTIONS_ID_TOKEN_REQUEST_URL does not begin with https:\/\/, or is no URL/,
    ],
    [
      'in the clear',
      { ...idTokenService, ACTIONS_ID_TOKEN_REQUEST_URL: 'http://hidden.example/' },
      /^ACTIONS_ID_TOKEN_REQUEST_URL does not begin with https:\/\/, or is no URL\. The runner sets it/,
    ],
    [
      'with what no header can hold',
      { ...idTokenService, ACTIONS_ID_TOKEN_REQUEST_TOKEN: 'hidden\nrequest' },
      /^ACTIONS_ID_TOKEN_REQUEST_TOKEN has white space, control characters or letters beyond ASCII in it\. Copy/,
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
