import { describe, expect, it } from '@jest/globals'
import { runStep } from '../../testing/run-step.ts'
import { emulated, keyless } from '../support/emulated.ts'

const service = emulated({
  accessKeys: [
    {
      id: 'STS.temporary',
      secret: 'a-temporary-secret',
      securityToken: 'a-security-token',
      expiration: new Date(Date.now() + 3_600_000).toISOString(),
    },
  ],
})

const code = /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}\d+$/

describe('a step', () => {
  it('gets the code of the instance as its output, with one call', async () => {
    const run = await service.getRegisterCode()
    const [request, ...more] = await service.emulator.requests()
    expect(run).toMatchObject({ exitCode: 0, annotations: [], stderr: '' })
    expect(more).toEqual([])
    expect(request).toMatchObject({ operation: 'GetRegisterCode', status: 200 })
    expect(run.outputs).toEqual({
      'register-code': expect.stringMatching(code),
      'request-id': request?.requestId,
    })
  })

  it('masks the credentials first, and the code before it sets the output', async () => {
    const run = await service.getRegisterCode({}, { ALICLOUD_SECRET_KEY: 'not used at all' })
    const lines = run.stdout.split('\n')
    expect(lines.slice(0, 2)).toEqual([
      `::add-mask::${service.emulator.info.accessKeySecret}`,
      '::add-mask::not used at all',
    ])
    expect(run.masks.slice(2)).toEqual([run.outputs['register-code']])
  })

  it('logs five lines without secrets', async () => {
    const { instanceId, endpoint, accessKeyId, accessKeySecret } = service.emulator.info
    const run = await service.getRegisterCode()
    const lines = run.stdout.split('\n').filter((line) => line !== '' && !line.startsWith('::add-mask::'))
    expect(lines).toEqual([
      `Instance       ${instanceId} in cn-hangzhou`,
      `Endpoint       ${endpoint}`,
      'Access key     from the inputs',
      expect.stringMatching(/^Register code {2}fetched at the first attempt, in \d+ ms; masked; output/),
      `Request ID     ${run.outputs['request-id'] ?? ''}`,
    ])
    for (const secret of [accessKeySecret, accessKeyId, run.outputs['register-code'] ?? '']) {
      expect(lines.join('\n')).not.toContain(secret)
    }
  })

  it('accepts temporary credentials', async () => {
    const run = await service.getRegisterCode({
      'access-key-id': 'STS.temporary',
      'access-key-secret': 'a-temporary-secret',
      'security-token': 'a-security-token',
    })
    expect(run.outputs).toHaveProperty('register-code')
    expect(run.masks).toEqual(['a-temporary-secret', 'a-security-token', run.outputs['register-code']])
  })

  it.each([
    ['ALIBABA_CLOUD_ACCESS_KEY_ID', 'ALIBABA_CLOUD_ACCESS_KEY_SECRET', 'ALIBABA_CLOUD_SECURITY_TOKEN'],
    ['ALIBABACLOUD_ACCESS_KEY_ID', 'ALIBABACLOUD_ACCESS_KEY_SECRET', 'ALIBABACLOUD_SECURITY_TOKEN'],
    ['ALICLOUD_ACCESS_KEY', 'ALICLOUD_SECRET_KEY', 'ALICLOUD_SECURITY_TOKEN'],
  ])('accepts credentials in %s and similar variables', async (id, secret, token) => {
    const run = await service.getRegisterCode(
      { 'access-key-id': undefined, 'access-key-secret': undefined },
      { [id]: 'STS.temporary', [secret]: 'a-temporary-secret', [token]: 'a-security-token' },
    )
    expect(run.outputs).toHaveProperty('register-code')
    expect(run.log).toContain(`from the environment (${id})`)
    expect(run.log).not.toContain('a-temporary-secret')
  })

  it('needs no region when it has an endpoint', async () => {
    const run = await service.getRegisterCode({ 'region-id': undefined })
    expect(run.log).toMatch(/^Instance {7}post-cn-\w+$/m)
    expect(run.outputs).toHaveProperty('register-code')
  })

  it('gets the code when the response has no request ID', async () => {
    await service.emulator.setFaults([{ operation: 'GetRegisterCode', fault: 'no-request-id' }])
    const run = await service.getRegisterCode()
    expect(run.outputs).toEqual({ 'register-code': expect.stringMatching(code), 'request-id': '' })
    expect(run.log).toContain('Request ID     none')
  })

  it('writes nothing to standard error with DEBUG=* in the environment', async () => {
    const run = await service.getRegisterCode({}, { DEBUG: '*' })
    expect(run).toMatchObject({ exitCode: 0, stderr: '' })
  })

  it('verifies the TLS certificate of the token endpoint despite NODE_TLS_REJECT_UNAUTHORIZED=0', async () => {
    const { inputs, env } = keyless(service.emulator)
    const untrusting = { ...env, NODE_EXTRA_CA_CERTS: '', NODE_TLS_REJECT_UNAUTHORIZED: '0' }
    const run = await runStep('.', inputs, { env: untrusting })
    expect(run.annotations).toEqual([
      expect.stringMatching(/GitHub gave no OIDC token: The TLS certificate of .* is not trusted/),
    ])
    expect(await service.emulator.requests()).toEqual([])
  })

  it('verifies the TLS certificate of the service despite NODE_TLS_REJECT_UNAUTHORIZED=0', async () => {
    const run = await service.getRegisterCode(
      {},
      { NODE_EXTRA_CA_CERTS: '', NODE_TLS_REJECT_UNAUTHORIZED: '0' },
    )
    expect(run.exitCode).toBe(1)
    expect(run.annotations).toEqual([
      expect.stringMatching(/certificate of .* is not trusted.*NODE_EXTRA_CA_CERTS/),
    ])
    expect(await service.emulator.requests()).toEqual([])
  })
})
