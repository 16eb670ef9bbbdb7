import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { once } from 'node:events'
import http from 'node:http'
import net, { type AddressInfo, type Server } from 'node:net'
import tls from 'node:tls'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { makeTlsIdentity } from '../../emulator/http/tls.ts'
import { makeCa, privateKeyPem } from '../../testing/certificates.ts'
import { runStep, type StepRun } from '../../testing/run-step.ts'
import { emulated, keyless, withKms, workingInputs } from '../support/emulated.ts'
import { startProxyServer } from '../support/proxy-server.ts'

const service = emulated()
const folder = mkdtempSync(join(tmpdir(), 'network-'))
const servers: Server[] = []
afterAll(() => {
  rmSync(folder, { recursive: true })
  for (const server of servers) server.close()
})

async function listen(server: Server): Promise<number> {
  servers.push(server)
  await once(server.listen(0, '127.0.0.1'), 'listening')
  return (server.address() as AddressInfo).port
}

function tcpServer(onConnection: (socket: net.Socket) => void): Server {
  return net.createServer((socket) => {
    onConnection(socket.on('error', () => undefined))
  })
}

/** A proxy that responds to every `CONNECT` with this status. */
async function refusingProxy(status: number): Promise<number> {
  const server = http.createServer()
  server.on('connect', (_, socket) => socket.end(`HTTP/1.1 ${status} No\r\n\r\n`))
  return await listen(server)
}

function writeFile(name: string, content: string | Buffer): string {
  writeFileSync(join(folder, name), content)
  return join(folder, name)
}

type Env = Readonly<Record<string, string>>

/** Runs a step whose first call that is not to a loopback address goes to the service, to STS or to GitHub. */
const STEPS = {
  service: (env: Env, inputs: Env = {}) =>
    run({ ...workingInputs(service.emulator), endpoint: 'onsmqtt.aliyuncs.com', ...inputs }, env),
  STS: (env: Env, inputs: Env = {}) => {
    const { inputs: given, env: its } = keyless(service.emulator)
    return run({ ...given, 'sts-endpoint': 'sts.aliyuncs.com', ...inputs }, { ...its, ...env })
  },
  GitHub: (env: Env, inputs: Env = {}) => {
    const { inputs: given, env: its } = keyless(service.emulator)
    const ACTIONS_ID_TOKEN_REQUEST_URL = 'https://run.actions.githubusercontent.com/token?api-version=2.0'
    return run({ ...given, ...inputs }, { ...its, ACTIONS_ID_TOKEN_REQUEST_URL, ...env })
  },
}

async function all(env: Env, inputs: Env = {}): Promise<readonly StepRun[]> {
  return await Promise.all(Object.values(STEPS).map((start) => start(env, inputs)))
}

async function run(inputs: Env, env: Env): Promise<StepRun> {
  const trusted = { NODE_EXTRA_CA_CERTS: service.emulator.info.caFile }
  return await runStep('.', { 'max-attempts': '1', ...inputs }, { env: { ...trusted, ...env } })
}

/** Expects a failed step with one annotation, and returns that. */
function errorOf({ exitCode, annotations }: StepRun): string {
  expect({ exitCode, annotations }).toEqual({ exitCode: 1, annotations: [expect.any(String)] })
  return annotations[0] ?? ''
}

describe('an https:// proxy that does not use TLS', () => {
  const HINT =
    'HTTPS_PROXY starts with https://, so the connection to the proxy itself uses TLS. Most proxies are given as ' +
    'http://, also for requests to HTTPS hosts: set HTTPS_PROXY to http://host:port.'
  const plain: Readonly<Record<string, [server: () => Server, reason: RegExp]>> = {
    'responds with HTTP 400': [() => http.createServer(), /\(EPROTO\)/],
    'speaks first': [() => tcpServer((socket) => socket.write('220 mail\r\n')), /\(EPROTO\)/],
    'closes the connection': [
      () => tcpServer((socket) => socket.once('data', () => socket.end())),
      /\(ECONNRESET\)/,
    ],
    'resets the connection': [
      () => tcpServer((socket) => socket.once('data', () => socket.resetAndDestroy())),
      /\(ECONNRESET\)/,
    ],
    'waits for a request line': [
      () => tcpServer(() => undefined),
      /within [12](\.\d)? s, the end of the 2 s of the input timeout/,
    ],
  }

  it.each(Object.entries(plain))(
    'is named in the error of every call: it %s',
    async (_, [server, reason]) => {
      const HTTPS_PROXY = `https://user:hidden@127.0.0.1:${await listen(server())}`
      for (const ended of await all({ HTTPS_PROXY }, { timeout: '2' })) {
        const error = errorOf(ended)
        expect(error).toMatch(/^(GitHub gave no OIDC token: )?The proxy 127\.0\.0\.1:\d+ did not answer TLS /)
        expect(error).toMatch(reason)
        expect(error).toContain(HINT)
        expect(ended.log).not.toContain('hidden')
      }
    },
  )

  it('is asked only once when its response is not TLS', async () => {
    const port = await listen(http.createServer())
    const { log } = await STEPS.service({ https_proxy: `https://127.0.0.1:${port}` }, { 'max-attempts': '5' })
    expect(log).not.toMatch(/^Retry/m)
    expect(log).toContain('https_proxy starts with https://')
  })
})

describe('an https:// proxy with TLS', () => {
  it.each(['localhost', '127.0.0.1'])('is used, and its certificate is checked for %s', async (name) => {
    const identity = await makeTlsIdentity([])
    const { info } = service.emulator
    const proxy = await startProxyServer(undefined, { cert: identity.certificate, key: identity.privateKey })
    const port = info.endpoint.split(':').at(-1) ?? ''
    const inputs = { endpoint: `onsmqtt.cn-hangzhou.aliyuncs.com:${port}` }
    const both = `${identity.ca}${readFileSync(info.caFile, 'utf8')}`
    const env = {
      HTTPS_PROXY: `https://${name}:${proxy.port}`,
      NODE_EXTRA_CA_CERTS: writeFile('both.pem', both),
    }
    const ended = await STEPS.service(env, inputs)
    await proxy.stop()
    expect(ended).toMatchObject({ exitCode: 0, annotations: [] })
    expect(proxy.connects()).toEqual([`${inputs.endpoint} 200`])
  })

  it('that is not trusted is not mistaken for the host that is called', async () => {
    const { certificate: cert, privateKey: key } = await makeTlsIdentity([])
    const port = await listen(tls.createServer({ cert, key }))
    for (const ended of await all({ HTTPS_PROXY: `https://localhost:${port}` })) {
      const error = errorOf(ended)
      expect(error).toMatch(
        /The TLS certificate of the proxy localhost:\d+ is not trusted \(UNABLE_TO_VERIFY_LEAF_SIGNATURE\)\. .*http:\/\//,
      )
      expect(error).not.toMatch(/aliyuncs|githubusercontent/)
    }
  })

  it('for another host is not mistaken for the host that is called', async () => {
    // It contains no host name.
    const ca = await makeCa()
    const port = await listen(tls.createServer({ cert: ca.pem, key: privateKeyPem(ca.key) }))
    const both = `${ca.pem}${readFileSync(service.emulator.info.caFile, 'utf8')}`
    const env = {
      HTTPS_PROXY: `https://localhost:${port}`,
      NODE_EXTRA_CA_CERTS: writeFile('other.pem', both),
    }
    for (const ended of await all(env)) {
      expect(errorOf(ended)).toMatch(
        /The TLS certificate of the proxy localhost:\d+ is not trusted \(ERR_TLS_CERT_ALTNAME_INVALID\)\. .*host name/,
      )
    }
  })
})

describe('an http:// proxy', () => {
  it('that does not respond is named in the error of every call', async () => {
    const port = await listen(tcpServer(() => undefined))
    for (const ended of await all({ HTTPS_PROXY: `http://127.0.0.1:${port}` }, { timeout: '2' })) {
      expect(errorOf(ended)).toMatch(
        /The proxy 127\.0\.0\.1:\d+ did not connect to \S+ within [12](\.\d)? s, the end of the 2 s of the input timeout\. Check HTTPS_PROXY/,
      )
    }
  })

  it('that uses TLS is named as such', async () => {
    const { certificate: cert, privateKey: key } = await makeTlsIdentity([])
    const port = await listen(tls.createServer({ cert, key }))
    expect(errorOf(await STEPS.service({ HTTPS_PROXY: `http://127.0.0.1:${port}` }))).toMatch(
      /could not be reached, or closed the connection .*If the proxy itself uses TLS, start HTTPS_PROXY with https:\/\//,
    )
  })
})

describe('a proxy variable that HTTPS does not use', () => {
  const hint = (name: string): string => `${name} is set, but requests to HTTPS hosts use HTTPS_PROXY`

  it.each(['HTTP_PROXY', 'http_proxy', 'ALL_PROXY', 'all_proxy'])(
    'is named when the service cannot be reached: %s',
    async (name) => {
      for (const value of ['http://user:hidden@proxy.invalid:3128', 'socks5://proxy.invalid:1080']) {
        const ended = await STEPS.service({ [name]: value }, { endpoint: '127.0.0.1:9' })
        expect(errorOf(ended)).toContain(hint(name))
        expect(ended.log).not.toMatch(/hidden|proxy\.invalid/)
      }
    },
  )

  it('is named when STS or GitHub cannot be reached, or the service does not respond', async () => {
    const env = { HTTP_PROXY: 'http://proxy.invalid:3128' }
    const silent = `127.0.0.1:${await listen(tcpServer(() => undefined))}`
    const ACTIONS_ID_TOKEN_REQUEST_URL = 'https://nowhere.invalid/token?api-version=2.0'
    for (const ended of await Promise.all([
      STEPS.STS(env, { 'sts-endpoint': '127.0.0.1:9' }),
      STEPS.GitHub({ ...env, ACTIONS_ID_TOKEN_REQUEST_URL }),
      STEPS.service(env, { endpoint: silent, timeout: '1' }),
    ])) {
      expect(errorOf(ended)).toContain(hint('HTTP_PROXY'))
    }
  })

  it('is not named when HTTPS_PROXY is set too', async () => {
    const env = { HTTP_PROXY: 'http://proxy.invalid:3128', HTTPS_PROXY: 'http://127.0.0.1:9' }
    expect(errorOf(await STEPS.service(env))).not.toContain('HTTP_PROXY is set')
    expect(errorOf(await STEPS.service(env, { endpoint: '127.0.0.1:9' }))).not.toContain('HTTP_PROXY is set')
  })
})

describe('a file of NODE_EXTRA_CA_CERTS that cannot be read', () => {
  let locked: string
  let der: string
  beforeAll(async () => {
    const ca = await makeCa()
    locked = writeFile('locked.pem', ca.pem)
    chmodSync(locked, 0)
    der = writeFile('ca.der', ca.certificate.raw)
  })

  it.each<[string, () => string, string]>([
    ['it does not exist', () => join(folder, 'nothing.pem'), 'no such file or directory (ENOENT)'],
    ['it is a folder', () => folder, 'illegal operation on a directory (EISDIR)'],
    ['it is empty', () => writeFile('empty.pem', ''), 'it contains no PEM certificate'],
    ['it is text', () => writeFile('text.pem', 'no certificate'), 'it contains no PEM certificate'],
    ['it is DER', () => der, 'it contains no PEM certificate'],
    // root can read any file.
    ...(process.getuid?.() === 0
      ? []
      : [
          ['its permissions do not allow it', () => locked, 'permission denied (EACCES)'] satisfies [
            string,
            () => string,
            string,
          ],
        ]),
  ])('is named together with the untrusted certificate: %s', async (_, file, problem) => {
    const { endpoint, idTokenRequestUrl } = service.emulator.info
    const env = { NODE_EXTRA_CA_CERTS: file(), ACTIONS_ID_TOKEN_REQUEST_URL: idTokenRequestUrl }
    for (const ended of [await STEPS.service(env, { endpoint }), await STEPS.GitHub(env)]) {
      const error = errorOf(ended)
      expect(error).toMatch(
        /The TLS certificate of \S+ is not trusted \(UNABLE_TO_VERIFY_LEAF_SIGNATURE\), and/,
      )
      expect(error).toContain(
        `, and NODE_EXTRA_CA_CERTS names a file that cannot be read: ${problem}, ${env.NODE_EXTRA_CA_CERTS}. `,
      )
    }
  })

  it('is not named when it contains a certificate', async () => {
    const other = writeFile('other-ca.pem', (await makeCa()).pem)
    const { endpoint } = service.emulator.info
    expect(errorOf(await STEPS.service({ NODE_EXTRA_CA_CERTS: other }, { endpoint }))).toMatch(
      /is not trusted \(UNABLE_TO_VERIFY_LEAF_SIGNATURE\)\. If a proxy or a private CA/,
    )
  })
})

describe('an address where nothing listens', () => {
  it('is named with the input that sets it', async () => {
    const nowhere = '127.0.0.1:9'
    const inKms = withKms(service.emulator, service.emulator.info.kmsKeyId)
    const [ofService, ofSts, ofKms] = await Promise.all([
      STEPS.service({}, { endpoint: nowhere }),
      STEPS.STS({}, { 'sts-endpoint': nowhere }),
      runStep('create-ca', { ...inKms, 'kms-endpoint': nowhere, subject: 'CN=a', 'max-attempts': '1' }),
    ])
    expect(errorOf(ofService)).toMatch(/ECONNREFUSED\)\. Check endpoint, region-id and network/)
    expect(errorOf(ofSts)).toMatch(/ECONNREFUSED\)\. Check sts-endpoint, region-id and network/)
    expect(errorOf(ofKms)).toMatch(/ECONNREFUSED\)\. Check kms-endpoint, region-id and network/)
  })
})

describe('a region that is a zone, behind a proxy', () => {
  it.each([
    [502, 'cn-hangzhou-b', 'cn-hangzhou'],
    [503, 'cn-hangzhou-i', 'cn-hangzhou'],
    [404, 'ap-southeast-1a', 'ap-southeast-1'],
    [403, 'us-east-1b', 'us-east-1'],
    [504, 'cn-hongkong-c', 'cn-hongkong'],
  ])('is named when the proxy responds with HTTP %i: %s', async (status, zone, region) => {
    const env = { HTTPS_PROXY: `http://127.0.0.1:${await refusingProxy(status)}` }
    const hint = `The region in this host name is set by region-id. "${zone}" looks like a zone: use its region, ${region}.`
    const inputs = { 'region-id': zone, endpoint: '', 'sts-endpoint': '' }
    for (const target of ['service', 'STS'] as const) {
      const error = errorOf(await STEPS[target](env, inputs))
      expect(error).toMatch(
        new RegExp(`refused to connect to (onsmqtt|sts)\\.${zone}\\..*\\(HTTP ${status}\\)`),
      )
      expect(error).toContain(hint)
    }
  })

  it('is not named when the input endpoint sets the host', async () => {
    const env = { HTTPS_PROXY: `http://127.0.0.1:${await refusingProxy(502)}` }
    const error = errorOf(await STEPS.service(env, { 'region-id': 'cn-hangzhou-b' }))
    expect(error).toContain('The input endpoint sets this host: check it.')
    expect(error).not.toContain('zone')
  })
})

describe("GitHub's token host, when it cannot be reached", () => {
  const NETWORK =
    /^GitHub gave no OIDC token: .* Check that this runner can reach \S+: its firewall, its DNS server and its proxy\. .*/
  const STATUS_LAST =
    /, and check www\.githubstatus\.com: the token comes from GitHub, not from Alibaba Cloud\.$/
  const hosts: Readonly<Record<string, () => Promise<string>>> = {
    'does not resolve': () => Promise.resolve('nowhere.invalid'),
    'refuses the connection': () => Promise.resolve('127.0.0.1:9'),
    'does not respond': async () => `127.0.0.1:${await listen(tcpServer(() => undefined))}`,
  }

  async function errorFor(title: string, env: Env): Promise<string> {
    const host = await hosts[title]?.()
    const ACTIONS_ID_TOKEN_REQUEST_URL = `https://${host}/token?api-version=2.0`
    return errorOf(await STEPS.GitHub({ ACTIONS_ID_TOKEN_REQUEST_URL, ...env }, { timeout: '1' }))
  }

  it.each(Object.keys(hosts))(
    'is a matter of the network of a self-hosted runner first: it %s',
    async (title) => {
      for (const RUNNER_ENVIRONMENT of ['self-hosted', '']) {
        const GITHUB_SERVER_URL = 'https://github.com'
        const error = await errorFor(title, { RUNNER_ENVIRONMENT, GITHUB_SERVER_URL })
        expect(error).toMatch(NETWORK)
        expect(error).toMatch(STATUS_LAST)
      }
    },
  )

  it.each(Object.keys(hosts))('is a matter of GitHub on a hosted runner: it %s', async (title) => {
    const error = await errorFor(title, { RUNNER_ENVIRONMENT: 'github-hosted' })
    expect(error).toContain('Run the job again later, and check www.githubstatus.com')
    expect(error).not.toContain('firewall')
  })

  it.each(Object.keys(hosts))(
    'is never a matter of github.com with GitHub Enterprise Server: it %s',
    async (title) => {
      const GITHUB_SERVER_URL = 'https://github.example.com'
      const error = await errorFor(title, { RUNNER_ENVIRONMENT: 'self-hosted', GITHUB_SERVER_URL })
      expect(error).toMatch(NETWORK)
      expect(error).toContain('ask the administrator of github.example.com')
      expect(error).not.toContain('githubstatus')
    },
  )
})
