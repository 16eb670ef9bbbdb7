import { execFileSync } from 'node:child_process'
import { cpSync, mkdirSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'

const root = dirname(dirname(import.meta.dirname))
/** What is no part of a release, and would take act seconds to copy for each step. */
const NOT_RELEASED = new Set(['.git', '.venv', '.build', 'coverage', 'node_modules'])

/** Copies this repository, as GitHub gives it to a runner. */
export function copyReleasedFiles(folder: string): void {
  cpSync(root, folder, { recursive: true, filter: (source) => !NOT_RELEASED.has(basename(source)) })
}

/**
 * Makes the repository of a user, `acme/devices`, with one commit on `main`. Its CA certificates are among the files.
 *
 * @param files by path; one that starts with `#!` can be run
 */
export function makeRepository(folder: string, files: Readonly<Record<string, string>>): void {
  for (const [path, content] of Object.entries(files)) {
    const file = join(folder, path)
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, content, { mode: content.startsWith('#!') ? 0o755 : 0o644 })
  }
  const git = (...args: string[]): void => {
    execFileSync('git', ['-C', folder, ...args], { stdio: ['ignore', 'ignore', 'inherit'] })
  }
  git('init', '--quiet', '--initial-branch=main')
  git('remote', 'add', 'origin', 'https://github.com/acme/devices.git')
  git('add', '--all')
  git(
    '-c',
    'user.name=Acme',
    '-c',
    'user.email=devices@acme.example',
    'commit',
    '--quiet',
    '--message=Devices',
  )
}
