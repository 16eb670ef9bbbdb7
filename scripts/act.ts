import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { delimiter, dirname, join } from 'node:path'
import { text } from 'node:stream/consumers'
import type { StartupLine } from '../emulator/run.ts'

type Values = Readonly<Record<string, string>>

/**
 * Runs a workflow with act, a runner by other authors, on this machine and without a container.
 *
 * @param workflow its file, relative to the repository
 * @param options.programs the folder of act
 * @param options.repository the repository of the workflow; act runs it in a copy
 * @param options.cache the folder for what act copies
 * @param options.event what starts the workflow, and its payload
 * @param options.actions folders that replace actions of other repositories, by `owner/name@ref`
 * @param options.env for the steps
 * @returns log: standard output, then standard error
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
      // By name only, so that the process list shows no secret. act reads the value from the environment.
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
        // act runs the first node on the path. This is the version that the actions need.
        PATH: [dirname(process.execPath), process.env['PATH']].join(delimiter),
        XDG_CACHE_HOME: options.cache,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  )
  const [out, err] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')])
  return { exitCode: child.exitCode, log: out + err }
}

/** Returns the variables with which a step trusts the emulator and gets the OIDC token of its job there. */
export function emulatorEnv(info: StartupLine): Record<string, string> {
  return {
    NODE_EXTRA_CA_CERTS: info.caFile,
    ACTIONS_ID_TOKEN_REQUEST_URL: info.idTokenRequestUrl,
    ACTIONS_ID_TOKEN_REQUEST_TOKEN: info.idTokenRequestToken,
  }
}

function assignments(option: string, values: Values): string[] {
  return Object.entries(values).flatMap(([name, value]) => [option, `${name}=${value}`])
}
