/**
 * Runs an action as GitHub's runner does: it passes inputs, defaults and the files for outputs, summary and variables in
 * the environment, and hides masked values in the log.
 */
import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { text } from 'node:stream/consumers'
import { parse } from 'yaml'

const repository = dirname(import.meta.dirname)

/** The result of a step. */
export type StepRun = {
  readonly exitCode: number | null
  /** Standard output of the process, including workflow commands. */
  readonly stdout: string
  readonly stderr: string
  readonly outputs: Readonly<Record<string, string>>
  readonly summary: string
  /** Environment variables that it set for later steps. */
  readonly exported: Readonly<Record<string, string>>
  /** Values that it saved for its post step. */
  readonly state: Readonly<Record<string, string>>
  /** The values of its `::add-mask::` commands. */
  readonly masks: readonly string[]
  /** The messages of its `::error::` commands. */
  readonly annotations: readonly string[]
  /** The log as a person sees it. */
  readonly log: string
}

/** Runs a program of an action to its end. */
export type RunProgram = (step: {
  /** The folder of its action.yml. */
  readonly action: string
  /** The path of the program in its action.yml. */
  readonly program: string
  /** The working directory, a temporary folder. */
  readonly folder: string
  readonly env: Readonly<Record<string, string>>
  readonly signal: AbortSignal | undefined
  /** Called with each chunk of standard output. */
  readonly onOutput: (chunk: string) => void
}) => Promise<{
  /** `null` when it was killed. */
  readonly exitCode: number | null
  readonly stderr: string
}>

type Options = {
  /** Added to the environment of the step, which inherits only PATH from this process. */
  readonly env?: Readonly<Record<string, string>>
  /** Values that earlier steps masked. */
  readonly masks?: readonly string[]
  /** Called with each line of the log as it is written. */
  readonly onLine?: (line: string) => void
  /** Ends the process when aborted. */
  readonly signal?: AbortSignal
  /** The program to run. Defaults to `main`. */
  readonly stage?: 'main' | 'post'
  /** Runs the program. Defaults to a new process. */
  readonly run?: RunProgram
}

/**
 * Runs one program of an action and waits for its end, whatever its exit code.
 *
 * @param action the folder of its action.yml, relative to the repository, such as `.` or `sign`
 * @param inputs as under `with:`
 * @throws Error when the action has no such input, or no post step
 */
export async function runStep(
  action: string,
  inputs: Readonly<Record<string, string>>,
  options: Options = {},
): Promise<StepRun> {
  const metadata = readActionYml(action)
  const known = metadata.inputs ?? {}
  const unknown = Object.keys(inputs).filter((name) => !(name in known))
  if (unknown.length > 0) throw new Error(`${action}/action.yml has no input ${unknown.join(', ')}`)

  const folder = mkdtempSync(join(tmpdir(), 'step-'))
  const files = {
    GITHUB_OUTPUT: join(folder, 'output'),
    GITHUB_STEP_SUMMARY: join(folder, 'summary'),
    GITHUB_ENV: join(folder, 'env'),
    GITHUB_STATE: join(folder, 'state'),
  }
  for (const file of Object.values(files)) writeFileSync(file, '')
  const env: Record<string, string> = {
    PATH: process.env['PATH'] ?? '',
    RUNNER_TEMP: folder,
    GITHUB_ACTIONS: 'true',
    ...files,
  }
  for (const [name, { default: fallback }] of Object.entries(known)) {
    env[`INPUT_${name.replaceAll(' ', '_').toUpperCase()}`] = inputs[name] ?? fallback ?? ''
  }

  const program = metadata.runs[options.stage ?? 'main']
  if (program === undefined) throw new Error(`${action}/action.yml has no post step`)
  const masks = [...(options.masks ?? [])]
  const shown: string[] = []
  const show = lineReader((line) => {
    const visible = readLine(line, masks)
    if (visible === undefined) return
    shown.push(visible)
    options.onLine?.(visible)
  })
  let stdout = ''
  const { exitCode, stderr } = await (options.run ?? runProcess)({
    action,
    program,
    folder,
    env: { ...env, ...options.env },
    signal: options.signal,
    onOutput: (chunk) => {
      stdout += chunk
      show.push(chunk)
    },
  })
  show.end()
  const run = {
    exitCode,
    stdout,
    stderr,
    outputs: readValues(files.GITHUB_OUTPUT),
    summary: readFileSync(files.GITHUB_STEP_SUMMARY, 'utf8'),
    exported: readValues(files.GITHUB_ENV),
    state: readValues(files.GITHUB_STATE),
    masks: commandsIn(stdout, 'add-mask'),
    annotations: commandsIn(stdout, 'error'),
    log: shown.join('\n'),
  }
  rmSync(folder, { recursive: true })
  return run
}

const runProcess: RunProgram = async ({ action, program, folder, env, signal, onOutput }) => {
  const child = spawn(process.execPath, [join(repository, action, program)], {
    cwd: folder,
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
    ...(signal && { signal, killSignal: 'SIGKILL' as const }),
  })
  child.stdout.setEncoding('utf8').on('data', onOutput)
  const closed = new Promise<number | null>((resolve) => {
    // A process that was killed has no exit code, which says enough. The error event only repeats it.
    child.on('error', () => undefined)
    child.on('close', resolve)
  })
  const stderr = await text(child.stderr)
  return { exitCode: await closed, stderr }
}

type ActionYml = {
  readonly inputs?: Readonly<Record<string, { readonly default?: string }>>
  readonly runs: { readonly main: string; readonly post?: string }
}

function readActionYml(action: string): ActionYml {
  const known = actionYmls.get(action)
  if (known !== undefined) return known
  const read = parse(readFileSync(join(repository, action, 'action.yml'), 'utf8')) as ActionYml
  actionYmls.set(action, read)
  return read
}
const actionYmls = new Map<string, ActionYml>()

/** Returns the texts of all workflow commands of a kind in a log. */
function commandsIn(stdout: string, command: string): string[] {
  const pattern = new RegExp(`^::${command}(?: [^:]*)?::(.*)$`)
  return stdout.split(/\r?\n/).flatMap((line) => {
    const found = pattern.exec(line)?.[1]
    return found === undefined ? [] : [unescape(found)]
  })
}

/** Executes a workflow command, and returns the line as the runner shows it, if it does. */
function readLine(line: string, masks: string[]): string | undefined {
  const command = /^::([a-z-]+)(?: [^:]*)?::(.*)$/.exec(line)
  const [, name, value = ''] = command ?? []
  if (name === 'add-mask') {
    // The runner masks the whole value and each of its lines.
    const secret = unescape(value)
    masks.push(secret, ...secret.split(/\r?\n/).filter((part) => part.trim() !== ''))
    return undefined
  }
  if (name === 'debug') return undefined
  const text =
    name === 'error' || name === 'warning' || name === 'notice'
      ? `${capital(name)}: ${unescape(value)}`
      : line
  return hide(text, masks)
}

/** Replaces masked values in a text. */
export function hide(text: string, masks: readonly string[]): string {
  const longestFirst = [...masks].filter((mask) => mask !== '').sort((a, b) => b.length - a.length)
  return longestFirst.reduce((shown, mask) => shown.replaceAll(mask, '***'), text)
}

/** Reads the format of `GITHUB_OUTPUT` and similar files: `name<<delimiter`, the lines of the value, the delimiter. */
function readValues(file: string): Record<string, string> {
  const values: Record<string, string> = {}
  const lines = readFileSync(file, 'utf8').split(/\r?\n/)
  for (let at = 0; at < lines.length; at++) {
    const [, name, delimiter] = /^([^=<]+)<<(.+)$/.exec(lines[at] ?? '') ?? []
    if (name === undefined || delimiter === undefined) continue
    const end = lines.indexOf(delimiter, at + 1)
    if (end === -1) throw new Error(`the value of ${name} has no end`)
    values[name] = lines.slice(at + 1, end).join('\n')
    at = end
  }
  return values
}

function lineReader(onLine: (line: string) => void): { push: (chunk: string) => void; end: () => void } {
  let rest = ''
  return {
    push: (chunk) => {
      const lines = (rest + chunk).split(/\r?\n/)
      rest = lines.pop() ?? ''
      lines.forEach(onLine)
    },
    end: () => {
      if (rest !== '') onLine(rest)
    },
  }
}

function unescape(value: string): string {
  return value.replaceAll('%0D', '\r').replaceAll('%0A', '\n').replaceAll('%25', '%')
}

function capital(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1)
}
