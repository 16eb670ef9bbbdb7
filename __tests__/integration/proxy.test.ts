import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { runStep, type StepRun } from '../../demo/runner.ts'
import { emulated, keyless, workingInputs } from '../support/emulated.ts'
import { findSquid, startSquid, type Squid } from '../support/squid.ts'

const program = findSquid()
const account = { user: 'build agent', password: 'p@ss/w:rd%' }
const inUrl = `${encodeURIComponent(account.user)}:${encodeURIComponent(account.password)}`

if (program === undefined && process.env['CI']) {
  it('squid is installed in CI', () => {
    throw new Error('It is not: the tests of the proxy cannot run.')
  })
}

// Skipped where squid is not installed: a proxy written for the test would prove little.
;(program === undefined ? describe.skip : describe)(
  program === undefined
    ? 'behind a proxy server: skipped, as squid is not installed'
    : 'behind a proxy server',
  () => {
    const service = emulated()
    let squid: Squid

    beforeAll(async () => {
      squid = await startSquid(program ?? '', account)
    })
    afterAll(async () => {
      await squid.stop()
    })

    const port = () => service.emulator.info.endpoint.split(':').at(-1) ?? ''
    const endpoint = () => `onsmqtt.cn-hangzhou.aliyuncs.com:${port()}`
    const proxy = (userInfo = inUrl) => `http://${userInfo}@127.0.0.1:${squid.port}`

    function withKeys(env: Record<string, string>, inputs: Record<string, string> = {}): Promise<StepRun> {
      const given = {
        ...workingInputs(service.emulator),
        endpoint: endpoint(),
        'max-attempts': '2',
        ...inputs,
      }
      return runStep('.', given, { env: { NODE_EXTRA_CA_CERTS: service.emulator.info.caFile, ...env } })
    }

    function withOidc(env: Record<string, string>): Promise<StepRun> {
      const { inputs, env: given } = keyless(service.emulator)
      // The toolkit uses no proxy for a loopback address, so the token has a name here that the proxy knows.
      const tokenUrl = new URL(given['ACTIONS_ID_TOKEN_REQUEST_URL'] ?? '')
      tokenUrl.hostname = 'token.aliyuncs.com'
      const places = { endpoint: endpoint(), 'sts-endpoint': `sts.cn-hangzhou.aliyuncs.com:${port()}` }
      return runStep(
        '.',
        { ...inputs, ...places, 'max-attempts': '2' },
        { env: { ...given, ACTIONS_ID_TOKEN_REQUEST_URL: tokenUrl.href, ...env } },
      )
    }

    it.each(['HTTPS_PROXY', 'https_proxy'])('a step gets its code through %s', async (name) => {
      const before = squid.connects().length
      const run = await withKeys({ [name]: proxy() })
      expect(run).toMatchObject({ exitCode: 0, annotations: [], stderr: '' })
      expect(run.log).toContain(`Endpoint       ${endpoint()}, through the proxy 127.0.0.1:${squid.port}`)
      expect(squid.connects().slice(before)).toEqual([`${endpoint()} 200`])
    })

    it("a keyless step goes through it for all three: GitHub's token, STS and the service", async () => {
      const before = squid.connects().length
      const run = await withOidc({ HTTPS_PROXY: proxy() })
      expect(run).toMatchObject({ exitCode: 0, annotations: [], stderr: '' })
      expect(squid.connects().slice(before)).toEqual([
        `token.aliyuncs.com:${port()} 200`,
        `sts.cn-hangzhou.aliyuncs.com:${port()} 200`,
        `${endpoint()} 200`,
      ])
    })

    it('a step with a key of the default chain goes through it as well', async () => {
      const home = mkdtempSync(join(tmpdir(), 'home-'))
      const { accessKeyId, accessKeySecret } = service.emulator.info
      const profile = `type = access_key\naccess_key_id = ${accessKeyId}\naccess_key_secret = ${accessKeySecret}\n`
      writeFileSync(join(home, 'credentials'), `[default]\n${profile}`)
      const before = squid.connects().length
      const run = await withKeys(
        {
          HTTPS_PROXY: proxy(),
          RUNNER_ENVIRONMENT: 'self-hosted',
          ALIBABA_CLOUD_ECS_METADATA_DISABLED: 'true',
          ALIBABA_CLOUD_CREDENTIALS_FILE: join(home, 'credentials'),
          HOME: home,
        },
        { 'access-key-id': '', 'access-key-secret': '' },
      )
      rmSync(home, { recursive: true })
      expect(run).toMatchObject({ exitCode: 0, annotations: [] })
      expect(squid.connects().slice(before)).toEqual([`${endpoint()} 200`])
    })

    it.each(['NO_PROXY', 'no_proxy'])('a host in %s is reached without it', async (name) => {
      const before = squid.connects().length
      const run = await withKeys(
        { HTTPS_PROXY: proxy(), [name]: '127.0.0.1' },
        workingInputs(service.emulator),
      )
      expect(run.exitCode).toBe(0)
      expect(run.log).not.toContain('through the proxy')
      expect(squid.connects()).toHaveLength(before)
    })

    it.each([
      ['with keys', () => withKeys({ HTTPS_PROXY: proxy('someone:else') })],
      ['with OIDC', () => withOidc({ HTTPS_PROXY: proxy('someone:else') })],
    ])('a wrong password is said to be wrong, at the first attempt, and not shown: %s', async (_, start) => {
      const run = await start()
      expect(run.annotations).toEqual([
        expect.stringMatching(/The proxy 127\.0\.0\.1:\d+ wants another user or password \(HTTP 407\)/),
      ])
      expect(run.log).not.toMatch(/^Retry/m)
      expect(run.stdout.replace(/^::add-mask::.*$/gm, '')).not.toContain('else')
    })

    it('a host that the proxy does not connect to is told from one that does not answer', async () => {
      const run = await withKeys({ HTTPS_PROXY: proxy() }, { endpoint: 'mqtt.example.com' })
      expect(run.annotations).toEqual([
        expect.stringMatching(/The proxy .* refused to connect to mqtt\.example\.com \(HTTP 403\).*NO_PROXY/),
      ])
      expect(run.log).not.toMatch(/^Retry/m)
    })

    it("the proxy's page about a service that is down is no answer of the service, and is tried again", async () => {
      const run = await withKeys({ HTTPS_PROXY: proxy() }, { endpoint: 'onsmqtt.cn-hangzhou.aliyuncs.com:9' })
      expect(run.annotations).toEqual([
        expect.stringMatching(/The proxy .* refused to connect to .* \(HTTP 503\), after 2 attempts/),
      ])
      expect(run.log).toMatch(
        /^Retry +GetRegisterCode, attempt 1 of 2: the proxy made no connection \(HTTP 503\)/m,
      )
    })

    it.each([
      ['with keys', () => withKeys({ HTTPS_PROXY: 'http://user:hidden@127.0.0.1:9' })],
      ['with OIDC', () => withOidc({ HTTPS_PROXY: 'http://user:hidden@127.0.0.1:9' })],
    ])('a proxy that is not there is named, without its password: %s', async (_, start) => {
      const run = await start()
      expect(run.annotations).toEqual([
        expect.stringMatching(
          /The proxy 127\.0\.0\.1:9 could not be reached.*ECONNREFUSED.*after 2 attempts/,
        ),
      ])
      expect(run.stdout.replace(/^::add-mask::.*$/gm, '')).not.toContain('hidden')
    })
  },
)
