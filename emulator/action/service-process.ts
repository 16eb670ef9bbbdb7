import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync, readFileSync, rmSync } from 'node:fs'
import { ActionError } from '../../src/errors.ts'
import { writeTemporaryFile } from '../../src/runner/outputs.ts'
import { LIVE_ON, REFUSED, type StartupLine } from '../run.ts'
import { waitForStartup } from '../start.ts'
import type { Config } from '../world/config.ts'

/** The argument that makes the bundle run the emulator. */
export const SERVE = 'serve'

const START_TIMEOUT_MS = 30_000

/** An emulator that is ready. It ends with this process unless it is detached. */
export type ServiceProcess = {
  readonly line: StartupLine
  readonly pid: number
  /** Detaches it, so that it outlives this process. */
  readonly detach: () => Promise<void>
}

/**
 * Starts the emulator as a separate process, and waits until it is ready.
 *
 * The startup line is sent over a channel between the two processes, so generated secrets are never written to a file.
 * Those of a given config are in a file of mode 600 until the emulator is ready. If this process ends before it
 * detaches the emulator, the channel closes, and the emulator ends too.
 *
 * @param options.logFile for its standard output and error
 * @throws ActionError with the emulator's message if it does not start
 */
export async function startServiceProcess(options: {
  readonly config: Config
  readonly port: number
  readonly mqttPort: number
  readonly maxMinutes: number
  readonly logFile: string
}): Promise<ServiceProcess> {
  const { config, port, mqttPort, maxMinutes, logFile } = options
  const configFile = writeTemporaryFile({
    name: 'emulator-config',
    extension: 'json',
    content: JSON.stringify(config),
  })
  const log = openSync(logFile, 'a')
  try {
    const args = [
      ...['--config', configFile],
      ...['--port', String(port), '--mqtt-port', String(mqttPort)],
      ...['--max-seconds', String(maxMinutes * 60)],
    ]
    // The bundle, which this process runs too.
    const child = spawn(process.execPath, [process.argv[1] ?? '', SERVE, ...args], {
      cwd: process.env['RUNNER_TEMP'],
      detached: true,
      env: childEnvironment(),
      stdio: ['ignore', log, log, 'ipc'],
      windowsHide: true,
    })
    const line = await startupLine(child, logFile)
    return { line, pid: child.pid ?? 0, detach: () => detach(child) }
  } finally {
    closeSync(log)
    rmSync(configFile, { force: true })
  }
}

/**
 * Returns what the emulator needs of the job's environment, and nothing else. By the tracking ID, the runner finds the
 * processes that a job left behind. Temporary files go to the folder that the runner empties after the job.
 */
function childEnvironment(): NodeJS.ProcessEnv {
  const { PATH, SystemRoot, RUNNER_TRACKING_ID, RUNNER_TEMP: temp } = process.env
  return { PATH, SystemRoot, RUNNER_TRACKING_ID, TMPDIR: temp, TEMP: temp, TMP: temp }
}

async function startupLine(child: ChildProcess, logFile: string): Promise<StartupLine> {
  const timer = setTimeout(() => child.kill('SIGKILL'), START_TIMEOUT_MS)
  try {
    return await waitForStartup(child)
  } catch (cause) {
    if (child.signalCode !== 'SIGKILL') throw didNotStart(child.exitCode, logFile, cause)
    throw new ActionError({
      what: `The emulator was not ready within ${START_TIMEOUT_MS / 1000} s`,
      fix: 'Run the job again. The runner is probably overloaded.',
      cause,
    })
  } finally {
    clearTimeout(timer)
  }
}

function didNotStart(exitCode: number | null, logFile: string, cause: unknown): ActionError {
  return new ActionError({
    what: 'The emulator did not start',
    serviceMessage: readFileSync(logFile, 'utf8')
      .replace(/^emulator: /, '')
      .trim(),
    fix:
      exitCode === REFUSED
        ? 'Check the inputs config and port, or mqtt-port. docs/emulator.md of this repository describes each key of the config.'
        : `Run the job again. If the emulator ends with exit code ${exitCode ?? 'none'} again, report it as a bug.`,
    cause,
  })
}

async function detach(child: ChildProcess): Promise<void> {
  const disconnected = once(child, 'disconnect')
  child.send(LIVE_ON)
  await disconnected
}
