import { dirname } from 'node:path'
import { parse } from 'yaml'
import { asPublished, type ActionYml } from './actions.ts'

/** A YAML snippet of a document, with the number of its first line. */
export type Snippet = { readonly document: string; readonly line: number; readonly text: string }

type Actions = ReadonlyMap<string, ActionYml>

/** The lines around a snippet, and its indentation between them. */
type Frame = {
  readonly before: readonly string[]
  readonly indent: number
  readonly after: readonly string[]
}

const WORKFLOW_KEYS = ['name', 'run-name', 'on', 'permissions', 'env', 'defaults', 'concurrency', 'jobs']
const JOB_KEYS = ['runs-on', 'steps', 'strategy', 'environment', 'needs', 'outputs', 'timeout-minutes']

/** Finds the YAML snippets of a Markdown document, in order. */
export function yamlSnippets(document: string, markdown: string): Snippet[] {
  const fenced = /^(?<indent> *)```ya?ml\b[^\n]*\n(?<text>[^]*?)^\k<indent>```$/gm
  return [...markdown.matchAll(fenced)].map((found) => {
    const { indent = '', text = '' } = found.groups ?? {}
    return {
      document,
      line: markdown.slice(0, found.index).split('\n').length + 1,
      text: text.replaceAll(new RegExp(`^${indent}`, 'gm'), ''),
    }
  })
}

/**
 * Completes a snippet that shows a part of a workflow. The snippet keeps its line numbers, so a finding points into the
 * document.
 *
 * @returns `undefined` for a configuration of Dependabot, which is not a workflow
 * @throws Error for a snippet that is not a known part of a workflow
 */
export function asWorkflow(snippet: Snippet, actions: Actions): string | undefined {
  const content: unknown = parse(snippet.text)
  if (isMapping(content) && 'version' in content && 'updates' in content) return undefined
  const { before, indent, after } = frame(snippet, content, actions)
  const blank = snippet.line - 1 - before.length
  const lines = snippet.text.trimEnd().split('\n')
  const indented = lines.map((line) => (line === '' ? line : ' '.repeat(indent) + line))
  return [...Array<string>(Math.max(0, blank)).fill(''), ...before, ...indented, ...after, ''].join('\n')
}

function frame(snippet: Snippet, content: unknown, actions: Actions): Frame {
  if (Array.isArray(content)) return steps(snippet, actions)
  if (isMapping(content)) {
    const keys = Object.keys(content)
    if (keys.includes('jobs')) return { before: [], indent: 0, after: workflow(keys) }
    if (keys.some((key) => JOB_KEYS.includes(key))) return job(keys)
    if (keys.every((key) => WORKFLOW_KEYS.includes(key))) {
      return { before: [], indent: 0, after: [...workflow(keys), 'jobs:', ...emptyJob()] }
    }
    if (Object.values(content).every((value) => isMapping(value) && ('steps' in value || 'uses' in value))) {
      return { before: ['jobs:'], indent: 2, after: workflow([]) }
    }
    const folder = actionWith(keys, dirname(snippet.document), actions)
    if (folder !== undefined) return inputs(keys, folder, actions)
  }
  throw new Error(
    `${snippet.document}:${snippet.line}: neither a part of a workflow nor inputs of an action of this repository`,
  )
}

/** Returns the keys of a workflow that a snippet lacks. */
function workflow(keys: readonly string[]): string[] {
  const rest = {
    name: 'name: Snippet',
    on: 'on: push',
    permissions: 'permissions: {}',
    concurrency: 'concurrency: { group: snippet, cancel-in-progress: true }',
  }
  return Object.entries(rest).flatMap(([key, line]) => (keys.includes(key) ? [] : [line]))
}

/** Returns the keys of a job that a snippet lacks. */
function job(keys: readonly string[]): Frame {
  const rest = {
    name: '    name: Snippet',
    'runs-on': '    runs-on: ubuntu-latest',
    steps: "    steps: [{ run: 'true' }]",
  }
  const lines = Object.entries(rest).flatMap(([key, line]) => (keys.includes(key) ? [] : [line]))
  return { before: ['jobs:', '  snippet:'], indent: 4, after: [...lines, ...workflow([])] }
}

function emptyJob(): string[] {
  const { before, after } = job([])
  return [...before.slice(1), ...after.slice(0, 3)]
}

/** Adds the earlier steps whose outputs the snippet uses but does not show. */
function steps(snippet: Snippet, actions: Actions): Frame {
  const used = new Map<string, Set<string>>()
  for (const [, id = '', output = ''] of snippet.text.matchAll(/\bsteps\.([\w-]+)\.outputs\.([\w-]+)/g)) {
    if (!new RegExp(`^ *(- )?id: ${id}$`, 'm').test(snippet.text)) {
      used.set(id, (used.get(id) ?? new Set()).add(output))
    }
  }
  const earlier = [...used].map(([id, outputs]) => {
    const folder = [...actions].find(([, action]) =>
      [...outputs].every((output) => Object.hasOwn(action.outputs ?? {}, output)),
    )?.[0]
    if (folder === undefined) {
      throw new Error(
        `${snippet.document}:${snippet.line}: no action of this repository has the outputs ${[...outputs].join(', ')} of the step ${id}`,
      )
    }
    return `      - { id: ${id}, uses: ${asPublished(folder)}, with: { ${required(folder, [], actions).join(', ')} } }`
  })
  const { before, after } = job(['steps'])
  return { before: [...before, '    steps:', ...earlier], indent: 6, after }
}

function inputs(keys: readonly string[], folder: string, actions: Actions): Frame {
  const { before, after } = job(['steps'])
  const rest = required(folder, keys, actions).map((line) => `          ${line}`)
  return {
    before: [...before, '    steps:', `      - uses: ${asPublished(folder)}`, '        with:'],
    indent: 10,
    after: [...rest, ...after],
  }
}

function required(folder: string, keys: readonly string[], actions: Actions): string[] {
  return Object.entries(actions.get(folder)?.inputs ?? {})
    .filter(([name, input]) => input.required && input.default === undefined && !keys.includes(name))
    .map(([name]) => `${name}: snippet`)
}

/** Returns the action that has all these inputs, preferably that of the document's own folder. */
function actionWith(keys: readonly string[], folder: string, actions: Actions): string | undefined {
  const hasAll = (candidate: string): boolean =>
    keys.every((key) => Object.hasOwn(actions.get(candidate)?.inputs ?? {}, key))
  return [folder, ...actions.keys()].find(hasAll)
}

function isMapping(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
