import { setDefaultCACertificates, getCACertificates } from 'node:tls'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import { marked } from 'marked'
import { makeTlsIdentity } from '../../emulator/http/tls.ts'
import type { Transport } from '../../src/attempts/retry.ts'
import type { Expiry, ExpiringCertificate } from '../../src/github/expiry-issue-text.ts'
import { keepExpiryIssue } from '../../src/github/expiry-issue.ts'
import { readProxy } from '../../src/inputs/proxy.ts'
import { codeSpan } from '../../src/runner/log.ts'
import { startGitHubIssues, type Fault, type GitHubIssues } from '../../testing/github-issues.ts'
import { errorOf } from '../support/errors.ts'
import { NO_PAUSES } from '../support/in-process.ts'
import { startProxyServer } from '../support/proxy-server.ts'

let github: GitHubIssues
beforeAll(async () => {
  github = await startGitHubIssues()
})
afterAll(async () => {
  await github.stop()
})
beforeEach(() => {
  github.reset()
})
afterEach(() => {
  expect(github.problems).toEqual([])
})

function device(name: string, more: Partial<ExpiringCertificate> = {}): ExpiringCertificate {
  return {
    kind: 'device',
    name,
    serialNumber: `0a${Buffer.from(name).toString('hex')}`,
    caSerialNumber: '00f2',
    validEnd: '2026-12-01T00:00:00.000Z',
    status: 'expires in 5 days',
    ...more,
  }
}

function expiryOf(certificates: readonly ExpiringCertificate[], more: Partial<Expiry> = {}): Expiry {
  return {
    instanceId: 'post-cn-one',
    regionId: 'cn-hangzhou',
    expiresWithinDays: 30,
    certificates,
    counts: { expired: 0, expiring: certificates.length, unreadable: 0, unknown: 0 },
    ...more,
  }
}

type Options = {
  readonly more?: Partial<Expiry>
  readonly env?: Readonly<Record<string, string>>
  readonly transport?: Partial<Transport>
  readonly token?: string
}

const retries: string[] = []

/** Keeps the issue about devices with these names, and returns its address. */
async function keep(devices: readonly (string | ExpiringCertificate)[], options: Options = {}) {
  const certificates = devices.map((given) => (typeof given === 'string' ? device(given) : given))
  const transport: Transport = {
    proxy: undefined,
    maxAttempts: 3,
    timeoutSeconds: 60,
    deadlineMs: performance.now() + 60_000,
    onRetry: (line) => retries.push(line),
    timing: NO_PAUSES,
    ...options.transport,
  }
  const issue = await keepExpiryIssue(
    { ...github.env, ...options.env },
    expiryOf(certificates, options.more),
    { token: options.token ?? github.token, transport, code: codeSpan },
  )
  return issue?.url
}

const url = (number: number) => `https://github.com/${github.repository}/issues/${number}`
const states = () => github.issues.map(({ number, state }) => `${number} ${state}`)
const issue = (at = 0) => {
  const found = github.issues[at]
  if (found === undefined) throw new Error(`there is no issue ${at}`)
  return found
}
const writes = () => github.calls.filter((call) => call === 'create' || call === 'update')

/** What a person does. */
const closeByHand = () => Object.assign(issue(), { state: 'closed', state_reason: 'completed' })

describe('the expiry issue', () => {
  it('is not created when nothing expires', async () => {
    expect(await keep([])).toBeUndefined()
    expect(github.calls).toEqual(['viewer', 'list'])
  })

  it('is created when something expires', async () => {
    const run = {
      GITHUB_SERVER_URL: 'https://github.com',
      GITHUB_RUN_ID: '7',
      GITHUB_RUN_ATTEMPT: '2',
    }
    expect(await keep(['pump', 'valve'], { env: run })).toBe(url(1))
    expect(issue().title).toBe('Certificates expire: ApsaraMQ for MQTT instance post-cn-one in cn-hangzhou')
    expect(issue().body).toContain(
      '<p>Active certificates of instance <code>post-cn-one</code> in <code>cn-hangzhou</code>: 0 expired, 2 expire within 30 days.</p>',
    )
    expect(issue().body).toContain(
      '<tr><td>device</td><td><code>pump</code></td><td><code>0a70756d70</code></td><td><code>00f2</code></td>' +
        '<td><code>2026-12-01T00:00:00.000Z</code></td><td><code>expires in 5 days</code></td></tr>',
    )
    expect(issue().body).toContain(
      `[a workflow run](https://github.com/${github.repository}/actions/runs/7/attempts/2)`,
    )
    expect(issue().body).not.toContain('more, in the report')
  })

  it('says how many have an unknown status, and does not call them active', async () => {
    await keep(['pump'], { more: { counts: { expired: 0, expiring: 0, unreadable: 0, unknown: 3 } } })
    expect(issue().body).toContain(
      'Certificates of instance <code>post-cn-one</code> in <code>cn-hangzhou</code> that are not inactive: 0 expired, 0 expire within 30 days, 3 of unknown status.',
    )
    expect(issue().body).toContain('And 2 more')
  })

  it('is updated by later runs, which keep the title that a person gave it', async () => {
    await keep(['pump'])
    issue().title = 'Renew these'
    issue().body += 'A note of a person'
    expect(await keep([device('pump', { status: 'expires in 4 days' }), 'valve'])).toBe(url(1))
    expect(states()).toEqual(['1 open'])
    expect(issue()).toMatchObject({ title: 'Renew these' })
    expect(issue().body).toContain('expires in 4 days')
    expect(issue().body).toContain('valve')
    expect(issue().body).not.toContain('A note')
  })

  it('is closed when nothing expires any more, and opened again when something does', async () => {
    await keep(['pump'])
    expect(await keep([])).toBe(url(1))
    expect(issue()).toMatchObject({ state: 'closed', state_reason: 'completed' })
    expect(issue().body).toContain('No active certificate of instance <code>post-cn-one</code>')
    github.calls.length = 0
    expect(await keep([])).toBe(url(1))
    expect(writes()).toEqual([])
    expect(await keep(['pump'])).toBe(url(1))
    expect(issue()).toMatchObject({ state: 'open', state_reason: 'reopened' })
    expect(states()).toHaveLength(1)
  })

  it('stays closed when a person closed it, until a certificate joins', async () => {
    await keep(['pump', 'valve'])
    closeByHand()
    github.calls.length = 0
    expect(await keep(['pump', 'valve'])).toBe(url(1))
    expect(writes()).toEqual([])
    await keep(['valve'])
    expect(states()).toEqual(['1 closed'])
    await keep(['valve', 'motor'])
    expect(issue()).toMatchObject({ state: 'open', state_reason: 'reopened' })
  })

  it.each<[string, string | ExpiringCertificate]>([
    ['one that left comes back', 'pump'],
    ['one with the same serial number, of another CA', device('valve', { caSerialNumber: '00f3' })],
    ['a CA', device('valve', { kind: 'CA' })],
  ])('is opened again when a certificate joins: %s', async (_, joining) => {
    await keep(['pump', 'valve'])
    closeByHand()
    await keep(['valve'])
    await keep(['valve', joining])
    expect(states()).toEqual(['1 open'])
  })

  it('is another one after a person removed the marker', async () => {
    await keep(['pump'])
    issue().body = issue().body.replace(/<!--.*-->/, '')
    expect(await keep(['pump'])).toBe(url(2))
    expect(states()).toEqual(['1 open', '2 open'])
  })

  it('is still found after a person edited the text around the marker', async () => {
    await keep(['pump'])
    issue().body = `Edited\r\n${issue()
      .body.replaceAll('\n', '\r\n')
      .replace(/<table>.*<\/table>/s, '')}\r\nEdited`
    expect(await keep(['pump'])).toBe(url(1))
  })

  it.each(['deleted', 'transferred'])('is created again after it was %s', async () => {
    await keep(['pump'])
    github.issues.length = 0
    expect(await keep(['pump'])).toBe(url(2))
  })

  it.each([301, 404, 410])('is created again when it goes away during the run: HTTP %i', async (status) => {
    await keep(['pump'])
    github.faults.push({ operation: 'update', status, message: 'Moved Permanently' })
    github.settings.before = (operation) => {
      if (operation === 'update') github.issues.length = 0
    }
    expect(await keep(['pump'])).toBe(url(2))
    expect(states()).toEqual(['2 open'])
  })

  it('is updated and closed when it is locked', async () => {
    await keep(['pump'])
    issue().locked = true
    await keep(['valve'])
    expect(issue().body).toContain('valve')
    await keep([])
    expect(issue()).toMatchObject({ state: 'closed', locked: true })
  })

  it.each<[string, Partial<Expiry>]>([
    ['another instance', { instanceId: 'post-cn-two' }],
    ['an instance whose ID starts alike', { instanceId: 'post-cn-one2' }],
    ['the same instance ID in another region', { regionId: 'cn-shanghai' }],
    ['an unknown region', { regionId: undefined }],
  ])('is another one for %s', async (_, more) => {
    await keep(['pump'])
    expect(await keep(['pump'], { more })).toBe(url(2))
    expect(await keep(['pump'], { more })).toBe(url(2))
    expect(await keep(['pump'])).toBe(url(1))
  })

  it.each([
    ['an issue of somebody else', { author: 'mallory' }, true],
    ['an issue of somebody else that GitHub lists', { author: 'mallory' }, false],
    ['a pull request', { isPullRequest: true }, true],
  ])('is not %s with the same marker', async (_, other, canFilter) => {
    github.settings.canFilter = canFilter
    await keep(['pump'])
    const { body } = issue()
    github.issues.length = 0
    github.add({ body, ...other })
    expect(await keep(['pump'])).toBe(url(3))
    expect(issue().body).toBe(body)
  })

  it('belongs to the owner of the token, a person too', async () => {
    github.settings.login = 'octocat'
    expect(await keep(['pump'])).toBe(url(1))
    expect(await keep(['pump'])).toBe(url(1))
    github.settings.login = 'Github-Actions[bot]'
    expect(await keep(['pump'])).toBe(url(2))
  })

  it('is one, also if GraphQL spells the login of an app without [bot]', async () => {
    Object.assign(github.settings, { login: 'github-actions', author: 'github-actions[bot]' })
    await keep(['pump'])
    expect(await keep(['valve'])).toBe(url(1))
    expect(states()).toEqual(['1 open', '2 closed'])
    expect(issue().body).toContain('valve')
  })

  it('is found behind hundreds of other issues of the same author', async () => {
    await keep(['pump'])
    for (let count = 0; count < 250; count++) github.add({ body: 'Another workflow', state: 'closed' })
    github.calls.length = 0
    expect(await keep(['valve'])).toBe(url(1))
    expect(github.calls).toEqual(['viewer', 'list', 'list', 'list', 'update'])
  })

  it('may be long, and stand among many that are longer than a usual response', async () => {
    await keep(['pump'])
    for (let count = 0; count < 99; count++) github.add({ body: '报'.repeat(65_536) })
    expect(await keep(['valve'])).toBe(url(1))
  })
})

describe('two runs at once', () => {
  it('leave one issue: the younger closes itself', async () => {
    const both = Promise.withResolvers<undefined>()
    let waiting = 0
    github.settings.before = async (operation) => {
      if (operation !== 'create') return
      if (++waiting === 2) both.resolve(undefined)
      await both.promise
    }
    expect(await Promise.all([keep(['pump']), keep(['pump'])])).toEqual([url(1), url(1)])
    expect(states()).toEqual(['1 open', '2 closed'])
    expect(issue(1)).toMatchObject({ body: 'Duplicate of #1.\n', state_reason: 'not_planned' })
    expect(await keep(['pump'])).toBe(url(1))
  })

  it('leave one issue, also if somebody deletes the older one meanwhile', async () => {
    github.settings.before = (operation) => {
      if (operation === 'create' && github.issues.length === 0) {
        github.add({
          body: '<!-- apsaramq-mqtt-expiry region=cn-hangzhou instance=post-cn-one certificates= -->',
        })
      }
      if (operation === 'update') github.issues.shift()
    }
    expect(await keep(['pump'])).toBe(url(2))
    expect(states()).toEqual(['2 open'])
  })

  it('that did not see each other leave two, of which the next run closes one', async () => {
    await keep(['pump'])
    github.add({ body: issue().body })
    github.add({ body: issue().body })
    expect(await keep(['pump'])).toBe(url(1))
    expect(states()).toEqual(['1 open', '2 closed', '3 closed'])
    expect(github.issues.slice(1).map(({ body }) => body)).toEqual([
      'Duplicate of #1.\n',
      'Duplicate of #1.\n',
    ])
  })

  it('of which a person closed one as a duplicate leave the other', async () => {
    await keep(['pump'])
    github.add({ body: issue().body })
    closeByHand()
    expect(await keep(['pump'])).toBe(url(2))
    expect(states()).toEqual(['1 closed', '2 open'])
  })
})

describe('an answer of GitHub that is lost', () => {
  it.each<[string, Fault]>([
    ['the login', { operation: 'viewer', isLost: true }],
    ['the list', { operation: 'list', isLost: true }],
    ['the list, from a gateway', { operation: 'list', status: 502, html: '<h1>Bad Gateway</h1>' }],
    ['the list, from GitHub', { operation: 'list', status: 503, message: 'Service Unavailable' }],
    ['the new issue', { operation: 'create', isLost: true }],
    ['the new issue, before it was created', { operation: 'create', status: 500 }],
  ])('leaves one issue: %s', async (_, fault) => {
    github.faults.push(fault)
    expect(await keep(['pump'])).toBe(url(1))
    expect(states()).toEqual(['1 open'])
    expect(github.faults).toEqual([])
  })

  it('leaves an updated issue', async () => {
    await keep(['pump'])
    github.faults.push({ operation: 'update', isLost: true }, { operation: 'update', status: 500 })
    await keep(['valve'])
    expect(issue().body).toContain('valve')
  })

  it('ends the step after the last attempt', async () => {
    github.faults.push(...Array.from({ length: 3 }, () => ({ operation: 'list' as const, isLost: true })))
    expect(await errorOf(() => keep(['pump']))).toMatch(
      /^GitHub did not list the issues of octo-org\/octo-repo: 127\.0\.0\.1:\d+ closed the connection before it responded \(ECONNRESET\), after 3 attempts in .* Check that this runner can reach 127\.0\.0\.1/,
    )
  })
})

describe('an error', () => {
  const permission =
    'Add "permissions:" with "issues: write" to the job or the workflow. Listed permissions replace all defaults, so also add the others that the job needs. The token of a pull request from a fork can never write.'

  it.each<[string, () => unknown, RegExp | string]>([
    [
      'when the token can only read',
      () => (github.settings.permission = 'read'),
      `did not create an issue in octo-org/octo-repo (HTTP 403: Resource not accessible by integration). ${permission}`,
    ],
    [
      'when the token cannot see issues',
      () => (github.settings.permission = 'none'),
      `did not list the issues of octo-org/octo-repo (HTTP 404: Not Found). ${permission}`,
    ],
    [
      'when the repository has no issues',
      () => (github.settings.hasIssues = false),
      'did not list the issues of octo-org/octo-repo (HTTP 410: Issues has been disabled in this repository). Enable issues in the settings of the repository, or set create-issue to false.',
    ],
    [
      'when the text is refused',
      () => github.faults.push({ operation: 'create', status: 422, message: 'Validation Failed' }),
      'did not create an issue in octo-org/octo-repo (HTTP 422: Validation Failed). Run the job again later',
    ],
    [
      'for an hour when the rate limit is exceeded',
      () =>
        github.faults.push({
          operation: 'list',
          status: 403,
          message: 'API rate limit exceeded for installation.',
          headers: {
            'x-ratelimit-remaining': '0',
            'x-ratelimit-reset': String(Math.ceil(Date.now() / 1000) + 3570),
          },
        }),
      '(HTTP 403: API rate limit exceeded for installation). The rate limit of the token is exceeded. Run the job again in 60 minutes.',
    ],
    [
      'for longer than the step has when the secondary rate limit is exceeded',
      () =>
        github.faults.push({
          operation: 'create',
          status: 429,
          message: 'Too many',
          headers: { 'retry-after': '61' },
        }),
      'did not create an issue in octo-org/octo-repo (HTTP 429: Too many). The rate limit of the token is exceeded. Run the job again in 2 minutes.',
    ],
    [
      'when the secondary rate limit is exceeded, and GitHub does not say for how long',
      () =>
        github.faults.push({
          operation: 'create',
          status: 403,
          message: 'You have exceeded a secondary rate limit.',
        }),
      'The rate limit of the token is exceeded. Run the job again in a minute.',
    ],
    [
      'when GraphQL refuses',
      () =>
        github.faults.push({
          operation: 'viewer',
          status: 200,
          body: { data: null, errors: [{ type: 'FORBIDDEN', message: 'Resource not accessible' }] },
        }),
      /name the owner of github-token \(GraphQL: .*Resource not accessible\)\. Run the job again later/s,
    ],
    [
      'when something else answers with success',
      () => github.faults.push(...[1, 2, 3].map(() => ({ operation: 'list' as const, html: '<h1>Hi</h1>' }))),
      /list the issues of octo-org\/octo-repo: .* responded without a list of issues, after 3 attempts/,
    ],
  ])('says what to do %s', async (_, prepare, text) => {
    prepare()
    const error = await errorOf(() => keep(['pump']))
    expect(error).toMatch(/^GitHub (\(127\.0\.0\.1:\d+\) )?did not /)
    if (typeof text === 'string') expect(error).toContain(text)
    else expect(error).toMatch(text)
    expect(github.issues).toEqual([])
    expect(error).not.toContain(github.token)
  })

  it.each<[string, Options, string]>([
    [
      'a token that has expired',
      { token: 'ghs_expired' },
      '(HTTP 401: Bad credentials). Remove github-token to use',
    ],
    ['an empty token', { token: '' }, 'Invalid github-token: it is empty. Remove github-token'],
    ['a token with a line end', { token: 'ghs_a\nb' }, 'Invalid github-token: it contains white space'],
    [
      'no TLS',
      { env: { GITHUB_API_URL: 'http://ghe.example/api/v3' } },
      'Invalid GITHUB_API_URL: it is not an https://',
    ],
    [
      'no URL',
      { env: { GITHUB_API_URL: 'ghe.example' } },
      'Invalid GITHUB_API_URL: it is not an https:// URL',
    ],
    ['a query', { env: { GITHUB_API_URL: 'https://ghe.example/?a' } }, 'Invalid GITHUB_API_URL'],
    ['no repository', { env: { GITHUB_REPOSITORY: '' } }, 'GITHUB_REPOSITORY is not owner/name'],
    ['a path', { env: { GITHUB_REPOSITORY: 'a/b/../c' } }, 'GITHUB_REPOSITORY is not owner/name'],
  ])('says what is wrong: %s', async (_, options, text) => {
    const error = await errorOf(() => keep(['pump'], options))
    expect(error).toContain(text)
    expect(error).not.toContain('ghs_')
    expect(writes()).toEqual([])
  })

  it('is retried after the time that GitHub asks for', async () => {
    const limited = { status: 429, headers: { 'retry-after': '0' } }
    github.faults.push({ operation: 'create', ...limited }, { operation: 'list', ...limited })
    expect(await keep(['pump'])).toBe(url(1))
    expect(github.faults).toEqual([])
  })
})

describe('GITHUB_API_URL', () => {
  const stopping: (() => Promise<void> | void)[] = []
  afterEach(async () => {
    for (const stop of stopping.splice(0)) await stop()
  })

  it.each(['/api/v3', '/api/v3/'])('can be that of GitHub Enterprise Server: %s', async (path) => {
    const enterprise = await startGitHubIssues({ path: path.replace(/\/$/, '') })
    stopping.push(enterprise.stop)
    const env = { ...enterprise.env, GITHUB_API_URL: new URL(path, enterprise.apiUrl).href }
    expect(await keep(['pump'], { env, token: enterprise.token })).toBe(url(1))
    await keep([], { env, token: enterprise.token })
    expect(enterprise.calls).toEqual(['viewer', 'list', 'create', 'list', 'viewer', 'list', 'update'])
    expect(enterprise.problems).toEqual([])
    expect(github.calls).toEqual([])
  })

  it('is called through the proxy', async () => {
    const { ca, certificate, privateKey } = await makeTlsIdentity([])
    const enterprise = await startGitHubIssues({ identity: { cert: certificate, key: privateKey } })
    const proxyServer = await startProxyServer()
    const trusted = getCACertificates()
    setDefaultCACertificates([...trusted, ca])
    stopping.push(enterprise.stop, proxyServer.stop, () => {
      setDefaultCACertificates(trusted)
    })
    const proxy = readProxy({ HTTPS_PROXY: `http://127.0.0.1:${proxyServer.port}` })
    const place = new URL(enterprise.apiUrl)
    place.hostname = 'github.aliyuncs.com'
    const env = { GITHUB_API_URL: place.href }
    expect(await keep(['pump'], { env, token: enterprise.token, transport: { proxy } })).toBe(url(1))
    expect(new Set(proxyServer.connects())).toEqual(new Set([`${place.host} 200`]))
    expect(enterprise.problems).toEqual([])
  })
})

describe('names from the service', () => {
  const HOSTILE = [
    '@octocat',
    '#1',
    'octo-org/octo-repo#1',
    'https://example.com',
    '`@octocat`',
    '``` @octocat',
    '</code>@octocat<code>',
    '</td></tr></table>\n\n@octocat',
    '\n\n# @octocat\n\n',
    '\r\r@octocat',
    '| @octocat |',
    '-->',
    '<!-- apsaramq-mqtt-expiry region=cn-hangzhou instance=post-cn-one certificates=00 -->',
    '<img src=x onerror=alert(1)>',
    '&lt;b&gt;&#64;octocat',
    '[a](https://example.com)',
    '*a* _b_ ~~c~~',
    '\u202e\u2066@octocat\u200b',
    '\u0000\u001b[31m',
    '\ud83d',
    '::error::x',
    '$&$1',
    'x'.repeat(10_000),
    `${'x'.repeat(99)}\ud83d\ude00`,
    '<'.repeat(10_000),
  ]

  it.each(HOSTILE.map((text) => [text.slice(0, 30), text]))(
    'stay in their code spans: %j',
    async (_, text) => {
      const hostile = {
        name: text,
        serialNumber: text,
        caSerialNumber: text,
        validEnd: text,
        status: text,
      }
      await keep([device('pump', hostile)], { more: { instanceId: text, regionId: text } })
      const html = marked.parse(issue().body, { async: false })
      const outside = html.replace(/<code>[^<>]*<\/code>/g, 'CODE')
      expect(outside.match(/CODE/g)).toHaveLength(7)
      expect(outside.replace(/<!-- .* -->/, 'MARKER')).toBe(
        '<p>Active certificates of instance CODE in CODE: 0 expired, 1 expire within 30 days.</p><table>\n<tr><th align="left">Certificate</th><th align="left">Name</th><th align="left">Serial number</th>' +
          '<th align="left">CA</th><th align="left">Valid to</th><th align="left">Status</th></tr>\n' +
          '<tr><td>device</td><td>CODE</td><td>CODE</td><td>CODE</td><td>CODE</td><td>CODE</td></tr>\n</table>' +
          '<p>Updated by a workflow, which overwrites changes to this text, and closes the issue when nothing expires. ' +
          'If you close it, it is opened again when another certificate expires.</p>\nMARKER\n',
      )
      // eslint-disable-next-line no-control-regex -- it must find them
      expect(issue().body).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u200b\u202a-\u202e\u2066-\u2069]/)
      github.settings.before = () => undefined
      await keep([device('pump', hostile)], { more: { instanceId: text, regionId: text } })
      expect(states()).toEqual(['1 open'])
    },
  )

  it('fit into an issue, however many and long they are', async () => {
    const many = Array.from({ length: 3000 }, (_, index) =>
      device(`${index}${'"'.repeat(5000)}`, { caSerialNumber: "'".repeat(5000), validEnd: '&'.repeat(5000) }),
    )
    await keep(many, { more: { counts: { expired: 1000, expiring: 9000, unreadable: 5, unknown: 0 } } })
    const rows = issue().body.split('<tr><td>').length - 1
    expect(rows).toBeGreaterThan(15)
    expect(issue().body).toContain(`And ${10_005 - rows} more, in the report of the run.`)
    expect(issue().body).toContain(
      '1000 expired, 9000 expire within 30 days, 5 have dates that cannot be read.',
    )
  })

  it('are at most 100 in an issue, and 2,000 in its marker', async () => {
    const many = Array.from({ length: 2500 }, (_, index) => device(`device-${index}`))
    await keep(many)
    const { body } = issue()
    expect(body.split('<tr><td>')).toHaveLength(101)
    expect(body).toContain('<code>device-99</code>')
    expect(body).toContain('And 2400 more, in the report of the run.')
    expect(/certificates=([\da-f]*) -->/.exec(body)?.[1]).toHaveLength(16_000)
    closeByHand()
    await keep(many)
    expect(states()).toEqual(['1 closed'])
    await keep([...many.slice(0, 1999), device('new')])
    expect(states()).toEqual(['1 open'])
  })

  it('are CAs before devices, which stop with their CA, but shown in their order', async () => {
    const many = Array.from({ length: 2500 }, (_, index) => device(`device-${index}`))
    await keep(many)
    closeByHand()
    await keep([...many, device('ca', { kind: 'CA' })])
    expect(states()).toEqual(['1 open'])
    const rows = issue().body.match(/<tr><td>.*/g) ?? []
    expect(rows).toHaveLength(100)
    expect(rows[98]).toContain('<code>device-98</code>')
    expect(rows[99]).toContain('<code>ca</code>')
  })
})
