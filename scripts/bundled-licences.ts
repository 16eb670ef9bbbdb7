import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** A module of webpack. One that was concatenated from several modules has them in `modules`. */
export type BundledModule = { readonly resource?: string; readonly modules?: Iterable<BundledModule> }

type Manifest = {
  readonly name: string
  readonly version: string
  readonly license?: string
  readonly author?: string | { readonly name?: string }
}

/** Licences that require only their text and the name of the author. */
const PERMISSIVE = ['0BSD', 'Apache-2.0', 'BlueOak-1.0.0', 'BSD-2-Clause', 'BSD-3-Clause', 'ISC', 'MIT']

/**
 * Returns the licences of all packages in the bundles, with their texts. The `license` option of ncc misses packages,
 * and has no text for a package that ships none.
 *
 * @throws Error for a package whose licence is not permissive, or whose text is unknown
 */
export function bundledLicences(modules: Iterable<BundledModule>): string {
  const sections = new Set([...packageFolders(modules)].map(licenceOf))
  return [...sections].sort().join(`\n${'-'.repeat(80)}\n\n`)
}

/** The path of a module ends in `node_modules/PACKAGE/FILE`. */
function packageFolders(modules: Iterable<BundledModule>): Set<string> {
  const folders = new Set<string>()
  for (const { resource = '', modules: concatenated = [] } of modules) {
    const folder = /^.*[\\/]node_modules[\\/](?:@[^\\/]+[\\/])?[^\\/]+(?=[\\/])/.exec(resource)?.[0]
    if (folder !== undefined) folders.add(folder)
    for (const inner of packageFolders(concatenated)) folders.add(inner)
  }
  return folders
}

function licenceOf(folder: string): string {
  const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Manifest
  const { name, version, license = 'unknown' } = manifest
  if (!PERMISSIVE.includes(license)) {
    throw new Error(`${name} ${version} cannot be bundled, because its licence is ${license}`)
  }
  const shipped = readdirSync(folder)
    .filter((file) => /^(licen[cs]e|copying|notice)/i.test(file))
    .sort()
    .map((file) => readFileSync(join(folder, file), 'utf8'))
  const texts = shipped.length > 0 ? shipped : [standardText(license, manifest)]
  const lines = texts.map((text) => text.replaceAll('\r\n', '\n').trim())
  return [`${name} ${version}`, license, '', ...lines].join('\n') + '\n'
}

function standardText(license: string, { name, author }: Manifest): string {
  const holder = typeof author === 'string' ? author : (author?.name ?? '')
  const text = readFileSync(join(import.meta.dirname, 'licence-texts', `${license}.txt`), 'utf8')
  return `Copyright ${holder === '' ? `the authors of ${name}` : holder}\n\n${text}`
}
