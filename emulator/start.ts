import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { controlClient, type ControlClient } from './control-client.ts'
import type { StartupLine } from './run.ts'
import type { EmulatorConfig } from './world/config.ts'

/** An emulator that is running, whoever started it. */
export type RunningEmulator = Omit<ControlClient, 'stop'> & { readonly info: StartupLine }

/** An emulator in a separate process that this process started. */
export type Emulator = RunningEmulator & {
  /** Of the child process, for measurements. */
  readonly pid: number
  /** Ends the process and waits for its end. */
  readonly stop: () => Promise<void>
}

/**
 * Starts an emulator. It ends with this process unless `stop` was called before.
 *
 * @param options.config the value for `--config`
 * @param options.port defaults to any free port
 * @throws Error with the emulator's standard error if it does not start
 */
export async function startEmulator(
  options: { readonly config?: EmulatorConfig; readonly port?: number } = {},
): Promise<Emulator> {
  const directory = mkdtempSync(join(tmpdir(), 'emulator-config-'))
  try {
    // Under load V8 would let its heap grow to ten times the live data and not return it. With a small heap, flat
    // memory shows that nothing leaks.
    const args = ['--max-semi-space-size=2', '--optimize-for-size', join(import.meta.dirname, 'main.ts')]
    args.push('--port', String(options.port ?? 0))
    if (options.config !== undefined) {
      const file = join(directory, 'config.json')
      writeFileSync(file, JSON.stringify(options.config))
      args.push('--config', file)
    }
    // The child ends when the channel to this process closes.
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'pipe', 'ipc'] }) as Child
    let output = ''
    child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()))
    const info = await waitForStartup(child).catch((cause: unknown) => {
      throw new Error(`The emulator did not start: ${output.trim()}`, { cause })
    })
    detach(child)
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

/**
 * Waits until an emulator in a child process is ready.
 *
 * @param child with a channel to this process
 * @throws Error if it ends before that
 */
export async function waitForStartup(child: ChildProcess): Promise<StartupLine> {
  return new Promise((resolve, reject) => {
    child.on('message', (message) => {
      // The emulator serializes this type.
      resolve(message as StartupLine)
    })
    child.on('error', reject)
    child.on('close', (exitCode) => {
      reject(new Error(`exit code ${exitCode ?? 'none'}`))
    })
  })
}

/** A running child whose standard error is a pipe. */
type Child = ChildProcess & { readonly pid: number; readonly stderr: Readable }

/** Lets this process end before the child. The child's errors are still shown. */
function detach(child: Child): void {
  child.unref()
  child.channel?.unref()
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
