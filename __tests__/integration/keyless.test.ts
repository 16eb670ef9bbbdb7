import { describe, expect, it } from '@jest/globals'
import { runStep } from '../../testing/run-step.ts'
import { emulated, keyless, workingInputs } from '../support/emulated.ts'

const service = emulated()

function run(inputs: Record<string, string> = {}, env: Record<string, string> = {}) {
  const given = keyless(service.emulator)
  return runStep('.', { ...given.inputs, ...inputs }, { env: { ...given.env, ...env } })
}

describe("a step with GitHub's OIDC token", () => {
  it('makes three requests and gets the code', async () => {
    const step = await run()
    expect(step).toMatchObject({ exitCode: 0, annotations: [], stderr: '' })
    expect(step.outputs).toHaveProperty('register-code')
    const requests = await service.emulator.requests()
    expect(requests.map(({ operation }) => operation)).toEqual([
      'GitHubIdToken',
      'AssumeRoleWithOIDC',
      'GetRegisterCode',
    ])
  })

  it('logs the role and the session name', async () => {
    const { roleArn } = service.emulator.info
    expect((await run()).log).toContain(
      `Access key     role ${roleArn}, session acme-devices-42, assumed with GitHub's OIDC token`,
    )
    expect((await run({ 'role-session-name': 'of-my-own' })).log).toContain('session of-my-own,')
  })

  it('masks the request token, the OIDC token and its parts, the temporary credentials and the code', async () => {
    const step = await run()
    const { idTokenRequestToken } = service.emulator.info
    const [asksWith, idToken, head, claims, signature, secret, securityToken, code, ...more] = step.masks
    expect(asksWith).toBe(idTokenRequestToken)
    expect(idToken).toMatch(/^[\w-]+\.[\w-]+\.[\w-]+$/)
    expect([head, claims, signature].join('.')).toBe(idToken)
    expect(secret).toMatch(/./)
    expect(securityToken).toMatch(/./)
    expect(code).toBe(step.outputs['register-code'])
    expect(more).toEqual([])
  })

  it('ignores an access key in the environment', async () => {
    const step = await run(
      {},
      { ALIBABA_CLOUD_ACCESS_KEY_ID: 'LTAI', ALIBABA_CLOUD_ACCESS_KEY_SECRET: 'other' },
    )
    expect(step.log).toContain("assumed with GitHub's OIDC token")
    expect(step.masks).toContain('other')
  })

  it.each<[string, Record<string, string>, RegExp]>([
    [
      'another audience',
      { audience: 'other' },
      /does not accept the audience "other".*AudienceNotMatch.*client IDs/,
    ],
    [
      'a session longer than the role allows',
      { 'role-session-expiration': '43200' },
      /session of 43200 seconds.*role-session-expiration/,
    ],
    [
      'a role that does not exist',
      { 'role-to-assume': 'acs:ram::1:role/none' },
      /The role acs:ram::1:role\/none does not exist/,
    ],
    [
      'a provider that does not exist',
      { 'oidc-provider-arn': 'acs:ram::1:oidc-provider/none' },
      /trust policy.*issuer "https:\/\/token\.actions\.githubusercontent\.com", the subject "repo:acme\/devices:ref:refs\/heads\/main" and the audience "sts\.aliyuncs\.com".*allow sts:AssumeRole,/,
    ],
  ])('fails with a specific error: %s', async (_, inputs, text) => {
    const step = await run(inputs)
    expect(step).toMatchObject({ exitCode: 1, outputs: {}, annotations: [expect.stringMatching(text)] })
    expect(await service.emulator.requests('AssumeRoleWithOIDC')).toHaveLength(1)
  })

  it.each(['IssuerInvalid', 'OfTomorrow.Broken'])(
    'explains any code about the token with its claims and the provider: %s',
    async (code) => {
      const { issuer, provider } = {
        issuer: 'https://token.actions.githubusercontent.com',
        provider: service.emulator.info.oidcProviderArn,
      }
      const fault = { code: `AuthenticationFail.OIDCToken.${code}`, status: 400 }
      await service.emulator.setFaults([{ operation: 'AssumeRoleWithOIDC', fault }])
      const [annotation] = (await run()).annotations
      expect(annotation).toContain(`The OIDC provider ${provider} rejected GitHub's token`)
      expect(annotation).toContain(
        `The token has the issuer "${issuer}", the subject "repo:acme/devices:ref:refs/heads/main" and the audience "sts.aliyuncs.com". Check the provider`,
      )
      expect(annotation).toContain(`AuthenticationFail.OIDCToken.${code}`)
    },
  )

  it('fails without region-id and sts-endpoint', async () => {
    const step = await run({ 'sts-endpoint': '', 'region-id': '' })
    expect(step.annotations).toEqual([expect.stringMatching(/^Neither region-id nor sts-endpoint/)])
    expect(await service.emulator.requests()).toEqual([])
  })

  it('reaches a service at an IPv6 address', async () => {
    const port = service.emulator.info.endpoint.split(':').at(-1) ?? ''
    expect(await run({ endpoint: `[::1]:${port}`, 'sts-endpoint': `[::1]:${port}` })).toMatchObject({
      exitCode: 0,
    })
  })
})

describe('a step with keys that assume a role', () => {
  it('makes two requests and gets the code', async () => {
    const step = await run({ ...workingInputs(service.emulator), 'oidc-provider-arn': '' })
    expect(step.outputs).toHaveProperty('register-code')
    expect(step.log).toMatch(/Access key {5}role .*, assumed with the access key from the inputs/)
    const requests = await service.emulator.requests()
    expect(requests.map(({ operation }) => operation)).toEqual(['AssumeRole', 'GetRegisterCode'])
  })
})
