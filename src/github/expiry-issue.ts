import { AttemptError } from '../attempts/failures.ts'
import { isRecord, textIn } from '../attempts/response.ts'
import type { Transport } from '../attempts/retry.ts'
import { ActionError } from '../errors.ts'
import { call, connectToGitHub, type GitHub, type Octokit } from './api.ts'
import {
  bodyOf,
  fingerprintsIn,
  fingerprintsOf,
  markerOf,
  titleOf,
  type CodeSpan,
  type Expiry,
} from './expiry-issue-text.ts'

/** An issue of ours, as GitHub has it. */
type Issue = {
  readonly number: number
  /** `undefined` if GitHub reports none that can be an output. */
  readonly url: string | undefined
  readonly isOpen: boolean
  readonly author: string | undefined
  readonly fingerprints: readonly string[]
}

const PAGE_SIZE = 100
/** Reads the newest 10,000 issues of the author. */
const MAX_PAGES = 100
/** An issue that was transferred, or deleted, a moment ago. */
const GONE = ['HTTP 301', 'HTTP 404', 'HTTP 410']

/**
 * Keeps one issue up to date with what expires: creates it, updates it, closes it when nothing expires, and opens it
 * again. An issue that a person closed stays closed until a certificate joins.
 *
 * @param token with the permission `issues: write`, masked already
 * @returns the issue; `undefined` if there is none, and no need for one
 * @throws ActionError
 */
export async function keepExpiryIssue(
  env: NodeJS.ProcessEnv,
  expiry: Expiry,
  {
    token,
    transport,
    code,
  }: { readonly token: string; readonly transport: Transport; readonly code: CodeSpan },
): Promise<Pick<Issue, 'number' | 'url'> | undefined> {
  const github = await connectToGitHub(env, { token, transport })
  const body = bodyOf(expiry, env, code)
  const find = async (author: string): Promise<Issue[]> => await findIssues(github, author, markerOf(expiry))
  const login = await readLogin(github)
  const issues = await find(login)
  const kept = issues.find(({ isOpen }) => isOpen) ?? issues[0]
  if (kept !== undefined) {
    // Two runs at once may not have seen each other's issue.
    const duplicates = issues.filter((issue) => issue.isOpen && issue !== kept)
    for (const duplicate of duplicates) await closeDuplicate(github, duplicate, kept)
    if (await update(github, kept, changeOf(kept, expiry, body))) return kept
  }
  if (expiry.certificates.length === 0) return undefined
  const created = await create(github, { title: titleOf(expiry), body }, async () => (await find(login))[0])
  const others = await find(created.author ?? login)
  const older = others.find(({ number }) => number < created.number)
  if (older === undefined || !(await update(github, older, changeOf(older, expiry, body)))) return created
  await closeDuplicate(github, created, older)
  return older
}

/** What to change about an issue. */
type Change = {
  readonly body: string
  readonly state?: 'open' | 'closed'
  readonly state_reason?: 'completed' | 'reopened' | 'not_planned'
}

function changeOf(
  { isOpen, fingerprints }: Issue,
  { certificates }: Expiry,
  body: string,
): Change | undefined {
  const known = new Set(fingerprints)
  const current = fingerprintsOf(certificates)
  if (isOpen) return current.length > 0 ? { body } : { body, state: 'closed', state_reason: 'completed' }
  if (current.some((fingerprint) => !known.has(fingerprint))) {
    return { body, state: 'open', state_reason: 'reopened' }
  }
  // One that is no longer there joins when it comes back.
  return current.length < known.size ? { body } : undefined
}

/** @returns false if the issue has just been deleted or transferred */
async function update(github: GitHub, { number }: Issue, change: Change | undefined): Promise<boolean> {
  if (change === undefined) return true
  const { repository } = github
  try {
    await call(github, `update the issue ${nameOf(github)}#${number}`, (octokit) =>
      octokit.request('PATCH /repos/{owner}/{repo}/issues/{issue_number}', {
        ...repository,
        issue_number: number,
        ...change,
      }),
    )
    return true
  } catch (error) {
    if (error instanceof ActionError && GONE.includes(error.code ?? '')) return false
    throw error
  }
}

async function closeDuplicate(github: GitHub, duplicate: Issue, kept: Issue): Promise<void> {
  // Without the marker, it is not found again.
  const body = `Duplicate of #${kept.number}.\n`
  await update(github, duplicate, { body, state: 'closed', state_reason: 'not_planned' })
}

/** @param find looks for the issue, in case that an answer was lost */
async function create(
  github: GitHub,
  issue: { readonly title: string; readonly body: string },
  find: () => Promise<Issue | undefined>,
): Promise<Issue> {
  const request = { ...github.repository, ...issue }
  const goal = `create an issue in ${nameOf(github)}`
  const post = async (octokit: Octokit): Promise<Issue> => {
    const { data } = await octokit.request('POST /repos/{owner}/{repo}/issues', request)
    return readIssue(data, []) ?? broken('an issue')
  }
  return await call(github, goal, post, find)
}

/** Returns the login of the token's owner. `GET /user` does not serve the token of a job. */
async function readLogin(github: GitHub): Promise<string> {
  return await call(github, 'name the owner of github-token', async (octokit) => {
    const answer: unknown = await octokit.graphql('{ viewer { login } }')
    const viewer = isRecord(answer) && isRecord(answer['viewer']) ? answer['viewer'] : {}
    return textIn(viewer, 'login') ?? broken('a login')
  })
}

/** Returns the author's issues with the marker, the oldest first. Anybody can write the marker, but only as themselves. */
async function findIssues(github: GitHub, author: string, marker: string): Promise<Issue[]> {
  const found = new Map<number, Issue>()
  for (let page = 1; page <= MAX_PAGES; page++) {
    const { list, isLast } = await call(github, `list the issues of ${nameOf(github)}`, async (octokit) => {
      const { data, headers } = await octokit.request('GET /repos/{owner}/{repo}/issues', {
        ...github.repository,
        creator: author,
        state: 'all',
        sort: 'created',
        direction: 'desc',
        per_page: PAGE_SIZE,
        page,
      })
      const answer: unknown = data
      if (!Array.isArray(answer)) return broken('a list of issues')
      const hasNext = answer.length === PAGE_SIZE || /\brel="next"/.test(headers.link ?? '')
      return { list: answer as readonly unknown[], isLast: !hasNext }
    })
    for (const value of list) {
      const fingerprints = isRecord(value) ? fingerprintsIn(textIn(value, 'body') ?? '', marker) : undefined
      const issue = fingerprints && readIssue(value, fingerprints)
      if (issue?.author !== undefined && isSameLogin(issue.author, author)) found.set(issue.number, issue)
    }
    if (isLast) break
  }
  return [...found.values()].sort((a, b) => a.number - b.number)
}

/** The login of an app is spelled with and without `[bot]`. */
function isSameLogin(one: string, other: string): boolean {
  const [first, second] = [one, other].map((login) => login.toLowerCase().replace(/\[bot\]$/, ''))
  return first === second
}

/** @returns `undefined` if it is a pull request, which the list also has, or no issue */
function readIssue(value: unknown, fingerprints: readonly string[]): Issue | undefined {
  if (!isRecord(value) || value['pull_request'] !== undefined) return undefined
  const { number, state, user } = value
  if (typeof number !== 'number') return undefined
  const url = textIn(value, 'html_url') ?? ''
  const author = isRecord(user) ? textIn(user, 'login') : undefined
  // The address becomes an output.
  const isUrl = /^https?:\/\/[\x21-\x7e]{1,2000}$/.test(url)
  return { number, url: isUrl ? url : undefined, isOpen: state === 'open', author, fingerprints }
}

function broken(missing: string): never {
  throw new AttemptError({ kind: 'broken-response', what: `responded without ${missing}` })
}

function nameOf({ repository: { owner, repo } }: GitHub): string {
  return `${owner}/${repo}`
}
