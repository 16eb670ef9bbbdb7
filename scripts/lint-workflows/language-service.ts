import { registerHooks } from 'node:module'
import type { ActionMetadata, ActionReference } from '@actions/languageservice/action'
import { TextDocument } from 'vscode-languageserver-textdocument'
import { KNOWN_ACTIONS, ownFolder, withPublishedActions, type ActionYml } from './actions.ts'

// The service is made for bundlers: it imports JSON in a way that Node rejects.
registerHooks({
  load: (url, context, next) =>
    next(url, url.endsWith('.json') ? { ...context, importAttributes: { type: 'json' } } : context),
})
const { registerLogger, validate } = await import('@actions/languageservice')

/** A file to be linted. */
export type Linted = {
  readonly path: string
  readonly text: string
  /** Whether it says that lines are omitted. A missing input is then no finding. */
  readonly isPartial: boolean
}

/**
 * Checks a workflow or action with GitHub's own parser. Inputs are checked against the `action.yml` files of this
 * repository and against `KNOWN_ACTIONS`.
 *
 * @returns its findings, each with file, line and column
 */
export async function languageServiceFindings(
  { path, text, isPartial }: Linted,
  actions: ReadonlyMap<string, ActionYml>,
): Promise<string[]> {
  // The service logs its own failures, but then reports no finding.
  const failures: string[] = []
  const note = (message: string): void => void failures.push(`${path}: ${message}`)
  registerLogger({ error: note, warn: note, info: note, log: note })
  const document = TextDocument.create(`file:///${path}`, 'yaml', 0, withPublishedActions(text))
  const diagnostics = await validate(document, {
    actionsMetadataProvider: {
      fetchActionMetadata: (action) => Promise.resolve(metadata(action, actions)),
    },
  })
  const findings = diagnostics
    .filter(({ code }) => !(isPartial && code === 'missing-required-inputs'))
    .map(({ message, range: { start } }) => {
      const text = typeof message === 'string' ? message : message.value
      return `${path}:${start.line + 1}:${start.character + 1}: ${text}`
    })
  return [...findings, ...failures]
}

function metadata(
  action: ActionReference,
  actions: ReadonlyMap<string, ActionYml>,
): ActionMetadata | undefined {
  const own = ownFolder(action)
  if (own !== undefined) return actions.get(own) as ActionMetadata | undefined
  const name = [action.owner, action.name, action.path].filter((part) => part !== undefined).join('/')
  const known = KNOWN_ACTIONS[name]
  return (
    known &&
    ({
      name,
      description: '',
      inputs: Object.fromEntries(known.map((input) => [input, {}])),
    } as ActionMetadata)
  )
}
