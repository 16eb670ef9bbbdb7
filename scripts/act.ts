import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { delimiter, dirname, join } from 'node:path'
import { text } from 'node:stream/consumers'

const root = dirname(import.meta.dirname)

/**
 * Runs a workflow of this repository with act: a runner that was not written here, on this machine itself, without a
 * container.
 *
 * @param options.programs the folder that act is in
 * @param options.cache the folder for what act copies; the workflow runs in a copy of the repository
 * @param options.env for the steps
 * @returns its log, standard output and standard error together
 */
export async function act(
  workflow: string,
  options: {
    readonly programs: string
    readonly cache: string
    readonly vars: Readonly<Record<string, string>>
    readonly secrets: Readonly<Record<string, string>>
    readonly env: Readonly<Record<string, string>>
  },
): Promise<{ readonly exitCode: number | null; readonly log: string }> {
  const assignments = (option: string, values: Readonly<Record<string, string>>): string[] =>
    Object.entries(values).flatMap(([name, value]) => [option, `${name}=${value}`])
  const child = spawn(
    join(options.programs, 'act'),
    [
      'workflow_dispatch',
      ...['--workflows', workflow],
      ...['--platform', 'ubuntu-latest=-self-hosted'],
      '--no-cache-server',
      // By name alone: values of secrets stand in no process list.
      ...Object.keys(options.secrets).flatMap((name) => ['--secret', name]),
      ...assignments('--var', options.vars),
      ...assignments('--env', options.env),
    ],
    {
      cwd: root,
      env: {
        ...process.env,
        ...options.secrets,
        // act runs whatever node it finds first: this one, which is the one that the action asks for.
        PATH: [dirname(process.execPath), process.env['PATH']].join(delimiter),
        XDG_CACHE_HOME: options.cache,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  )
  const [out, err] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')])
  return { exitCode: child.exitCode, log: out + err }
}
