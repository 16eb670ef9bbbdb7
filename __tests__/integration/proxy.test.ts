import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { runStep, type StepRun } from '../../testing/run-step.ts'
import { emulated, keyless, workingInputs } from '../support/emulated.ts'
import { startProxyServer, type ProxyServer } from '../support/proxy-server.ts'

const account = { user: 'build agent', password: 'p@ss/w:rd%' }
const inUrl = `${encodeURIComponent(account.user)}:${encodeURIComponent(account.password)}`

const NAMES = {
  token: 'token.aliyuncs.com',
  sts: 'sts.cn-hangzhou.aliyuncs.com',
  service: 'onsmqtt.cn-hangzhou.aliyuncs.com',
}

describe('behind a proxy server', () => {
  const service = emulated()
  let proxyServer: ProxyServer

  beforeAll(async () => {
    proxyServer = await startProxyServer(account)
  })
  afterAll(async () => {
    await proxyServer.stop()
  })

  const port = () => service.emulator.info.endpoint.split(':').at(-1) ?? ''
  const endpoint = () => `onsmqtt.cn-hangzhou.aliyuncs.com:${port()}`
  const proxy = (userInfo = inUrl) => `http://${userInfo}@127.0.0.1:${proxyServer.port}`

  function withKeys(env: Record<string, string>, inputs: Record<string, string> = {}): Promise<StepRun> {
    const given = {
      ...workingInputs(service.emulator),
      endpoint: endpoint(),
      'max-attempts': '2',
      ...inputs,
    }
    return runStep('.', given, { env: { NODE_EXTRA_CA_CERTS: service.emulator.info.caFile, ...env } })
  }

  /** @param names the hosts of the token endpoint, STS and the service; the proxy resolves the default ones */
  function withOidc(env: Record<string, string>, names = NAMES): Promise<StepRun> {
    const { inputs, env: given } = keyless(service.emulator)
    // Loopback addresses always bypass the proxy, so all three have names here.
    const tokenUrl = new URL(given['ACTIONS_ID_TOKEN_REQUEST_URL'] ?? '')
    tokenUrl.hostname = names.token
    const places = { endpoint: `${names.service}:${port()}`, 'sts-endpoint': `${names.sts}:${port()}` }
    return runStep(
      '.',
      { ...inputs, ...places, 'max-attempts': '2' },
      { env: { ...given, ACTIONS_ID_TOKEN_REQUEST_URL: tokenUrl.href, ...env } },
    )
  }

  const allThree = () => Object.values(NAMES).map((name) => `${name}:${port()} 200`)

  it.each(['HTTPS_PROXY', 'https_proxy'])('a step gets its code through %s', async (name) => {
    const before = proxyServer.connects().length
    const run = await withKeys({ [name]: proxy() })
    expect(run).toMatchObject({ exitCode: 0, annotations: [], stderr: '' })
    expect(run.log).toContain(`Endpoint       ${endpoint()}, through the proxy 127.0.0.1:${proxyServer.port}`)
    expect(proxyServer.connects().slice(before)).toEqual([`${endpoint()} 200`])
  })

  it('a step gets its code through a proxy with a host name and without a password', async () => {
    const open = await startProxyServer()
    const run = await withKeys({ HTTPS_PROXY: `http://localhost:${open.port}` })
    await open.stop()
    expect(run).toMatchObject({ exitCode: 0, annotations: [], stderr: '' })
    expect(open.connects()).toEqual([`${endpoint()} 200`])
  })

  it('a keyless step uses the proxy for the OIDC token, STS and the service', async () => {
    const before = proxyServer.connects().length
    const run = await withOidc({ HTTPS_PROXY: proxy() })
    expect(run).toMatchObject({ exitCode: 0, annotations: [], stderr: '' })
    expect(proxyServer.connects().slice(before)).toEqual(allThree())
    for (const label of ['OIDC token', 'STS', 'Endpoint']) {
      expect(run.log).toMatch(
        new RegExp(`^${label} +\\S+:${port()}, through the proxy 127\\.0\\.0\\.1:\\d+$`, 'm'),
      )
    }
  })

  it.each<[string, (port: number) => string]>([
    ['without a scheme', (its) => `localhost:${its}`],
    ['with its scheme in capitals', (its) => `HTTP://localhost:${its}`],
    ['with a trailing slash', (its) => `http://localhost:${its}/`],
    ['with an empty user', (its) => `http://:@localhost:${its}`],
  ])('a keyless step accepts a proxy URL %s', async (_, value) => {
    const open = await startProxyServer()
    const run = await withOidc({ HTTPS_PROXY: value(open.port) })
    await open.stop()
    expect(run).toMatchObject({ exitCode: 0, annotations: [], stderr: '' })
    expect(open.connects()).toEqual(allThree())
  })

  it.each([
    ['subdomains, with a star', '*.devices.invalid'],
    ['subdomains, with a dot', '.devices.invalid'],
    ['a name', 'devices.invalid'],
    ['entries separated by spaces', 'a.example *.invalid b.example'],
    ['any host', '*'],
    ['a port', '.devices.invalid:PORT'],
    ['a name in capitals', 'DEVICES.INVALID'],
  ])('a keyless step bypasses the proxy when NO_PROXY contains %s', async (_, noProxy) => {
    const before = proxyServer.connects().length
    const names = {
      token: 'token.devices.invalid',
      sts: 'sts.devices.invalid',
      service: 'onsmqtt.devices.invalid',
    }
    const run = await withOidc({ HTTPS_PROXY: proxy(), NO_PROXY: noProxy.replace('PORT', port()) }, names)
    expect(run.annotations).toEqual([expect.stringContaining(`token.devices.invalid:${port()}`)])
    expect(run.log).not.toContain('through the proxy')
    expect(proxyServer.connects()).toHaveLength(before)
  })

  it.each([
    ['another port', '.aliyuncs.com:1'],
    ['an address range', '10.0.0.1-10.255.255.255'],
    ['a CIDR block', '0.0.0.0/0'],
    ['a part of the name', 'yuncs.com,sts.cn'],
    ['a subdomain of a host', 'www.token.aliyuncs.com'],
  ])('a keyless step uses the proxy when NO_PROXY contains %s', async (_, noProxy) => {
    const before = proxyServer.connects().length
    const run = await withOidc({ HTTPS_PROXY: proxy(), NO_PROXY: noProxy })
    expect(run).toMatchObject({ exitCode: 0, annotations: [] })
    expect(proxyServer.connects().slice(before)).toEqual(allThree())
  })

  it('the log shows for each host whether the proxy is used', async () => {
    const before = proxyServer.connects().length
    const names = { ...NAMES, sts: 'sts.devices.invalid' }
    const run = await withOidc({ HTTPS_PROXY: proxy(), NO_PROXY: '*.invalid' }, names)
    expect(run.annotations).toEqual([expect.stringContaining(`sts.devices.invalid:${port()}`)])
    expect(run.log).toMatch(/^OIDC token +token\.aliyuncs\.com:\d+, through the proxy/m)
    expect(run.log).toMatch(/^STS +sts\.devices\.invalid:\d+$/m)
    expect(proxyServer.connects().slice(before)).toEqual([`token.aliyuncs.com:${port()} 200`])
  })

  it.each([
    ['#', 'http://user:12#34hidden@127.0.0.1:3128', /has a path, a query or a fragment/],
    ['/', 'http://user:12/34hidden@127.0.0.1:3128', /has a path, a query or a fragment/],
    ['?', 'http://user:12?34hidden@127.0.0.1:3128', /has a path, a query or a fragment/],
    ['a backslash', 'http://user:12\\34hidden@127.0.0.1:3128', /has a path, a query or a fragment/],
    ['# without a scheme', 'user:12#34hidden@127.0.0.1:3128', /has a path, a query or a fragment/],
    ['%', 'http://user:12%34%hidden@127.0.0.1:3128', /contains an unencoded %/],
    ['% in the user', 'http://us%er:12hidden@127.0.0.1:3128', /contains an unencoded %/],
    ['a letter for a port', 'http://user:hidden12@127.0.0.1:port', /is not a valid proxy URL/],
    ['another scheme', 'socks5://user:hidden12@127.0.0.1:1080', /is not a valid proxy URL/],
  ])(
    'an invalid proxy URL is not shown, and the error explains how to encode it: %s',
    async (_, value, text) => {
      for (const name of ['HTTPS_PROXY', 'https_proxy']) {
        for (const start of [withKeys, withOidc]) {
          const run = await start({ [name]: value })
          expect(run.exitCode).toBe(1)
          expect(run.annotations).toEqual([expect.stringMatching(text)])
          expect(run.annotations[0]).toMatch(new RegExp(`^${name} .*% as %25, # as %23`))
          expect(run.stdout.replace(/^::add-mask::.*$/gm, '')).not.toMatch(/hidden|12|34/)
        }
      }
      expect(await service.emulator.requests()).toEqual([])
    },
  )

  it('a step with credentials from the default chain uses the proxy', async () => {
    const home = mkdtempSync(join(tmpdir(), 'home-'))
    const { accessKeyId, accessKeySecret } = service.emulator.info
    const profile = `type = access_key\naccess_key_id = ${accessKeyId}\naccess_key_secret = ${accessKeySecret}\n`
    writeFileSync(join(home, 'credentials'), `[default]\n${profile}`)
    const before = proxyServer.connects().length
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
    expect(proxyServer.connects().slice(before)).toEqual([`${endpoint()} 200`])
  })

  it.each(['NO_PROXY', 'no_proxy'])('a host in %s bypasses the proxy', async (name) => {
    const before = proxyServer.connects().length
    const run = await withKeys({ HTTPS_PROXY: proxy(), [name]: '127.0.0.1' }, workingInputs(service.emulator))
    expect(run.exitCode).toBe(0)
    expect(run.log).not.toContain('through the proxy')
    expect(proxyServer.connects()).toHaveLength(before)
  })

  it.each([
    ['with keys', () => withKeys({ HTTPS_PROXY: proxy('someone:else') })],
    ['with OIDC', () => withOidc({ HTTPS_PROXY: proxy('someone:else') })],
  ])('rejected proxy credentials fail at the first attempt and are not shown: %s', async (_, start) => {
    const run = await start()
    expect(run.annotations).toEqual([
      expect.stringMatching(/The proxy 127\.0\.0\.1:\d+ rejected the credentials \(HTTP 407\)/),
    ])
    expect(run.log).not.toMatch(/^Retry/m)
    expect(run.stdout.replace(/^::add-mask::.*$/gm, '')).not.toContain('else')
  })

  it('a host that the proxy refuses to connect to fails at the first attempt', async () => {
    const run = await withKeys({ HTTPS_PROXY: proxy() }, { endpoint: 'mqtt.example.com' })
    expect(run.annotations).toEqual([
      expect.stringMatching(/The proxy .* refused to connect to mqtt\.example\.com \(HTTP 403\).*NO_PROXY/),
    ])
    expect(run.log).not.toMatch(/^Retry/m)
  })

  it('HTTP 503 from the proxy is retried, and reported as a failure of the proxy', async () => {
    const before = proxyServer.connects().length
    const run = await withKeys({ HTTPS_PROXY: proxy() }, { endpoint: 'onsmqtt.cn-hangzhou.aliyuncs.com:9' })
    expect(run.annotations).toEqual([
      expect.stringMatching(/The proxy .* refused to connect to .* \(HTTP 503\), after 2 attempts/),
    ])
    expect(run.log).toMatch(
      /^Retry +GetRegisterCode, attempt 1 of 2: the proxy did not connect \(HTTP 503\)/m,
    )
    expect(proxyServer.connects().slice(before)).toEqual([
      'onsmqtt.cn-hangzhou.aliyuncs.com:9 503',
      'onsmqtt.cn-hangzhou.aliyuncs.com:9 503',
    ])
  })

  it.each([
    ['with keys', () => withKeys({ HTTPS_PROXY: 'http://user:hidden@127.0.0.1:9' })],
    ['with OIDC', () => withOidc({ HTTPS_PROXY: 'http://user:hidden@127.0.0.1:9' })],
  ])('an unreachable proxy is named in the error, without its password: %s', async (_, start) => {
    const run = await start()
    expect(run.annotations).toEqual([
      expect.stringMatching(/The proxy 127\.0\.0\.1:9 could not be reached.*ECONNREFUSED.*after 2 attempts/),
    ])
    expect(run.stdout.replace(/^::add-mask::.*$/gm, '')).not.toContain('hidden')
  })
})
