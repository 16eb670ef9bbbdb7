/**
 * `npm run sbom`: prints a bill of materials (CycloneDX) of what is in the bundles. Needs Node and npm alone, as the
 * release installs nothing.
 */
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { ofBundles, type BillOfMaterials } from './bill-of-materials.ts'
import { files } from './files.ts'

const root = dirname(import.meta.dirname)
const npm = process.env['npm_execpath']
if (npm === undefined) throw new Error('Start this with npm run sbom')
const all = execFileSync(
  process.execPath,
  [npm, 'sbom', '--package-lock-only', '--sbom-type', 'application', '--sbom-format', 'cyclonedx'],
  { cwd: root, encoding: 'utf8', maxBuffer: 100_000_000 },
)
const licences = files(root, ['dist/*licenses.txt']).map((file) => readFileSync(join(root, file), 'utf8'))
console.log(JSON.stringify(ofBundles(JSON.parse(all) as BillOfMaterials, licences), null, 2))
