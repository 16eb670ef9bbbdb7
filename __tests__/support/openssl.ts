import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Whether openssl is installed. Tests that need it are skipped without it; CI has it. */
export const hasOpenssl = spawnSync('openssl', ['version']).status === 0

/** A temporary folder in which openssl runs. */
export class OpensslFolder {
  readonly path = mkdtempSync(join(tmpdir(), 'openssl-'))

  /** Runs openssl and returns what it prints. */
  run(...args: readonly string[]): string {
    return execFileSync('openssl', args, { cwd: this.path, stdio: ['ignore', 'pipe', 'ignore'] }).toString()
  }

  write(name: string, content: string | Buffer): void {
    writeFileSync(join(this.path, name), content)
  }

  read(name: string): Buffer {
    return readFileSync(join(this.path, name))
  }

  remove(): void {
    rmSync(this.path, { recursive: true })
  }
}
