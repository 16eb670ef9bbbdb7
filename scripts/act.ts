import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { delimiter, dirname, join } from 'node:path'
import { text } from 'node:stream/consumers'

type Values = Readonly<Record<string, string>>

/**
 * Runs a workflow with act: a runner that was not written here, on this machine itself, without a container.
 *
 * @param workflow its file, from the top of the repository
 * @param options.programs the folder that act is in
 * @param options.repository the repository that it belongs to; it runs in a copy
 * @param options.cache the folder for what act copies
 * @param options.event what GitHub would have started it for, and the event's payload if it matters
 * @param options.actions folders that stand for actions elsewhere, by `owner/name@ref`
 * @param options.env for the steps
 * @returns its log, standard output and standard error together
 */
export async function act(
  workflow: string,
  options: {
    readonly programs: string
    readonly repository: string
    readonly cache: string
    readonly event: { readonly name: string; readonly payloadFile?: string }
    readonly actions: Values
    readonly vars: Values
    readonly secrets: Values
    readonly env: Values
  },
): Promise<{ readonly exitCode: number | null; readonly log: string }> {
  const { name, payloadFile } = options.event
  const child = spawn(
    join(options.programs, 'act'),
    [
      name,
      ...(payloadFile === undefined ? [] : ['--eventpath', payloadFile]),
      ...['--workflows', workflow],
      ...['--platform', 'ubuntu-latest=-self-hosted'],
      '--no-cache-server',
      // By name alone: values of secrets stand in no process list.
      ...Object.keys(options.secrets).flatMap((secret) => ['--secret', secret]),
      ...assignments('--local-repository', options.actions),
      ...assignments('--var', options.vars),
      ...assignments('--env', options.env),
    ],
    {
      cwd: options.repository,
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

function assignments(option: string, values: Values): string[] {
  return Object.entries(values).flatMap(([name, value]) => [option, `${name}=${value}`])
}
