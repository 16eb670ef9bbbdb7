/**
 * A local server with the issues of one repository. It checks each request, and each of its own answers, against GitHub's
 * published OpenAPI description (`@octokit/openapi`).
 */
import { once } from 'node:events'
import http, { type IncomingMessage, type ServerResponse } from 'node:http'
import https from 'node:https'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { readOpenApi } from './github-openapi.ts'

/** An operation of GitHub's API. */
export type Operation = 'list' | 'create' | 'update' | 'viewer'

/** As the description names them. It does not describe GraphQL. */
const DESCRIBED: Readonly<Record<Operation, string>> = {
  list: 'GET /repos/{owner}/{repo}/issues',
  create: 'POST /repos/{owner}/{repo}/issues',
  update: 'PATCH /repos/{owner}/{repo}/issues/{issue_number}',
  viewer: '',
}
const REPOSITORY = 'octo-org/octo-repo'
/** GitHub's limits for an issue, in characters. */
const MAX_BODY = 65_536
const MAX_TITLE = 256

export type StoredIssue = {
  readonly number: number
  readonly author: string
  title: string
  body: string
  state: 'open' | 'closed'
  state_reason: string | null
  locked: boolean
  readonly isPullRequest?: boolean
}

/** What the server does with the next request of an operation. */
export type Fault = {
  readonly operation: Operation
  readonly status?: number
  readonly message?: string
  readonly headers?: Readonly<Record<string, string>>
  /** Sent in place of the usual error. */
  readonly body?: unknown
  /** Sent in place of JSON. */
  readonly html?: string
  /** Executes the request, and closes the connection in place of an answer. */
  readonly isLost?: boolean
}

export type GitHubIssues = {
  /** For `GITHUB_API_URL`. */
  readonly apiUrl: string
  readonly repository: string
  /** What a step needs in its environment to call this server. */
  readonly env: Readonly<Record<string, string>>
  readonly token: string
  /** All that it has. Tests add, change and remove issues. */
  readonly issues: StoredIssue[]
  /** The operations that were called, oldest first. */
  readonly calls: Operation[]
  /** What GitHub would not accept, or would not answer. Empty at the end of every test. */
  readonly problems: string[]
  readonly faults: Fault[]
  /** Changed by tests. */
  readonly settings: Settings
  /** Adds an issue, as another run or a person does. */
  readonly add: (issue?: Partial<StoredIssue>) => StoredIssue
  readonly reset: () => void
  readonly stop: () => Promise<void>
}

type Settings = {
  /** The login of the token's owner. */
  login: string
  /** The same login, as issues spell it, if that differs. */
  author: string | undefined
  /** Whether a list can be limited to the issues of an author. */
  canFilter: boolean
  permission: 'write' | 'read' | 'none'
  hasIssues: boolean
  /** Called before an operation is executed. */
  before: (operation: Operation) => void | Promise<void>
}

/**
 * Starts the server on 127.0.0.1.
 *
 * @param options.path of the API, for example `/api/v3`, as on GitHub Enterprise Server
 * @param options.identity makes it an HTTPS server
 */
export async function startGitHubIssues(
  options: {
    readonly path?: string
    readonly identity?: { readonly cert: string; readonly key: string }
  } = {},
): Promise<GitHubIssues> {
  const { path = '', identity } = options
  const openApi = readOpenApi()
  const issues: StoredIssue[] = []
  const calls: Operation[] = []
  const problems: string[] = []
  const faults: Fault[] = []
  const settings = {} as Settings
  const token = 'ghs_0123456789abcdefABCDEF0123456789abcd'
  let last = 0

  const add = (issue: Partial<StoredIssue> = {}): StoredIssue => {
    last = Math.max(last + 1, issue.number ?? 0)
    const added: StoredIssue = {
      author: settings.author ?? settings.login,
      title: '',
      body: '',
      state: 'open',
      state_reason: null,
      locked: false,
      ...issue,
      number: last,
    }
    issues.push(added)
    return added
  }

  const reset = (): void => {
    for (const list of [issues, calls, problems, faults]) list.length = 0
    last = 0
    Object.assign<Settings, Settings>(settings, {
      login: 'github-actions[bot]',
      author: undefined,
      canFilter: true,
      permission: 'write',
      hasIssues: true,
      before: () => undefined,
    })
  }

  const execute = (operation: Operation, { url, body }: Received): Answer => {
    const { permission, hasIssues, login } = settings
    if (operation === 'viewer') {
      const isOwn = body.query === '{ viewer { login } }' && Object.keys(body).length === 1
      if (!isOwn) problems.push(`unknown query ${JSON.stringify(body)}`)
      return { status: 200, body: { data: { viewer: { login } } } }
    }
    if (permission === 'none') return refusal(404, 'Not Found')
    if (!hasIssues) return refusal(410, 'Issues has been disabled in this repository.')
    if (operation === 'list') return list(url)
    if (permission === 'read') return refusal(403, 'Resource not accessible by integration')
    return operation === 'create' ? create(body) : update(url, body)
  }

  const list = ({ searchParams }: URL): Answer => {
    const perPage = Number(searchParams.get('per_page') ?? 30)
    const page = Number(searchParams.get('page') ?? 1)
    const creator = searchParams.get('creator')
    const state = searchParams.get('state') ?? 'open'
    const found = issues
      .filter((issue) => !settings.canFilter || creator === null || issue.author === creator)
      .filter((issue) => state === 'all' || issue.state === state)
      .sort((a, b) => (searchParams.get('direction') === 'asc' ? a.number - b.number : b.number - a.number))
    const hasNext = found.length > page * perPage
    const shown = found.slice((page - 1) * perPage, page * perPage).map(represent)
    const next = `<${apiUrl}/repositories/1/issues?page=${page + 1}>; rel="next", <${apiUrl}/>; rel="last"`
    return { status: 200, body: shown, ...(hasNext && { headers: { link: next } }) }
  }

  const create = ({ title = '', body = '' }: Body): Answer => {
    const invalid = invalidText(title, body)
    if (invalid !== undefined) return invalid
    return { status: 201, body: represent(add({ title, body })) }
  }

  const update = (url: URL, { title, body, state, state_reason: reason }: Body): Answer => {
    const invalid = invalidText(title, body)
    if (invalid !== undefined) return invalid
    const number = Number(url.pathname.split('/').at(-1))
    const issue = issues.find((candidate) => candidate.number === number)
    if (issue === undefined) return refusal(410, 'This issue was deleted')
    if (title !== undefined) issue.title = title
    if (body !== undefined) issue.body = body
    if (state !== undefined && state !== issue.state) {
      issue.state = state
      issue.state_reason = reason ?? null
    }
    return { status: 200, body: represent(issue) }
  }

  const invalidText = (title = '', body = ''): Answer | undefined => {
    const isTooLong = body.length > MAX_BODY || title.length > MAX_TITLE
    if (!isTooLong && body.isWellFormed()) return undefined
    problems.push(isTooLong ? 'a text is too long' : 'a text is not valid Unicode')
    return refusal(422, 'Validation Failed')
  }

  const represent = (issue: StoredIssue): object => representation(issue, apiUrl)

  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const url = new URL(request.url ?? '', apiUrl)
    const content = await text(request)
    const operation = operationOf(request.method ?? '', url, path)
    if (operation === undefined) {
      problems.push(`unknown operation ${request.method ?? ''} ${url.pathname}`)
      respond(response, refusal(404, 'Not Found'))
      return
    }
    calls.push(operation)
    const { authorization = '' } = request.headers
    const body = content === '' ? {} : (JSON.parse(content) as Body)
    const received = { url, body }
    const invalid = openApi.problemsOf(DESCRIBED[operation], received)
    problems.push(...invalid, ...problemsOfHeaders(request))
    if (!/^(bearer|token) /i.test(authorization) || authorization.split(' ')[1] !== token) {
      respond(response, refusal(401, 'Bad credentials'))
      return
    }
    await settings.before(operation)
    const at = faults.findIndex((candidate) => candidate.operation === operation)
    const [fault] = at === -1 ? [] : faults.splice(at, 1)
    const { status, message = 'Refused', headers, body: sent, html, isLost = false } = fault ?? {}
    if (html !== undefined) {
      response.writeHead(status ?? 200, { 'content-type': 'text/html' }).end(html)
    } else if (status !== undefined) {
      respond(response, { ...refusal(status, message), ...(sent !== undefined && { body: sent }), headers })
    } else {
      const executed = invalid.length === 0 ? execute(operation, received) : refusal(422, 'Validation Failed')
      problems.push(...openApi.problemsOfAnswer(DESCRIBED[operation], executed))
      if (isLost) response.destroy()
      else respond(response, executed)
    }
  }

  const listener = (request: IncomingMessage, response: ServerResponse): void => {
    answer(request, response).catch((error: unknown) => {
      problems.push(String(error))
      response.destroy()
    })
  }
  const server = identity === undefined ? http.createServer(listener) : https.createServer(identity, listener)
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const { port } = server.address() as AddressInfo
  const apiUrl = `http${identity === undefined ? '' : 's'}://127.0.0.1:${port}${path}`
  reset()
  return {
    apiUrl,
    repository: REPOSITORY,
    env: { GITHUB_API_URL: apiUrl, GITHUB_REPOSITORY: REPOSITORY },
    token,
    issues,
    calls,
    problems,
    faults,
    settings,
    add,
    reset,
    stop: async () => {
      server.close()
      server.closeAllConnections()
      await once(server, 'close')
    },
  }
}

/** Checked before it is used. */
type Body = {
  readonly query?: string
  readonly title?: string
  readonly body?: string
  readonly state?: 'open' | 'closed'
  readonly state_reason?: string
}
type Received = { readonly url: URL; readonly body: Body }
type Answer = {
  readonly status: number
  readonly body: unknown
  readonly headers?: Readonly<Record<string, string>> | undefined
}

function respond(response: ServerResponse, { status, headers, body }: Answer): void {
  const type = { 'content-type': 'application/json; charset=utf-8' }
  response.writeHead(status, { ...type, ...headers }).end(JSON.stringify(body))
}

function refusal(status: number, message: string): Answer {
  const documentation = 'https://docs.github.com/rest/issues/issues'
  return { status, body: { message, documentation_url: documentation, status: String(status) } }
}

function operationOf(method: string, { pathname }: URL, path: string): Operation | undefined {
  // GitHub Enterprise Server has GraphQL beside /api/v3.
  if (method === 'POST' && pathname === `${path.replace(/\/v3$/, '')}/graphql`) return 'viewer'
  const issues = `${path}/repos/${REPOSITORY}/issues`
  if (pathname === issues) return method === 'GET' ? 'list' : method === 'POST' ? 'create' : undefined
  const isOne = pathname.startsWith(`${issues}/`) && /^\d+$/.test(pathname.slice(issues.length + 1))
  return isOne && method === 'PATCH' ? 'update' : undefined
}

/** @see https://docs.github.com/en/rest/using-the-rest-api/getting-started-with-the-rest-api#user-agent */
function problemsOfHeaders({ headers }: IncomingMessage): string[] {
  const problems: string[] = []
  if ((headers['user-agent'] ?? '') === '') problems.push('no User-Agent, which GitHub refuses')
  if (!(headers.accept ?? '').includes('json')) problems.push('no Accept for JSON')
  return problems
}

/** Makes what GitHub answers for an issue. */
function representation(issue: StoredIssue, apiUrl: string): object {
  const { number, title, body, state, state_reason, locked, author, isPullRequest = false } = issue
  const repository = `${apiUrl}/repos/${REPOSITORY}`
  const url = `${repository}/issues/${number}`
  const page = `https://github.com/${REPOSITORY}`
  return {
    id: 1000 + number,
    node_id: `I_${number}`,
    url,
    repository_url: repository,
    labels_url: `${url}/labels{/name}`,
    comments_url: `${url}/comments`,
    events_url: `${url}/events`,
    html_url: isPullRequest ? `${page}/pull/${number}` : `${page}/issues/${number}`,
    number,
    title,
    body,
    state,
    state_reason,
    locked,
    user: user(author, apiUrl),
    labels: [],
    assignee: null,
    assignees: [],
    milestone: null,
    comments: 0,
    author_association: 'NONE',
    created_at: '2026-01-01T00:00:00Z',
    updated_at: '2026-01-01T00:00:00Z',
    closed_at: state === 'closed' ? '2026-01-01T00:00:00Z' : null,
    ...(isPullRequest && {
      pull_request: { url, html_url: `${page}/pull/${number}`, diff_url: null, patch_url: null },
    }),
  }
}

function user(login: string, apiUrl: string): object {
  const url = `${apiUrl}/users/${encodeURIComponent(login)}`
  const lists = ['followers', 'following', 'gists', 'starred', 'subscriptions', 'organizations', 'repos']
  const urls = [...lists, 'events', 'received_events'].map(
    (name) => [`${name}_url`, `${url}/${name}`] as const,
  )
  return {
    login,
    id: 1,
    node_id: 'U_1',
    avatar_url: 'https://avatars.githubusercontent.com/u/1',
    gravatar_id: '',
    html_url: `https://github.com/${login}`,
    type: login.endsWith('[bot]') ? 'Bot' : 'User',
    site_admin: false,
    url,
    ...Object.fromEntries(urls),
  }
}
