/**
 * `npm run release:notes -- vX.Y.Z`: the text of a release, which is its section of the changelog. Fails when that is
 * missing, or `package.json` has another version. Needs Node alone, as the release installs nothing.
 */
import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { releaseNotes } from './changelog.ts'
import { readPackage } from './package.ts'

const tag = process.argv[2] ?? ''
const { version } = readPackage()
if (tag !== `v${version}`) throw new Error(`The tag is "${tag}", and package.json has version ${version}`)
const changelog = readFileSync(join(dirname(import.meta.dirname), 'CHANGELOG.md'), 'utf8')
console.log(releaseNotes(changelog, version))
