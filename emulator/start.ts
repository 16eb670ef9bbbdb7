import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import type { EmulatorConfig } from './config.ts'
import { controlClient, type ControlClient } from './control-client.ts'
import type { StartupLine } from './startup-line.ts'

/** A child that runs, with its output on pipes. */
type Child = ChildProcess & { readonly pid: number; readonly stdout: Readable; readonly stderr: Readable }

/** An emulator that runs in a process of its own. */
export type Emulator = ControlClient & {
  readonly info: StartupLine
  /** Of the child process, for those who measure it. */
  readonly pid: number
  /** Ends it, and waits for that. */
  readonly stop: () => Promise<void>
}

/**
 * Starts an emulator. It ends with this process, when `stop` was not called before.
 *
 * @param options.config what `--config` takes, as a value
 * @param options.port any when left out
 * @throws Error with what the emulator wrote to stderr, when it does not come up
 */
export async function startEmulator(
  options: { readonly config?: EmulatorConfig; readonly port?: number } = {},
): Promise<Emulator> {
  const directory = mkdtempSync(join(tmpdir(), 'emulator-config-'))
  try {
    // Under load V8 would let its heap grow up to ten times what lives, and give back nothing; kept small, a memory
    // that stays flat shows that nothing leaks.
    const args = [
      '--max-semi-space-size=2',
      '--optimize-for-size',
      join(import.meta.dirname, 'main.ts'),
      '--port',
      String(options.port ?? 0),
    ]
    if (options.config !== undefined) {
      const file = join(directory, 'config.json')
      writeFileSync(file, JSON.stringify(options.config))
      args.push('--config', file)
    }
    // The channel is how the child notices that we are gone.
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe', 'ipc'] }) as Child
    const info = await startupLine(child)
    letGo(child)
    return {
      info,
      pid: child.pid,
      ...controlClient(info.endpoint, readFileSync(info.caFile, 'utf8')),
      stop: () => stop(child),
    }
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}

async function startupLine(child: Child): Promise<StartupLine> {
  let out = ''
  let said = ''
  child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()))
  return new Promise((resolve, reject) => {
    child.stdout.on('data', (chunk: Buffer) => {
      out += chunk.toString()
      // Written by main.ts as this very type.
      if (out.endsWith('\n')) resolve(JSON.parse(out) as StartupLine)
    })
    child.on('error', reject)
    child.on('close', (exitCode) => {
      reject(new Error(`The emulator did not come up (exit code ${exitCode ?? 'none'}): ${said.trim()}`))
    })
  })
}

/** Keeps the child from keeping this process alive; what it says of a mistake of its own is still shown. */
function letGo(child: Child): void {
  child.unref()
  child.channel?.unref()
  child.stdout.destroy()
  child.stderr.removeAllListeners('data').on('data', (chunk: Buffer) => process.stderr.write(chunk))
  if (child.stderr instanceof Socket) child.stderr.unref()
}

async function stop(child: Child): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exited = once(child, 'exit')
  child.ref()
  child.kill('SIGTERM')
  await exited
}
