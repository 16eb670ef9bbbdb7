import { readdirSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'

/** A module as the bundler counts it; one that it joined of several has these in `modules`. */
export type BundledModule = { readonly resource?: string; readonly modules?: Iterable<BundledModule> }

type Package = {
  readonly name: string
  readonly version: string
  readonly license?: string
  readonly author?: string | { readonly name?: string }
}

/** Licences that ask for nothing but their text and the name of the author. */
const PERMISSIVE = ['0BSD', 'Apache-2.0', 'BlueOak-1.0.0', 'BSD-2-Clause', 'BSD-3-Clause', 'ISC', 'MIT']

/**
 * The licences of all packages in a bundle, with their texts. The bundler's own list has no text for a package that
 * does not ship it, and misses some that are there.
 *
 * @throws Error for a package whose licence is not permissive, or whose text is not known
 */
export function bundledLicences(modules: Iterable<BundledModule>): string {
  const sections = [...packageFolders(modules)].map(licenceOf)
  return sections.sort().join(`\n${'-'.repeat(80)}\n\n`)
}

/** Resources end in `…/node_modules/PACKAGE/FILE`; the last such folder is the package's own. */
function packageFolders(modules: Iterable<BundledModule>): Set<string> {
  const folders = new Set<string>()
  for (const { resource = '', modules: joined = [] } of modules) {
    const folder = /^.*[\\/]node_modules[\\/](?:@[^\\/]+[\\/])?[^\\/]+(?=[\\/])/.exec(resource)?.[0]
    if (folder !== undefined) folders.add(folder)
    for (const inner of packageFolders(joined)) folders.add(inner)
  }
  return folders
}

function licenceOf(folder: string): string {
  const { name, version, license, author } = JSON.parse(
    readFileSync(join(folder, 'package.json'), 'utf8'),
  ) as Package
  if (license === undefined || !PERMISSIVE.includes(license)) {
    throw new Error(`${name} ${version} would be bundled, and its licence is ${license ?? 'not said'}`)
  }
  const shipped = readdirSync(folder)
    .filter((file) => /^(licen[cs]e|copying|notice)/i.test(basename(file)))
    .sort()
    .map((file) => readFileSync(join(folder, file), 'utf8'))
  const texts = shipped.length > 0 ? shipped : [standardText(name, license, author)]
  const lines = texts.map((text) => text.replaceAll('\r\n', '\n').trim())
  return [`${name} ${version}`, license, '', ...lines].join('\n') + '\n'
}

function standardText(name: string, license: string, author: Package['author']): string {
  const by = typeof author === 'string' ? author : author?.name
  const text = readFileSync(join(import.meta.dirname, 'licence-texts', `${license}.txt`), 'utf8')
  return `Copyright ${by ?? `the authors of ${name}`}\n\n${text}`
}
