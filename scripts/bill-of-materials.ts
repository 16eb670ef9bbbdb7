/** The parts of a CycloneDX document that matter here. */
export type BillOfMaterials = {
  readonly metadata: { readonly component: { readonly name: string; readonly 'bom-ref': string } }
  readonly components: readonly { readonly 'bom-ref': string; readonly scope?: string }[]
  readonly dependencies: readonly { readonly ref: string; readonly dependsOn?: readonly string[] }[]
}

/**
 * A bill of materials with what is in the bundles, and nothing else: npm's own has the tools of the developers in it,
 * and without them (`--omit dev`) lacks packages that both need.
 *
 * @param all of all that is installed
 * @param licences the text beside each bundle: a section a package, which begins with its name and version
 * @throws Error for a package that is in a bundle and not in `all`
 */
export function ofBundles(all: BillOfMaterials, licences: readonly string[]): BillOfMaterials {
  const bundled = new Set(licences.flatMap(packagesIn))
  const known = new Set(all.components.map((component) => component['bom-ref']))
  const unknown = [...bundled].filter((ref) => !known.has(ref))
  if (unknown.length > 0) throw new Error(`In a bundle, and not known to npm: ${unknown.join(', ')}`)
  const { component: application } = all.metadata
  return {
    ...all,
    // npm names it after the folder that it lies in.
    metadata: {
      ...all.metadata,
      component: { ...application, name: application['bom-ref'].replace(/@[^@]+$/, '') },
    },
    // Whatever brings it along here, who runs the action runs it.
    components: all.components
      .filter((component) => bundled.has(component['bom-ref']))
      .map((component) => ({ ...component, scope: 'required' })),
    dependencies: all.dependencies
      .filter(({ ref }) => bundled.has(ref) || !known.has(ref))
      .map(({ ref, dependsOn = [] }) => ({ ref, dependsOn: dependsOn.filter((one) => bundled.has(one)) })),
  }
}

/** As `name@version`. */
function packagesIn(licences: string): string[] {
  return licences.split(/^-{80}\n\n/m).map((section) => {
    const [, name, version] = /^(\S+) (\d\S*)\n/.exec(section) ?? []
    if (name === undefined || version === undefined) throw new Error(`No package: ${section.slice(0, 80)}`)
    return `${name}@${version}`
  })
}
