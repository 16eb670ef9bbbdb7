import { registerHooks } from 'node:module'
import type { ActionMetadata, ActionReference } from '@actions/languageservice/action'
import { TextDocument } from 'vscode-languageserver-textdocument'
import { KNOWN_ACTIONS } from './known-actions.ts'
import { ownFolder, withPublishedActions, type ActionYml } from './own-actions.ts'

// Made for bundlers, the service imports JSON in a way that Node refuses.
registerHooks({
  load: (url, context, next) =>
    next(url, url.endsWith('.json') ? { ...context, importAttributes: { type: 'json' } } : context),
})
const { registerLogger, validate } = await import('@actions/languageservice')

/** A file as a linter gets it. */
export type Linted = {
  readonly path: string
  readonly text: string
  /** Whether it says that it leaves out lines, so that an input which is missing is no fault of it. */
  readonly isPartial: boolean
}

/**
 * Lets GitHub's own parser of workflows and actions judge a file. Inputs are checked against the `action.yml` files
 * of this repository, and against what is known of other actions.
 *
 * @returns its findings, each with its place
 */
export async function languageServiceFindings(
  { path, text, isPartial }: Linted,
  actions: ReadonlyMap<string, ActionYml>,
): Promise<string[]> {
  // The service logs what it stumbles over, and calls the file good.
  const stumbled: string[] = []
  const note = (message: string): void => void stumbled.push(`${path}: ${message}`)
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
  return [...findings, ...stumbled]
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
