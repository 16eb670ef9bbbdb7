/**
 * Checks the workflows, the actions, the examples and the YAML snippets of the documents with GitHub's language service,
 * actionlint and zizmor, and other files that GitHub reads with their schemas. Needs Python 3.
 */
import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'
import { files } from './files.ts'
import { ownActions, withLocalActions } from './lint-workflows/actions.ts'
import { languageServiceFindings, type Linted } from './lint-workflows/language-service.ts'
import { asWorkflow, yamlSnippets } from './lint-workflows/snippet-workflows.ts'
import { pythonEnvironment } from './python-environment.ts'

const ACTIONLINT_VERSION = 'v1.7.12'

const root = dirname(import.meta.dirname)
const cache = join(root, '.cache')
const written = join(cache, 'workflows')
const actions = ownActions(root)

const actionFiles = files(root, ['action.yml', '*/action.yml'])
const workflowFiles = files(root, ['.github/workflows/*.yml', 'examples/*.yml', '__tests__/workflow/*.yml'])
const snippets = files(root, ['*.md']).flatMap(snippetsOf)
const workflows = [...workflowFiles.map(read), ...snippets]
console.log(`${actionFiles.length} actions, ${workflowFiles.length} workflows, ${snippets.length} snippets`)
rmSync(written, { recursive: true, force: true })

const programs = pythonEnvironment('lint-workflows', 'scripts/lint-workflows/requirements.txt')
const results: Record<string, boolean> = {
  'language service': await passesLanguageService(),
  ...(programs !== undefined && {
    actionlint: passesActionlint(programs),
    zizmor: passesZizmor(programs),
    'schemas of Dependabot and issue forms': matchSchemas(programs),
  }),
}
for (const [linter, passed] of Object.entries(results))
  console.log(`${passed ? 'passed' : 'FAILED'}  ${linter}`)
process.exitCode = Object.values(results).every(Boolean) ? 0 : 1

async function passesLanguageService(): Promise<boolean> {
  const findings: string[] = []
  // One after the other, because the service has one logger for all files.
  for (const file of [...actionFiles.map(read), ...workflows]) {
    findings.push(...(await languageServiceFindings(file, actions)))
  }
  for (const finding of findings) console.log(finding)
  return findings.length === 0
}

function passesActionlint(programs: string): boolean {
  const actionlint = installActionlint(programs)
  // It knows the inputs and outputs of an action only if that is a file beside the workflow.
  const passes = (linted: readonly Linted[], options: readonly string[]): boolean =>
    linted.length === 0 ||
    succeeds(
      actionlint,
      [...options, ...linted.map((file) => write('actionlint', file, withLocalActions(file.text)))],
      // Where it finds shellcheck.
      { PATH: [programs, process.env['PATH']].join(delimiter) },
    )
  const complete = workflows.filter(({ isPartial }) => !isPartial)
  const partial = workflows.filter(({ isPartial }) => isPartial)
  return [passes(complete, []), passes(partial, ['-ignore', 'missing input'])].every(Boolean)
}

/** Builds actionlint from the Go module proxy, because no package of it contains the program. */
function installActionlint(programs: string): string {
  const folder = join(cache, `actionlint-${ACTIONLINT_VERSION}`)
  const program = join(folder, 'actionlint')
  if (!existsSync(program)) {
    const module = `github.com/rhysd/actionlint/cmd/actionlint@${ACTIONLINT_VERSION}`
    const env = { ...process.env, GOBIN: folder }
    execFileSync(join(programs, 'go'), ['install', module], { env, stdio: 'inherit' })
  }
  return program
}

function passesZizmor(programs: string): boolean {
  const passes = (config: string, linted: readonly string[]): boolean =>
    succeeds(join(programs, 'zizmor'), [
      ...['--offline', '--persona', 'pedantic', '--strict-collection', '--no-progress', '--quiet'],
      ...['--config', config],
      ...linted,
    ])
  const written = snippets.map((snippet) => write('zizmor', snippet, snippet.text))
  return [
    passes('.github/zizmor.yml', [...actionFiles, ...workflowFiles, '.github/dependabot.yml']),
    passes('scripts/lint-workflows/zizmor-snippets.yml', written),
  ].every(Boolean)
}

function matchSchemas(programs: string): boolean {
  const chooser = '.github/ISSUE_TEMPLATE/config.yml'
  const forms = files(root, ['.github/ISSUE_TEMPLATE/*.yml']).filter((file) => file !== chooser)
  const matches = (schema: string, checked: readonly string[]): boolean =>
    succeeds(join(programs, 'check-jsonschema'), ['--builtin-schema', `vendor.${schema}`, ...checked])
  return [
    matches('dependabot', ['.github/dependabot.yml']),
    matches('github-issue-config', [chooser]),
    matches('github-issue-forms', forms),
  ].every(Boolean)
}

function snippetsOf(document: string): Linted[] {
  return yamlSnippets(document, readFileSync(join(root, document), 'utf8')).flatMap((snippet) => {
    const text = asWorkflow(snippet, actions)
    const path = `${document.replaceAll('/', '-')}.${snippet.line}.yml`
    return text === undefined ? [] : [{ path, text, isPartial: snippet.text.includes('# …') }]
  })
}

function read(path: string): Linted {
  return { path, text: readFileSync(join(root, path), 'utf8'), isPartial: false }
}

/** @returns the path of the written file, relative to the repository */
function write(linter: string, { path }: Linted, text: string): string {
  const file = join(written, linter, path)
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, text)
  return file.slice(root.length + 1)
}

function succeeds(program: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): boolean {
  const { status, error } = spawnSync(program, args, {
    cwd: root,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'inherit', 'inherit'],
  })
  if (error) throw error
  return status === 0
}
