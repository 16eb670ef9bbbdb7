import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { Emulator } from '../../emulator/start.ts'
import type { RegisteredCa } from '../../src/mqtt/ca-certificates.ts'
import { casOf } from '../../testing/registered-cas.ts'
import { act, emulatorEnv } from '../act.ts'

const root = dirname(dirname(import.meta.dirname))

/** The calls of a keyless step before all others. */
export const KEYLESS = ['GitHubIdToken', 'AssumeRoleWithOIDC']

/** Where examples run. */
export type Setting = {
  /** The folder of act. */
  readonly programs: string
  readonly emulator: Emulator
  /** All instances of the emulator. */
  readonly instances: readonly string[]
  /** A folder with the actions as they are released. */
  readonly released: string
  /** For all written files. */
  readonly folder: string
}

/** What a user has besides the workflow. */
export type UserSetup = {
  readonly event: string
  /** The inputs of a workflow that is started by hand. Unset ones have their defaults. */
  readonly inputs?: Readonly<Record<string, string>>
  readonly files: Readonly<Record<string, string>>
  readonly secrets: Readonly<Record<string, string>>
  readonly vars?: Readonly<Record<string, string>>
  /** What the runner sets, if not as usual. */
  readonly env?: Readonly<Record<string, string>>
  /** Folders that replace the actions of others. */
  readonly actions?: Readonly<Record<string, string>>
}

export type ExampleRun = {
  readonly exitCode: number | null
  readonly log: string
  /** The operations that the emulator received during the run. */
  readonly calls: readonly string[]
  /** All CAs that are registered after the run. */
  readonly cas: readonly (RegisteredCa & { readonly instanceId: string })[]
}

/** Runs an example as a user who has copied it, with the emulator instead of the service. */
export async function runExample(name: string, setting: Setting, user: UserSetup): Promise<ExampleRun> {
  const { emulator, instances } = setting
  const { info } = emulator
  const callsBefore = (await emulator.requests()).length
  const { exitCode, log } = await runWorkflow(name, withEndpoint(readExample(name), info.endpoint), setting, {
    files: user.files,
    event: eventOf(user, setting),
    vars: {
      MQTT_INSTANCE_ID: info.instanceId,
      MQTT_REGION_ID: info.regionId,
      MQTT_ROLE_ARN: info.roleArn,
      MQTT_ISSUING_ROLE_ARN: info.roleArn,
      MQTT_REVOKING_ROLE_ARN: info.roleArn,
      MQTT_INVENTORY_ROLE_ARN: info.roleArn,
      MQTT_OIDC_PROVIDER_ARN: info.oidcProviderArn,
      ...user.vars,
    },
    secrets: user.secrets,
    ...(user.actions && { actions: user.actions }),
    env: { ...emulatorEnv(info), ...user.env },
  })
  const calls = (await emulator.requests()).slice(callsBefore).map(({ operation }) => operation)
  const casOfEach = instances.map(async (instanceId) => {
    const cas = await casOf(emulator, instanceId)
    return cas.map((ca) => ({ ...ca, instanceId }))
  })
  return { exitCode, log, calls, cas: (await Promise.all(casOfEach)).flat() }
}

function eventOf(
  { event: name, inputs }: UserSetup,
  { folder }: Setting,
): Parameters<typeof act>[1]['event'] {
  if (inputs === undefined) return { name }
  const payloadFile = join(folder, 'inputs.json')
  writeFileSync(payloadFile, JSON.stringify({ inputs }))
  return { name, payloadFile }
}

/** Runs an unchanged example in a pull request from a fork: without secrets, variables and GitHub's OIDC token. */
export async function runInFork(name: string, setting: Setting): ReturnType<typeof act> {
  const payloadFile = join(setting.folder, 'pull-request.json')
  writeFileSync(payloadFile, JSON.stringify(PULL_REQUEST))
  const event = { name: 'pull_request', payloadFile }
  return runWorkflow(name, readExample(name), setting, { files: {}, event, vars: {}, secrets: {}, env: {} })
}

/**
 * Runs an unchanged example that uses no action of this repository.
 *
 * @param user.env points it to the emulator
 * @param user.actions folders that replace the actions of others
 */
export async function runUnchanged(
  name: string,
  setting: Setting,
  user: Pick<Parameters<typeof act>[1], 'vars' | 'env' | 'actions'>,
): ReturnType<typeof act> {
  const event = { name: 'workflow_dispatch' }
  return runWorkflow(name, readExample(name), setting, { files: {}, secrets: {}, event, ...user })
}

const PULL_REQUEST = {
  number: 1,
  repository: { full_name: 'acme/devices', fork: false },
  pull_request: {
    number: 1,
    base: { ref: 'main', repo: { full_name: 'acme/devices', fork: false } },
    head: { ref: 'change', repo: { full_name: 'somebody/devices', fork: true } },
  },
}

async function runWorkflow(
  name: string,
  content: string,
  { programs, released, folder }: Setting,
  {
    files,
    actions = {},
    ...options
  }: Pick<Parameters<typeof act>[1], 'event' | 'vars' | 'secrets' | 'env'> &
    Partial<Pick<Parameters<typeof act>[1], 'actions'>> &
    Pick<UserSetup, 'files'>,
): ReturnType<typeof act> {
  const workflow = `.github/workflows/${name}.yml`
  const repository = mkdtempSync(join(folder, `${name}-`))
  makeRepository(repository, { ...files, [workflow]: content })
  const run = await act(workflow, {
    programs,
    repository,
    cache: join(folder, 'cache'),
    actions: { 'OWNER/apsaramq-mqtt-register-code@v1': released, ...actions },
    ...options,
  })
  console.log(run.log)
  return run
}

function readExample(name: string): string {
  return readFileSync(join(root, 'examples', `${name}.yml`), 'utf8')
}

/**
 * Makes the repository of a user, `acme/devices`, with one commit on `main`.
 *
 * @param files by path; a file that begins with `#!` is executable
 */
function makeRepository(folder: string, files: Readonly<Record<string, string>>): void {
  for (const [path, content] of Object.entries(files)) {
    const file = join(folder, path)
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, content, { mode: content.startsWith('#!') ? 0o755 : 0o644 })
  }
  const git = (...args: string[]): void => {
    execFileSync('git', ['-C', folder, ...args], { stdio: ['ignore', 'ignore', 'inherit'] })
  }
  const author = ['-c', 'user.name=Acme', '-c', 'user.email=devices@acme.example']
  git('init', '--quiet', '--initial-branch=main')
  git('remote', 'add', 'origin', 'https://github.com/acme/devices.git')
  git('add', '--all')
  git(...author, 'commit', '--quiet', '--message=Devices')
}

/** A step of an action that calls Alibaba Cloud. */
const CALLING_STEP =
  /^ +(?:- )?uses: OWNER\/apsaramq-mqtt-register-code(?:\/(?:register|inventory|set-status|(?<onlyKms>create-ca|issue-device-certificates)))?@\S+$/

/**
 * Adds `endpoint`, `sts-endpoint` and `kms-endpoint` to the steps of an example that have such an input, and changes
 * nothing else.
 *
 * @param endpoint `host:port`
 * @throws Error if no step makes a call, or one that does has no inputs
 */
export function withEndpoint(workflow: string, endpoint: string): string {
  let callingSteps = 0
  let changed = 0
  let names: readonly string[] = []
  const lines = workflow.split('\n').flatMap((line) => {
    const step = CALLING_STEP.exec(line)
    if (step) {
      callingSteps += 1
      names = step.groups?.['onlyKms'] === undefined ? ['endpoint', 'sts-endpoint'] : ['sts-endpoint']
    }
    const key = /^( +)kms-key-id: /.exec(line)?.[1]
    if (key !== undefined) return [line, `${key}kms-endpoint: ${endpoint}`]
    const indent = changed < callingSteps ? /^( +)with:$/.exec(line)?.[1] : undefined
    if (indent === undefined) return [line]
    changed += 1
    return [line, ...names.map((name) => `${indent}  ${name}: ${endpoint}`)]
  })
  if (callingSteps === 0) throw new Error('no step makes a call')
  if (changed < callingSteps) throw new Error('a step has no inputs')
  return lines.join('\n')
}
