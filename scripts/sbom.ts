/**
 * `node scripts/sbom.ts` prints a bill of materials (CycloneDX) of the packages in the bundles. Needs npm and no packages,
 * because the release installs none.
 *
 * `npm sbom --omit dev` is not enough: npm 11 omits a package that tools need, too, such as tslib or debug.
 */
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { files } from './files.ts'

/** The parts of a CycloneDX document that are changed here. */
export type BillOfMaterials = {
  readonly metadata: { readonly component: { readonly name: string; readonly 'bom-ref': string } }
  readonly components: readonly { readonly 'bom-ref': string; readonly scope?: string }[]
  readonly dependencies: readonly { readonly ref: string; readonly dependsOn?: readonly string[] }[]
}

/**
 * Reduces the bill of materials of all installed packages to those in the bundles.
 *
 * @param licences the texts beside the bundles, in which each section begins with name and version of a package
 * @throws Error if a bundle contains a package that is not in `all`
 */
export function ofBundles(all: BillOfMaterials, licences: readonly string[]): BillOfMaterials {
  const bundled = new Set(licences.flatMap(packagesIn))
  const components = all.components.filter((component) => bundled.has(component['bom-ref']))
  const known = new Set(components.map((component) => component['bom-ref']))
  const unknown = [...bundled].filter((ref) => !known.has(ref))
  if (unknown.length > 0) throw new Error(`In a bundle but unknown to npm: ${unknown.join(', ')}`)
  const { component: application } = all.metadata
  return {
    ...all,
    // npm uses the name of the folder.
    metadata: {
      ...all.metadata,
      component: { ...application, name: application['bom-ref'].replace(/@[^@]+$/, '') },
    },
    // npm marks some as optional, but every run of an action contains them.
    components: components.map((component) => ({ ...component, scope: 'required' })),
    dependencies: all.dependencies
      .filter(({ ref }) => bundled.has(ref) || ref === application['bom-ref'])
      .map(({ ref, dependsOn = [] }) => ({ ref, dependsOn: dependsOn.filter((one) => bundled.has(one)) })),
  }
}

/** Returns the packages of a licence text as `name@version`. */
function packagesIn(licences: string): string[] {
  return licences.split(/^-{80}\n\n/m).map((section) => {
    const [, name, version] = /^(\S+) (\d\S*)\n/.exec(section) ?? []
    if (name === undefined || version === undefined) throw new Error(`Not a package: ${section.slice(0, 80)}`)
    return `${name}@${version}`
  })
}

if (import.meta.main) {
  const root = dirname(import.meta.dirname)
  const args = ['sbom', '--package-lock-only', '--sbom-type', 'application', '--sbom-format', 'cyclonedx']
  const all = execFileSync('npm', args, { cwd: root, encoding: 'utf8', maxBuffer: 100_000_000 })
  const licences = files(root, ['dist/*licenses.txt']).map((file) => readFileSync(join(root, file), 'utf8'))
  console.log(JSON.stringify(ofBundles(JSON.parse(all) as BillOfMaterials, licences), null, 2))
}
