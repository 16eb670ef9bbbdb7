import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

const root = dirname(import.meta.dirname)

/**
 * Makes a Python virtual environment with pinned packages, anew when the pins have changed. Programs of other languages
 * come as Python packages, too: act, Go, shellcheck, zizmor.
 *
 * @param name the folder in `.venv`
 * @param requirementsFile relative to the repository
 * @returns the folder of its programs; `undefined` without Python 3, except in CI
 * @throws Error when installing fails, or in CI without Python 3
 */
export function pythonEnvironment(name: string, requirementsFile: string): string | undefined {
  if (spawnSync('python3', ['--version']).status !== 0) {
    const reason = `${requirementsFile} needs python3, which is not on the path`
    if (process.env['CI']) throw new Error(reason)
    console.log(`Skipped: ${reason}`)
    return undefined
  }
  const folder = join(root, '.venv', name)
  const programs = join(folder, 'bin')
  const pins = readFileSync(join(root, requirementsFile), 'utf8')
  const installed = join(folder, 'installed.txt')
  if (existsSync(installed) && readFileSync(installed, 'utf8') === pins) return programs
  rmSync(folder, { recursive: true, force: true })
  execFileSync('python3', ['-m', 'venv', folder], { stdio: 'inherit' })
  const options = ['--quiet', '--disable-pip-version-check', '-r', join(root, requirementsFile)]
  execFileSync(join(programs, 'pip'), ['install', ...options], { stdio: 'inherit' })
  writeFileSync(installed, pins)
  return programs
}
