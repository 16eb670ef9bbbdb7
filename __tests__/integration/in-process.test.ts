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

// Runs the action in this process, for details that are hard to observe from outside. Other tests run it through dist/.
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
  it('masks the code, sets the outputs and logs what it did', async () => {
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

  it('makes no call when GITHUB_OUTPUT is not set', async () => {
    const { error } = await run({}, { GITHUB_OUTPUT: '' })
    expect(error?.message).toMatch(/^GITHUB_OUTPUT is not set/)
    expect(await service.emulator.requests()).toEqual([])
  })

  it('sets a sealed code when seal-key is set', async () => {
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

  it('logs why each attempt failed and when the next one starts', async () => {
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

  it('gives up when the next pause would exceed the timeout', async () => {
    await service.emulator.setFaults([{ operation: '*', fault: { code: 'InternalError' }, times: 'always' }])
    const { error } = await run({ timeout: '1', 'max-attempts': '100' }, {}, getRegisterCodeAction)
    expect(error?.message).toMatch(/after [234] attempts in [01]\.\d s$/)
  })

  it.each([
    ['contains a space', 'with secret'],
    ['is too long', 'A'.repeat(65)],
    ['contains a line break', 'A\nB'],
    ['is the register code', 'a-register-code'],
    ['is the register code in hex', Buffer.from('a-register-code').toString('hex').toUpperCase()],
    ['is a part of the access key secret', () => service.emulator.info.accessKeySecret.slice(3, 17)],
  ])('sets an empty request-id when the one in the response %s', async (_, id) => {
    const RequestId = typeof id === 'string' ? id : id()
    const body = JSON.stringify({ RegisterCode: 'a-register-code', RequestId })
    await service.emulator.setFaults([{ operation: 'GetRegisterCode', fault: { status: 200, body } }])
    const { stdout, outputFile } = await run()
    expect(outputFile).toMatch(/^register-code<<(\S+)\na-register-code\n\1/)
    expect(outputFile).toMatch(/request-id<<(\S+)\n\n\1/)
    expect(stdout).toMatch(/^Request ID +none$/m)
  })

  it('pauses for a random time, so that many jobs do not retry at once', async () => {
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

  it('signs each attempt separately', async () => {
    // This fault occurs after the signature check, and the emulator rejects a nonce that was used before.
    await service.emulator.setFaults([
      { operation: 'GetRegisterCode', fault: { registerCode: 'white space' } },
    ])
    expect((await run()).stdout).toContain('fetched at attempt 2')
  })

  it('fails when instance-id is empty', async () => {
    const { error } = await run({ 'instance-id': '' })
    expect(error?.describe((text) => text)).toBe(
      'Missing input: instance-id. Set it under "with:", for example instance-id: post-cn-7mz2d******. An unset secret or variable is passed as an empty string.',
    )
  })

  it('rethrows an unexpected error unchanged', async () => {
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
        {
          endpoint: { host: endpoint, origin: '', input: 'endpoint' },
          accessKey: { accessKeyId, accessKeySecret },
          transport,
        },
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

  it('waits longer for a response than the SDK does by default', async () => {
    await service.emulator.setFaults([{ operation: 'GetRegisterCode', fault: { delayMs: 3_300 } }])
    expect((await run()).stdout).toContain('fetched at the first attempt')
  })

  it('reports an invalid response when the body is a JSON list', async () => {
    await service.emulator.setFaults([{ operation: 'GetRegisterCode', fault: { status: 200, body: '[]' } }])
    const { error } = await run({ 'max-attempts': '1' })
    expect(error?.message).toMatch(/a body that is not a JSON object/)
  })

  it('names the RAM actions that are missing', async () => {
    await service.emulator.setFaults([{ operation: 'GetRegisterCode', fault: { code: 'NoPermission' } }])
    expect((await run()).error?.fix).toContain('both mq:GetRegisterCode and mq:MqttInstanceAccess')
  })

  it.each(['reset', 'reset-in-body', 'html', 'null-body', 'no-code', 'hang'] as const)(
    'fails without outputs on the fault %s',
    async (fault) => {
      await service.emulator.setFaults([{ operation: 'GetRegisterCode', fault, times: 'always' }])
      const { error, outputFile } = await run({ timeout: '1' })
      expect(error).toBeDefined()
      expect(outputFile).toBe('')
    },
  )

  it.each(['large-body', 'no-code', { registerCode: 'white space' }] as const)(
    'names the cause of the fault %j',
    async (fault) => {
      await service.emulator.setFaults([{ operation: 'GetRegisterCode', fault, times: 'always' }])
      const { error } = await run({ 'max-attempts': '1' })
      expect(error?.message).toMatch(/more than 1 MiB|without a register code$|white space/)
    },
  )
})

describe('temporary credentials', () => {
  const withoutKeys = { 'access-key-id': '', 'access-key-secret': '' }
  const role = () => keyless(service.emulator).inputs

  it('are fetched from STS with the OIDC token of GitHub', async () => {
    const { thrown, stdout } = await run({ ...role(), ...withoutKeys })
    expect(thrown).toBeUndefined()
    expect(stdout).toContain(
      `\nAccess key     role ${service.emulator.info.roleArn}, session acme-devices-42, assumed with GitHub's OIDC token\n`,
    )
  })

  it('are refused when the provider does not accept the audience', async () => {
    const { error } = await run({ ...role(), ...withoutKeys, audience: 'somebody else' })
    expect(error?.message).toMatch(/does not accept the audience "somebody else"$/)
  })

  it('are fetched from STS with an access key', async () => {
    const { thrown, stdout } = await run({ ...role(), 'oidc-provider-arn': '' })
    expect(thrown).toBeUndefined()
    expect(stdout).toMatch(/^Access key +role .*, assumed with the access key from the inputs$/m)
  })

  it.each([
    ['AssumeRoleWithOIDC', withoutKeys],
    ['AssumeRole', { 'oidc-provider-arn': '' }],
  ])('are masked as soon as %s returns them', async (operation, given) => {
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
  ])('are refused with an error about the role: %s', async (code, text) => {
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
  ])('are rejected when they are incomplete or invalid: %j', async (Credentials) => {
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
  ] as const)('are not available when %s returns %j', async (operation, fault, text) => {
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
    'are requested from GitHub again only after a temporary failure: HTTP %i, %s',
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

  it('names the expected claims when the token cannot be decoded', async () => {
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

    it('come from the profile', async () => {
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

    it('come from the credentials URI, with the security token', async () => {
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
      const limits = { deadlineMs: performance.now() + 10_000, timeoutSeconds: 10, proxy: undefined }
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

    it('are reported as missing with a list of the places searched', async () => {
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

    // The chain itself would wait for five seconds, and then retry.
    it('fail at the timeout of the step', async () => {
      const silent = createServer().listen(0, '127.0.0.1')
      await once(silent, 'listening')
      const { port } = silent.address() as AddressInfo
      const env = { ...chain, HOME: '/nowhere', ALIBABA_CLOUD_CREDENTIALS_URI: `http://127.0.0.1:${port}/` }
      const { findInDefaultChain } = await import('../../src/alibaba-cloud/credentials.ts')
      const limits = { deadlineMs: performance.now() + 500, timeoutSeconds: 1, proxy: undefined }
      const { thrown } = await withEnvironment(env, () => findInDefaultChain(limits))
      expect(thrown).toBeInstanceOf(ActionError)
      expect((thrown as ActionError).message).toMatch(/did not respond within the 1 s of the input timeout/)
      silent.close()
    }, 5_000)
  })
})

describe('the SDK behind a proxy', () => {
  it('connects through the proxy, and does not change other agents', async () => {
    jest.resetModules()
    const { send } = await import('../../src/alibaba-cloud/client.ts')
    const { Agent } = https
    const proxy = {
      url: 'http://user:word@127.0.0.1:9',
      host: '127.0.0.1:9',
      variable: 'HTTPS_PROXY',
      isBypassed: () => false,
    }
    const { accessKeyId, accessKeySecret } = service.emulator.info
    const target = {
      endpoint: { host: 'onsmqtt.cn-hangzhou.aliyuncs.com', origin: '', input: 'endpoint' },
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
