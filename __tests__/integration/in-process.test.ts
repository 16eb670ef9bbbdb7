import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer as createHttpServer } from 'node:http'
import https from 'node:https'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { getCACertificates, setDefaultCACertificates } from 'node:tls'
import { beforeAll, describe, expect, it, jest } from '@jest/globals'
import { getRegisterCodeAction } from '../../src/actions/get-register-code.ts'
import { unsealAction } from '../../src/actions/unseal.ts'
import { call } from '../../src/alibaba-cloud/call.ts'
import { AttemptError } from '../../src/attempts/failures.ts'
import { retry } from '../../src/attempts/retry.ts'
import { ActionError } from '../../src/errors.ts'
import { MQTT_ERRORS } from '../../src/mqtt/errors.ts'
import { emulated, type Inputs, keyless, workingInputs } from '../support/emulated.ts'
import { inputs, NO_PAUSES, withEnvironment } from '../support/in-process.ts'

// The action in this process, for what is seen better from inside; what users get is tested through dist/.
const service = emulated()

beforeAll(() => {
  const emulatorCa = readFileSync(service.emulator.info.caFile, 'utf8')
  setDefaultCACertificates([...getCACertificates('default'), emulatorCa])
})

function fail(): never {
  throw new Error('There must be no second attempt.')
}

const withoutPauses = (): Promise<void> => getRegisterCodeAction(NO_PAUSES)

async function run(given: Inputs = {}, more: Record<string, string> = {}, action = withoutPauses) {
  const values = { ...workingInputs(service.emulator), ...given }
  const asText = Object.fromEntries(Object.entries(values).map(([name, value]) => [name, value ?? '']))
  const env = { ...keyless(service.emulator).env, ...more, ...inputs(asText) }
  const { thrown, stdout, outputFile } = await withEnvironment(env, action)
  return { error: thrown instanceof ActionError ? thrown : undefined, thrown, stdout, outputFile }
}

describe('the action', () => {
  it('sets its outputs, the code masked before, and says what it did', async () => {
    const { info } = service.emulator
    const { thrown, stdout, outputFile } = await run()
    expect(thrown).toBeUndefined()
    const [, , code, , requestId] =
      /^register-code<<(\S+)\n(\S+)\n\1\nrequest-id<<(\S+)\n(\S+)\n\3\n$/.exec(outputFile) ?? []
    expect(stdout).toContain(`::add-mask::${code ?? 'none'}\n`)
    expect(stdout.replaceAll(/^::add-mask::.*\n/gm, '').split('\n')).toEqual([
      `Instance       ${info.instanceId} in ${info.regionId}`,
      `Endpoint       ${info.endpoint}`,
      'Access key     from the inputs',
      expect.stringMatching(
        /^Register code {2}fetched at the first attempt, in \d+ ms; masked; output register-code$/,
      ),
      `Request ID     ${requestId ?? 'none'}`,
      '',
    ])
  })

  it('makes no call when its outputs have nowhere to go', async () => {
    const { error } = await run({}, { GITHUB_OUTPUT: '' })
    expect(error?.message).toMatch(/^GITHUB_OUTPUT is not set/)
    expect(await service.emulator.requests()).toEqual([])
  })

  it('sets a seal too, when it has a key for one', async () => {
    const env = { GITHUB_REPOSITORY: 'example/devices', GITHUB_RUN_ID: '1' }
    const sealKey = { 'seal-key': 'a passphrase for seals' }
    const { thrown, stdout, outputFile } = await run(sealKey, env)
    expect(thrown).toBeUndefined()
    expect(stdout).toContain('\nSeal           for other jobs of this run; output sealed-register-code\n')
    const [, , code = 'none', , sealed = ''] =
      /^register-code<<(\S+)\n(\S+)\n\1\nrequest-id<<.*\nsealed-register-code<<(\S+)\n(\S+)\n\3\n$/s.exec(
        outputFile,
      ) ?? []
    const opened = await withEnvironment(
      { ...env, ...inputs({ ...sealKey, 'sealed-register-code': sealed }) },
      unsealAction,
    )
    expect(opened.outputFile).toContain(`\n${code}\n`)
    expect(opened.outputFile).toContain(`\n${service.emulator.info.instanceId}\n`)
  })

  it('says of each attempt that failed why, and when the next one comes', async () => {
    await service.emulator.setFaults([
      { operation: 'GetRegisterCode', fault: { code: 'Throttling.User' }, times: 2 },
    ])
    const { stdout } = await run({ 'region-id': undefined }, {}, getRegisterCodeAction)
    expect(stdout).toMatch(/^Instance +\S+$/m)
    expect(stdout).toMatch(
      /^Retry +GetRegisterCode, attempt 1 of 5: Throttling\.User, HTTP 400; next in 0\.\d s$/m,
    )
    expect(stdout).toMatch(/^Retry +GetRegisterCode, attempt 2 of 5: /m)
    expect(stdout).toMatch(/^Register code +fetched at attempt 3, in \d+ ms/m)
  })

  it('does not begin a pause that would outlast its time', async () => {
    await service.emulator.setFaults([{ operation: '*', fault: { code: 'InternalError' }, times: 'always' }])
    const { error } = await run({ timeout: '1', 'max-attempts': '100' }, {}, getRegisterCodeAction)
    expect(error?.message).toMatch(/after [234] attempts in [01]\.\d s$/)
  })

  it.each([
    ['with a space', 'with secret'],
    ['too long', 'A'.repeat(65)],
    ['with a line end', 'A\nB'],
    ['the code', 'a-register-code'],
    ['the code in hex', Buffer.from('a-register-code').toString('hex').toUpperCase()],
    ['in part the secret of the access key', () => service.emulator.info.accessKeySecret.slice(3, 17)],
  ])('takes nothing for a request id that is %s', async (_, id) => {
    const RequestId = typeof id === 'string' ? id : id()
    const body = JSON.stringify({ RegisterCode: 'a-register-code', RequestId })
    await service.emulator.setFaults([{ operation: 'GetRegisterCode', fault: { status: 200, body } }])
    const { stdout, outputFile } = await run()
    expect(outputFile).toMatch(/^register-code<<(\S+)\na-register-code\n\1/)
    expect(outputFile).toMatch(/request-id<<(\S+)\n\n\1/)
    expect(stdout).toMatch(/^Request ID +none$/m)
  })

  it('pauses for a length of chance, so that many jobs do not come back at once', async () => {
    const pauses: string[] = []
    await Promise.allSettled(
      Array.from({ length: 12 }, () =>
        retry(
          {
            proxy: undefined,
            maxAttempts: 2,
            timeoutSeconds: 60,
            deadlineMs: Infinity,
            onRetry: (line) => pauses.push(line),
          },
          {
            name: 'a call',
            attempt: () => Promise.reject(new AttemptError({ kind: 'untrusted', code: 'x' })),
            isRetryable: () => true,
            explain: () => new Error('failed'),
          },
        ),
      ),
    )
    expect(pauses).toHaveLength(12)
    expect(new Set(pauses).size).toBeGreaterThan(1)
  })

  it('signs each attempt anew', async () => {
    // This fault comes after the signature was checked, and the emulator takes no nonce twice.
    await service.emulator.setFaults([
      { operation: 'GetRegisterCode', fault: { registerCode: 'white space' } },
    ])
    expect((await run()).stdout).toContain('fetched at attempt 2')
  })

  it('asks for the instance when none is given', async () => {
    const { error } = await run({ 'instance-id': '' })
    expect(error?.describe((text) => text)).toBe(
      'Missing input: instance-id. Set it under "with:", for example instance-id: post-cn-7mz2d******. An unset secret or variable is passed as an empty string.',
    )
  })

  it('lets an error that it cannot explain through as it is', async () => {
    const oddity = new RangeError('odd')
    const { endpoint, accessKeyId, accessKeySecret } = service.emulator.info
    const transport = {
      proxy: undefined,
      maxAttempts: 3,
      timeoutSeconds: 10,
      deadlineMs: performance.now() + 10_000,
      onRetry: fail,
    }
    const request = { operation: 'GetRegisterCode', version: '2020-04-20', method: 'GET', query: {} } as const
    await service.emulator.setFaults([{ operation: 'GetRegisterCode', fault: 'no-code' }])
    await expect(
      call(
        { endpoint, accessKey: { accessKeyId, accessKeySecret }, transport },
        {
          request,
          read: () => {
            throw oddity
          },
          errors: MQTT_ERRORS,
          subject: {},
        },
      ),
    ).rejects.toBe(oddity)
    expect(await service.emulator.requests()).toHaveLength(1)
  })

  it('waits longer for an answer than the SDK would by itself', async () => {
    await service.emulator.setFaults([{ operation: 'GetRegisterCode', fault: { delayMs: 3_300 } }])
    expect((await run()).stdout).toContain('fetched at the first attempt')
  })

  it('takes a list for an answer that is not of the service', async () => {
    await service.emulator.setFaults([{ operation: 'GetRegisterCode', fault: { status: 200, body: '[]' } }])
    const { error } = await run({ 'max-attempts': '1' })
    expect(error?.message).toMatch(/a body that is not a JSON object/)
  })

  it('says which action RAM has to allow', async () => {
    await service.emulator.setFaults([{ operation: 'GetRegisterCode', fault: { code: 'NoPermission' } }])
    expect((await run()).error?.fix).toContain('both mq:GetRegisterCode and mq:MqttInstanceAccess')
  })

  it.each(['reset', 'reset-in-body', 'html', 'null-body', 'no-code', 'hang'] as const)(
    'knows the fault %s',
    async (fault) => {
      await service.emulator.setFaults([{ operation: 'GetRegisterCode', fault, times: 'always' }])
      const { error, outputFile } = await run({ timeout: '1' })
      expect(error).toBeDefined()
      expect(outputFile).toBe('')
    },
  )

  it.each(['large-body', 'no-code', { registerCode: 'white space' }] as const)(
    'knows the fault %j',
    async (fault) => {
      await service.emulator.setFaults([{ operation: 'GetRegisterCode', fault, times: 'always' }])
      const { error } = await run({ 'max-attempts': '1' })
      expect(error?.message).toMatch(/more than 1 MiB|without a register code$|white space/)
    },
  )
})

describe('an access key that has to be fetched', () => {
  const withoutKeys = { 'access-key-id': '', 'access-key-secret': '' }
  const role = () => keyless(service.emulator).inputs

  it("comes from STS, for GitHub's token", async () => {
    const { thrown, stdout } = await run({ ...role(), ...withoutKeys })
    expect(thrown).toBeUndefined()
    expect(stdout).toContain(
      `\nAccess key     role ${service.emulator.info.roleArn}, session acme-devices-42, assumed with GitHub's OIDC token\n`,
    )
  })

  it('is refused for an audience that the provider does not know', async () => {
    const { error } = await run({ ...role(), ...withoutKeys, audience: 'somebody else' })
    expect(error?.message).toMatch(/does not accept the audience "somebody else"$/)
  })

  it('comes from STS, for an access key', async () => {
    const { thrown, stdout } = await run({ ...role(), 'oidc-provider-arn': '' })
    expect(thrown).toBeUndefined()
    expect(stdout).toMatch(/^Access key +role .*, assumed with the access key from the inputs$/m)
  })

  it.each([
    ['AssumeRoleWithOIDC', withoutKeys],
    ['AssumeRole', { 'oidc-provider-arn': '' }],
  ])('is masked as soon as %s gives it', async (operation, given) => {
    const key = {
      AccessKeyId: 'STS.x',
      AccessKeySecret: 'secret-made-by-sts',
      SecurityToken: 'token-made-by-sts',
    }
    const fault = { status: 200, body: JSON.stringify({ Credentials: key }) }
    await service.emulator.setFaults([{ operation, fault }])
    const { stdout } = await run({ ...role(), ...given })
    expect(stdout).toContain('::add-mask::secret-made-by-sts\n')
    expect(stdout).toContain('::add-mask::token-made-by-sts\n')
  })

  it.each([
    [
      'AuthenticationFail.NoPermission',
      /issuer "https:.*", the subject "repo:.*" and the audience "sts\.aliyuncs\.com"\./,
    ],
    ['InvalidParameter.DurationSeconds', /^The role acs:ram::\S+ does not allow a session of 900 seconds/],
    ['InvalidParameter.RoleSessionName', /^STS rejected the session name "acme-devices-42"/],
  ])('is refused in words about the role: %s', async (code, text) => {
    await service.emulator.setFaults([{ operation: 'AssumeRoleWithOIDC', fault: { code } }])
    const { error } = await run({ ...role(), ...withoutKeys })
    expect(error?.describe((words) => words)).toMatch(text)
  })

  it.each([
    [{ AccessKeyId: 'a', AccessKeySecret: 'b' }],
    [{ AccessKeyId: 'a', SecurityToken: 'c' }],
    [{ AccessKeySecret: 'b', SecurityToken: 'c' }],
    [{ AccessKeyId: ' a', AccessKeySecret: 'b', SecurityToken: 'c' }],
    [{ AccessKeyId: 'a', AccessKeySecret: 'b', SecurityToken: 'c\n' }],
  ])('is no key when it is not whole: %j', async (Credentials) => {
    const body = JSON.stringify({ Credentials, RequestId: '3F2A' })
    await service.emulator.setFaults([{ operation: 'AssumeRoleWithOIDC', fault: { status: 200, body } }])
    const { error } = await run({ ...role(), ...withoutKeys, 'max-attempts': '1' })
    expect(error?.message).toMatch(/responded without complete temporary credentials$/)
    expect(error?.requestId).toBe('3F2A')
  })

  it.each([
    ['AssumeRoleWithOIDC', 'no-code', /without complete temporary credentials/],
    [
      'AssumeRoleWithOIDC',
      {
        status: 200,
        body: '{"Credentials":{"AccessKeyId":"a\\n","AccessKeySecret":"b","SecurityToken":"c"}}',
      },
      /without complete temporary credentials/,
    ],
    ['GitHubIdToken', 'html', /GitHub gave no OIDC token: .* HTTP 502/],
    ['GitHubIdToken', 'null-body', /GitHub gave no OIDC token: .* not a JSON object/],
    ['GitHubIdToken', { status: 503, body: '{}' }, /gave no OIDC token \(HTTP 503\)|gave no OIDC token$/],
    ['GitHubIdToken', { status: 403, body: '{"message":"No."}' }, /gave no OIDC token$/],
    ['GitHubIdToken', { status: 200, body: '{"value":"no token"}' }, /without a token/],
    ['GitHubIdToken', { status: 200, body: '{"value":"with a.b.c"}' }, /without a token/],
    ['GitHubIdToken', { status: 200, body: '{"value":"a.b.c in it"}' }, /without a token/],
    [
      'GitHubIdToken',
      { status: 302, headers: { location: '/elsewhere' }, body: '' },
      /returned HTTP 302, a redirect, which is not followed$/,
    ],
    ['GitHubIdToken', 'no-code', /without a token/],
  ] as const)('is no key when %s answers %j', async (operation, fault, text) => {
    await service.emulator.setFaults([{ operation, fault, times: 'always' }])
    const { error } = await run({ ...role(), ...withoutKeys, 'max-attempts': '1' })
    expect(error?.message).toMatch(text)
  })

  it.each([
    [
      500,
      '{"message":"Oh no."}',
      2,
      /gave no OIDC token, after 2 attempts in .* s \(HTTP 500: Oh no\)\. Run the job again later, .*githubstatus/,
    ],
    [503, '{}', 2, /gave no OIDC token, after 2 attempts in .* s \(HTTP 503\)\. Run the job again later/],
    [429, '{}', 2, /\(HTTP 429\)\. Run the job again later/],
    [408, '{}', 2, /\(HTTP 408\)\. Run the job again later/],
    [
      403,
      '{"message":"No."}',
      1,
      /gave no OIDC token \(HTTP 403: No\)\. Check that the job has permissions: id-token: write/,
    ],
    [499, '{}', 1, /gave no OIDC token \(HTTP 499\)\. Check that the job has permissions/],
    [
      502,
      'no JSON',
      2,
      /GitHub gave no OIDC token: .* HTTP 502 .*, after 2 attempts in .* s\. Run the job again later/,
    ],
  ] as const)(
    'is asked of GitHub as often as makes sense: HTTP %i, %s',
    async (status, body, attempts, text) => {
      const fault = { status, body }
      await service.emulator.setFaults([{ operation: 'GitHubIdToken', fault, times: 'always' }])
      const { error, stdout } = await run({ ...role(), ...withoutKeys, 'max-attempts': '2' })
      expect(error?.describe((words) => words)).toMatch(text)
      expect(await service.emulator.requests('GitHubIdToken')).toHaveLength(attempts)
      const retries = stdout.match(/^Retry +GitHub's OIDC token, attempt 1 of 2: .*(HTTP \d+)/gm) ?? []
      expect(retries).toHaveLength(attempts - 1)
    },
  )

  it('says what it needs when a token cannot be read', async () => {
    const value = 'not.JSON.inside'
    await service.emulator.setFaults([
      { operation: 'GitHubIdToken', fault: { status: 200, body: JSON.stringify({ value }) } },
    ])
    const fault = { code: 'AuthenticationFail.NoPermission' }
    await service.emulator.setFaults([{ operation: 'AssumeRoleWithOIDC', fault }])
    expect((await run({ ...role(), ...withoutKeys })).error?.fix).toContain('issuer "not readable"')
  })

  describe('from the default chain', () => {
    // The address of the metadata service is never called from a test.
    const chain = { RUNNER_ENVIRONMENT: 'self-hosted', ALIBABA_CLOUD_ECS_METADATA_DISABLED: 'true' }

    it('comes from the profile', async () => {
      const home = mkdtempSync(join(tmpdir(), 'home-'))
      const { accessKeyId, accessKeySecret } = service.emulator.info
      const profile = `type = access_key\naccess_key_id = ${accessKeyId}\naccess_key_secret = ${accessKeySecret}\n`
      writeFileSync(join(home, 'credentials'), `[default]\n${profile}`)
      const env = { ...chain, HOME: home, ALIBABA_CLOUD_CREDENTIALS_FILE: join(home, 'credentials') }
      const { thrown, stdout } = await run(withoutKeys, env)
      expect(thrown).toBeUndefined()
      expect(stdout).toMatch(/^Access key +from the default chain \(profile\)$/m)
      expect(stdout).toContain(`::add-mask::${accessKeySecret}\n`)
      rmSync(home, { recursive: true })
    })

    it('comes from where a URL says, with its security token', async () => {
      const found = {
        AccessKeyId: 'STS.x',
        AccessKeySecret: 'a-secret-found',
        SecurityToken: 'a-token-found',
      }
      const body = { Code: 'Success', ...found, Expiration: '2099-01-01T00:00:00Z' }
      const server = createHttpServer((_, response) => response.end(JSON.stringify(body))).listen(
        0,
        '127.0.0.1',
      )
      await once(server, 'listening')
      const { port } = server.address() as AddressInfo
      const env = { ...chain, HOME: '/nowhere', ALIBABA_CLOUD_CREDENTIALS_URI: `http://127.0.0.1:${port}/` }
      const { findInDefaultChain } = await import('../../src/alibaba-cloud/credentials.ts')
      const limits = { deadlineMs: performance.now() + 10_000, proxy: undefined }
      const { result } = await withEnvironment(env, () => findInDefaultChain(limits))
      expect(result?.accessKey).toEqual({
        accessKeyId: 'STS.x',
        accessKeySecret: 'a-secret-found',
        securityToken: 'a-token-found',
      })
      const { stdout } = await run(withoutKeys, env)
      server.close()
      expect(stdout).toContain('::add-mask::a-token-found\n')
    })

    it('is missed with a list of the places', async () => {
      const { error } = await run(withoutKeys, {
        ...chain,
        HOME: '/nowhere',
        ALIBABA_CLOUD_CREDENTIALS_FILE: '/nowhere/x',
      })
      expect(error?.message).toMatch(
        /No credentials found in the inputs, .* default chain .*ALIBABA_CLOUD_ROLE_ARN.*credentials file .*ECS.*ALIBABA_CLOUD_CREDENTIALS_URI\)$/,
      )
      expect(error?.fix).toMatch(/^Set role-to-assume and oidc-provider-arn/)
    })

    // The chain itself would wait for five seconds, and try again.
    it('is not waited for longer than there is time', async () => {
      const silent = createServer().listen(0, '127.0.0.1')
      await once(silent, 'listening')
      const { port } = silent.address() as AddressInfo
      const env = { ...chain, HOME: '/nowhere', ALIBABA_CLOUD_CREDENTIALS_URI: `http://127.0.0.1:${port}/` }
      const { findInDefaultChain } = await import('../../src/alibaba-cloud/credentials.ts')
      const limits = { deadlineMs: performance.now() + 500, proxy: undefined }
      const { thrown } = await withEnvironment(env, () => findInDefaultChain(limits))
      expect(thrown).toBeInstanceOf(ActionError)
      silent.close()
    }, 5_000)
  })
})

describe('the SDK behind a proxy', () => {
  it('makes its connections there, and leaves the agents of others alone', async () => {
    jest.resetModules()
    const { send } = await import('../../src/alibaba-cloud/client.ts')
    const { Agent } = https
    const proxy = { url: 'http://user:word@127.0.0.1:9', host: '127.0.0.1:9', isBypassed: () => false }
    const { accessKeyId, accessKeySecret } = service.emulator.info
    const target = {
      endpoint: 'onsmqtt.cn-hangzhou.aliyuncs.com',
      accessKey: { accessKeyId, accessKeySecret },
      transport: {
        proxy,
        maxAttempts: 1,
        timeoutSeconds: 5,
        deadlineMs: performance.now() + 5_000,
        onRetry: fail,
      },
    }
    const request = { operation: 'GetRegisterCode', version: '2020-04-20', method: 'GET', query: {} } as const
    await expect(send(target, request)).rejects.toMatchObject({
      failure: { kind: 'proxy', code: 'ECONNREFUSED', host: '127.0.0.1:9' },
    })
    expect(https.Agent).toBe(Agent)
    expect(await service.emulator.requests()).toEqual([])
  })
})
