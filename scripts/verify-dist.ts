/**
 * `npm run verify:dist`: the bundles that are committed, those that are made here, and those that are made of the
 * same files in another folder, with packages of its own, are the same bytes.
 */
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { files } from './files.ts'

const root = dirname(import.meta.dirname)
const npm = process.env['npm_execpath']
if (npm === undefined) throw new Error('Start this with npm run verify:dist')

const elsewhere = mkdtempSync(join(tmpdir(), 'another folder, with a longer name '))
try {
  const committed = checksums(root)
  runNpm(root, 'run', 'build')
  const here = checksums(root)
  for (const file of files(root, ['.'])) cpSync(join(root, file), join(elsewhere, file))
  runNpm(elsewhere, 'ci')
  runNpm(elsewhere, 'run', 'build')
  const there = checksums(elsewhere)
  const differing = [
    ...differences(committed, here, 'here'),
    ...differences(here, there, 'in another folder'),
  ]
  for (const difference of differing) console.log(difference)
  // Built, and forgotten when the source was committed.
  const uncommitted = execFileSync('git', ['status', '--porcelain', '--', 'dist'], {
    cwd: root,
    encoding: 'utf8',
  })
  process.stdout.write(uncommitted)
  console.log(
    `${here.size} files of dist/, ${differing.length} differ, ${uncommitted === '' ? 'all' : 'not all'} are committed`,
  )
  process.exitCode = differing.length === 0 && uncommitted === '' && here.size > 0 ? 0 : 1
} finally {
  rmSync(elsewhere, { recursive: true, force: true })
}

function runNpm(folder: string, ...args: readonly string[]): void {
  execFileSync(process.execPath, [npm ?? '', ...args], { cwd: folder, stdio: 'inherit' })
}

/** The files of `dist/`, each with the checksum of what is in it. */
function checksums(folder: string): ReadonlyMap<string, string> {
  return new Map(
    readdirSync(join(folder, 'dist'), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name))
      .map((file) => [
        file.slice(folder.length + 1),
        createHash('sha256').update(readFileSync(file)).digest('hex'),
      ]),
  )
}

function differences(
  before: ReadonlyMap<string, string>,
  after: ReadonlyMap<string, string>,
  where: string,
): string[] {
  return [...new Set([...before.keys(), ...after.keys()])]
    .filter((file) => before.get(file) !== after.get(file))
    .map((file) => `${file} is another one when it is built ${where}`)
}
