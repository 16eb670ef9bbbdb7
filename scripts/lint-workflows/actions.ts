import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { parse } from 'yaml'
import { files } from '../files.ts'

/** What the linters need of an `action.yml`. */
export type ActionYml = {
  readonly name: string
  readonly description: string
  readonly inputs?: Readonly<Record<string, { readonly required?: boolean; readonly default?: string }>>
  readonly outputs?: Readonly<Record<string, unknown>>
}

/**
 * The actions of other repositories that workflows here may use, with the inputs they may set. Another action or input
 * is a finding until somebody has reviewed it and added it here.
 */
export const KNOWN_ACTIONS: Readonly<Record<string, readonly string[]>> = {
  'actions/attest': ['subject-path', 'sbom-path'],
  'actions/checkout': ['fetch-depth', 'path', 'persist-credentials', 'ref', 'repository'],
  'actions/setup-node': ['node-version', 'package-manager-cache'],
  'actions/setup-python': ['python-version'],
  'actions/upload-artifact': ['if-no-files-found', 'name', 'path', 'retention-days'],
  'aliyun/configure-aliyun-credentials-action': [
    'audience',
    'oidc-provider-arn',
    'role-chaining',
    'role-session-expiration',
    'role-session-name',
    'role-to-assume',
  ],
  'github/codeql-action/analyze': ['category'],
  'github/codeql-action/init': ['build-mode', 'languages', 'queries'],
}

const REPOSITORY = 'apsaramq-mqtt-register-code'
const published = new RegExp(`[\\w-]+/${REPOSITORY}(?<folder>(?:/[\\w-]+)*)@[\\w.-]+`, 'g')
const local = /(?<before>uses: *["']?)\.(?<folder>(?:\/[\w-]+)*)\/?(?=["'\s,}]|$)/gm

/** Reads the actions of this repository, by their folder. The folder of the root action is `.`. */
export function ownActions(root: string): ReadonlyMap<string, ActionYml> {
  return new Map(
    files(root, ['action.yml', '*/action.yml']).map((file) => [
      dirname(file),
      parse(readFileSync(join(root, file), 'utf8')) as ActionYml,
    ]),
  )
}

/** Returns how other repositories name an action of this one in `uses:`. */
export function asPublished(folder: string): string {
  return `OWNER/${REPOSITORY}${folder === '.' ? '' : `/${folder}`}@v1`
}

/** Returns the folder of an action of this repository, whatever its owner; `undefined` for other actions. */
export function ownFolder(action: { readonly name: string; readonly path?: string }): string | undefined {
  return action.name === REPOSITORY ? (action.path ?? '.') : undefined
}

/** Rewrites a workflow to use the actions of this repository from its own files. */
export function withLocalActions(workflow: string): string {
  return workflow.replace(published, (_, folder: string) => `.${folder}${folder === '' ? '/' : ''}`)
}

/** Rewrites a workflow to use the actions of this repository as other repositories do. */
export function withPublishedActions(workflow: string): string {
  return workflow.replace(
    local,
    (_, before: string, folder: string) => `${before}${asPublished(folder.slice(1) || '.')}`,
  )
}
