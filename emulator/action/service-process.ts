import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync, readFileSync, rmSync } from 'node:fs'
import { ActionError } from '../../src/errors.ts'
import { writeTemporaryFile } from '../../src/runner/outputs.ts'
import type { Config } from '../config.ts'
import { LIVE_ON, REFUSED } from '../run.ts'
import type { StartupLine } from '../startup-line.ts'

/** The argument by which the bundle becomes the emulator. */
export const SERVE = 'serve'

const START_TIMEOUT_MS = 30_000

/** An emulator that is ready. It ends with this process until it is let go. */
export type ServiceProcess = {
  readonly line: StartupLine
  readonly pid: number
  /** Lets it live on when this process ends. */
  readonly letGo: () => Promise<void>
}

/**
 * Starts the emulator as a process of its own, and waits until it is ready.
 *
 * What it says goes through a channel between the two processes: the secrets that it makes stand in no file, those of a
 * given config in one of mode 600 until it is ready. If this process fails or is killed before it lets the emulator go,
 * the end of the channel ends the emulator.
 *
 * @param options.logFile where its standard output and error go
 * @throws ActionError with its own words when it does not come up
 */
export async function startServiceProcess(options: {
  readonly config: Config
  readonly port: number
  readonly maxMinutes: number
  readonly logFile: string
}): Promise<ServiceProcess> {
  const { config, port, maxMinutes, logFile } = options
  const configFile = writeTemporaryFile({
    name: 'emulator-config',
    extension: 'json',
    content: JSON.stringify(config),
  })
  const log = openSync(logFile, 'a')
  try {
    const args = ['--config', configFile, '--port', String(port), '--max-seconds', String(maxMinutes * 60)]
    // The file that this process runs, which is the bundle.
    const child = spawn(process.execPath, [process.argv[1] ?? '', SERVE, ...args], {
      cwd: process.env['RUNNER_TEMP'],
      detached: true,
      env: environment(),
      stdio: ['ignore', log, log, 'ipc'],
      windowsHide: true,
    })
    const line = await startupLine(child, logFile)
    return { line, pid: child.pid ?? 0, letGo: () => letGo(child) }
  } finally {
    closeSync(log)
    rmSync(configFile, { force: true })
  }
}

/**
 * What the emulator needs of the environment; nothing else of the job is its business. The runner finds by the id what a
 * job left behind, and ends it.
 *
 * Temporary files go where the runner empties the folder after the job.
 */
function environment(): NodeJS.ProcessEnv {
  const { PATH, SystemRoot, RUNNER_TRACKING_ID, RUNNER_TEMP: temp } = process.env
  return { PATH, SystemRoot, RUNNER_TRACKING_ID, TMPDIR: temp, TEMP: temp, TMP: temp }
}

async function startupLine(child: ChildProcess, logFile: string): Promise<StartupLine> {
  const { promise, resolve, reject } = Promise.withResolvers<StartupLine>()
  child.on('message', (message) => {
    // Sent by the entry as this very type.
    resolve(message as StartupLine)
  })
  child.on('error', reject)
  child.on('exit', (exitCode) => {
    reject(didNotStart(exitCode, logFile))
  })
  const timer = setTimeout(() => {
    child.kill('SIGKILL')
    reject(
      new ActionError({
        what: `The emulator was not ready after ${START_TIMEOUT_MS / 1000} seconds`,
        fix: 'The runner is most likely overloaded: run the job again.',
      }),
    )
  }, START_TIMEOUT_MS)
  try {
    return await promise
  } finally {
    clearTimeout(timer)
  }
}

function didNotStart(exitCode: number | null, logFile: string): ActionError {
  return new ActionError({
    what: `The emulator did not start`,
    serviceMessage: readFileSync(logFile, 'utf8')
      .replace(/^emulator: /, '')
      .trim(),
    fix:
      exitCode === REFUSED
        ? 'Check the inputs config and port; emulator/README.md of this repository has every key of the config.'
        : `It ended with exit code ${exitCode ?? 'none'}. If a second try ends like this one, please report it.`,
  })
}

async function letGo(child: ChildProcess): Promise<void> {
  const disconnected = once(child, 'disconnect')
  child.send(LIVE_ON)
  await disconnected
}
