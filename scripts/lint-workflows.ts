/**
 * `npm run lint:workflows`: what the language service of GitHub, actionlint and zizmor find in the workflows, the
 * actions, the examples, and the YAML snippets of the documents. They have to find nothing. And whether the other files
 * that GitHub reads have the shape that it takes.
 */
import { spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'
import { files } from './files.ts'
import { goProgram } from './lint-workflows/go-program.ts'
import { languageServiceFindings, type Linted } from './lint-workflows/language-service.ts'
import { ownActions, withLocalActions } from './lint-workflows/own-actions.ts'
import { yamlSnippets } from './lint-workflows/snippets.ts'
import { wrapped } from './lint-workflows/wrap.ts'
import { pythonEnvironment } from './python-environment.ts'

const root = dirname(import.meta.dirname)
const cache = join(root, '.cache')
const written = join(cache, 'workflows')
const actions = ownActions(root)

const actionFiles = files(root, ['action.yml', '*/action.yml'])
const workflowFiles = files(root, ['.github/workflows/*.yml', 'examples/*.yml', '__tests__/workflow/*.yml'])
const snippets = files(root, ['*.md']).flatMap(snippetsOf)
const workflows = [...workflowFiles.map(read), ...snippets]
console.log(
  `${actionFiles.length} actions, ${workflowFiles.length} workflows, ${snippets.length} snippets of documents`,
)
rmSync(written, { recursive: true, force: true })

report([
  ['language service', await acceptedByLanguageService()],
  ['actionlint', acceptedByActionlint()],
  ['zizmor', acceptedByZizmor()],
  ['schemas of Dependabot and issue forms', acceptedBySchemas()],
])

async function acceptedByLanguageService(): Promise<boolean> {
  const findings: string[] = []
  // One after the other: where the service logs to is set for all of it.
  for (const file of [...actionFiles.map(read), ...workflows]) {
    findings.push(...(await languageServiceFindings(file, actions)))
  }
  for (const finding of findings) console.log(finding)
  return findings.length === 0
}

function acceptedByActionlint(): boolean | undefined {
  const actionlint = goProgram('github.com/rhysd/actionlint/cmd/actionlint', 'v1.7.12', cache)
  if (actionlint === undefined) return undefined
  const shellcheck = lintPrograms()
  // It knows the inputs and outputs of an action only when that is a file beside the workflow.
  const judge = (judged: readonly Linted[], args: readonly string[]): boolean =>
    judged.length === 0 ||
    succeeded(
      actionlint,
      [...args, ...judged.map((file) => write('actionlint', { ...file, text: withLocalActions(file.text) }))],
      shellcheck,
    )
  const whole = judge(
    workflows.filter(({ isPartial }) => !isPartial),
    [],
  )
  const partial = judge(
    workflows.filter(({ isPartial }) => isPartial),
    ['-ignore', 'missing input'],
  )
  return whole && partial
}

function acceptedByZizmor(): boolean | undefined {
  const programs = lintPrograms()
  if (programs === undefined) return undefined
  const judge = (config: string, judged: readonly string[]): boolean =>
    succeeded(join(programs, 'zizmor'), [
      ...['--offline', '--persona', 'pedantic', '--strict-collection', '--no-progress', '--quiet'],
      ...['--config', config],
      ...judged,
    ])
  const whole = judge('.github/zizmor.yml', [
    ...actionFiles,
    ...workflowFiles,
    ...files(root, ['.github/dependabot.yml']),
  ])
  const shown = judge(
    'scripts/lint-workflows/zizmor-snippets.yml',
    snippets.map((snippet) => write('zizmor', snippet)),
  )
  return whole && shown
}

function acceptedBySchemas(): boolean | undefined {
  const programs = lintPrograms()
  if (programs === undefined) return undefined
  const chooser = '.github/ISSUE_TEMPLATE/config.yml'
  const forms = files(root, ['.github/ISSUE_TEMPLATE/*.yml']).filter((file) => file !== chooser)
  return [
    ['vendor.dependabot', '.github/dependabot.yml'],
    ['vendor.github-issue-config', chooser],
    ...forms.map((form) => ['vendor.github-issue-forms', form]),
  ]
    .map(([schema = '', file = '']) =>
      succeeded(join(programs, 'check-jsonschema'), ['--builtin-schema', schema, file]),
    )
    .every(Boolean)
}

function lintPrograms(): string | undefined {
  return pythonEnvironment('lint-workflows', 'scripts/lint-workflows/requirements.txt')
}

function snippetsOf(document: string): Linted[] {
  return yamlSnippets(document, readFileSync(join(root, document), 'utf8')).flatMap((snippet) => {
    const text = wrapped(snippet, actions)
    const path = `${document.replaceAll('/', '-')}.${snippet.line}.yml`
    return text === undefined ? [] : [{ path, text, isPartial: snippet.text.includes('# …') }]
  })
}

function read(path: string): Linted {
  return { path, text: readFileSync(join(root, path), 'utf8'), isPartial: false }
}

/** @returns where it was written, from the repository's top */
function write(linter: string, { path, text }: Linted): string {
  const file = join(written, linter, path)
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, text)
  return file.slice(root.length + 1)
}

function succeeded(program: string, args: readonly string[], path?: string): boolean {
  const { status, error } = spawnSync(program, args, {
    cwd: root,
    env: { ...process.env, PATH: [path, process.env['PATH']].filter(Boolean).join(delimiter) },
    stdio: ['ignore', 'inherit', 'inherit'],
  })
  if (error) throw error
  return status === 0
}

function report(results: readonly (readonly [linter: string, accepted: boolean | undefined])[]): void {
  for (const [linter, accepted] of results) {
    console.log(`${accepted === undefined ? 'skipped' : accepted ? 'passed ' : 'FAILED '} ${linter}`)
  }
  process.exitCode = results.some(([, accepted]) => accepted === false) ? 1 : 0
}
