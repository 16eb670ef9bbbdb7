import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { pythonEnvironment } from '../python-environment.ts'

/**
 * A program made of a Go module at a version, kept from then on. Where there is no Go, one that comes as a Python
 * package makes it: distributions have it too old.
 *
 * @param pkg the package to build, e.g. `github.com/rhysd/actionlint/cmd/actionlint`
 * @param cache the folder for such programs
 * @returns its path; `undefined` when there is neither Go nor Python, outside of CI
 * @throws Error when it cannot be made
 */
export function goProgram(pkg: string, version: string, cache: string): string | undefined {
  const name = pkg.slice(pkg.lastIndexOf('/') + 1)
  const folder = join(cache, `${name}-${version}`)
  const program = join(folder, name)
  if (existsSync(program)) return program
  const go = findGo()
  if (go === undefined) return undefined
  const { status, error } = spawnSync(go, ['install', `${pkg}@${version}`], {
    env: { ...process.env, GOBIN: folder },
    stdio: 'inherit',
  })
  if (status !== 0) throw new Error(`go install ${pkg}@${version} failed`, { cause: error })
  return program
}

function findGo(): string | undefined {
  if (spawnSync('go', ['version']).status === 0) return 'go'
  const programs = pythonEnvironment('go', 'scripts/lint-workflows/go-requirements.txt')
  return programs && join(programs, 'go')
}
