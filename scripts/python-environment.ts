import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

const root = dirname(import.meta.dirname)

/**
 * A Python virtual environment with what a file pins, made anew when the pins have changed.
 *
 * @param name the folder below `.venv`
 * @param requirementsFile from the repository's top
 * @returns its folder of programs; `undefined` when there is no Python 3, outside of CI
 * @throws Error when it cannot be made; in CI also when there is no Python 3
 */
export function pythonEnvironment(name: string, requirementsFile: string): string | undefined {
  if (spawnSync('python3', ['--version']).status !== 0) {
    const reason = `python3 is not on the path, and what ${requirementsFile} names needs it`
    if (process.env['CI']) throw new Error(`${reason}. In CI it must be there.`)
    console.log(`Skipped: ${reason}.`)
    return undefined
  }
  const folder = join(root, '.venv', name)
  const programs = join(folder, 'bin')
  const pins = readFileSync(join(root, requirementsFile), 'utf8')
  const installed = join(folder, 'installed.txt')
  if (existsSync(installed) && readFileSync(installed, 'utf8') === pins) return programs
  rmSync(folder, { recursive: true, force: true })
  run('python3', ['-m', 'venv', folder])
  run(join(programs, 'pip'), [
    'install',
    '--quiet',
    '--disable-pip-version-check',
    '-r',
    join(root, requirementsFile),
  ])
  writeFileSync(installed, pins)
  return programs
}

function run(command: string, args: readonly string[]): void {
  const { status, error } = spawnSync(command, args, { stdio: 'inherit' })
  if (status !== 0) throw new Error(`${command} ${args.join(' ')} failed`, { cause: error })
}
