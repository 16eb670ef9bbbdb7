import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { parse } from 'yaml'
import { readPackage } from '../package.ts'
import { files } from '../files.ts'

/** What the linters ask of an `action.yml`. */
export type ActionYml = {
  readonly name: string
  readonly description: string
  readonly inputs?: Readonly<Record<string, { readonly required?: boolean; readonly default?: string }>>
  readonly outputs?: Readonly<Record<string, unknown>>
}

const repository = readPackage().name
const published = new RegExp(`[\\w-]+/${repository}(?<folder>(?:/[\\w-]+)*)@[\\w.-]+`, 'g')
const local = /(?<before>uses: *["']?)\.(?<folder>(?:\/[\w-]+)*)\/?(?=["'\s,}]|$)/gm

/** The actions of this repository by their folder; that of the root is `.`. */
export function ownActions(root: string): ReadonlyMap<string, ActionYml> {
  return new Map(
    files(root, ['action.yml', '*/action.yml']).map((file) => [
      dirname(file),
      parse(readFileSync(join(root, file), 'utf8')) as ActionYml,
    ]),
  )
}

/** How others write the action of a folder in `uses:`. */
export function asPublished(folder: string): string {
  return `OWNER/${repository}${folder === '.' ? '' : `/${folder}`}@v1`
}

/** The folder of an action, of which only this repository's name tells that it is ours. */
export function ownFolder(action: { readonly name: string; readonly path?: string }): string | undefined {
  return action.name === repository ? (action.path ?? '.') : undefined
}

/** A workflow whose steps use the actions of this repository as files of it. */
export function withLocalActions(workflow: string): string {
  return workflow.replace(published, (_, folder: string) => `.${folder}${folder === '' ? '/' : ''}`)
}

/** A workflow whose steps use the actions of this repository as others do. */
export function withPublishedActions(workflow: string): string {
  return workflow.replace(
    local,
    (_, before: string, folder: string) => `${before}${asPublished(folder.slice(1) || '.')}`,
  )
}
