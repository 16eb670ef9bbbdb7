import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { casOf } from '../../__tests__/support/registered-cas.ts'
import type { Emulator } from '../../emulator/start.ts'
import type { RegisteredCa } from '../../src/mqtt/ca-certificates.ts'
import { act } from '../act.ts'
import { makeRepository } from './repositories.ts'
import { withEndpoint } from './with-endpoint.ts'

const root = dirname(dirname(import.meta.dirname))

/** What a keyless step asks for before anything else. */
export const KEYLESS = ['GitHubIdToken', 'AssumeRoleWithOIDC']

/** Where examples run. */
export type Setting = {
  /** The folder that act is in. */
  readonly programs: string
  readonly emulator: Emulator
  /** Its instances, all of them. */
  readonly instances: readonly string[]
  /** A folder with the actions as they are released. */
  readonly released: string
  /** For all that is written. */
  readonly folder: string
}

/** What a user has beside the workflow. */
export type Given = {
  readonly event: string
  readonly files: Readonly<Record<string, string>>
  readonly secrets: Readonly<Record<string, string>>
  readonly vars?: Readonly<Record<string, string>>
}

/** What an example left behind. */
export type Ended = {
  readonly exitCode: number | null
  readonly log: string
  /** The operations that the emulator was asked for meanwhile. */
  readonly calls: readonly string[]
  /** All that is registered now. */
  readonly cas: readonly (RegisteredCa & { readonly instanceId: string })[]
}

/** Runs an example as a user who has copied it, with the emulator in place of the service. */
export async function runExample(name: string, setting: Setting, given: Given): Promise<Ended> {
  const { emulator, instances } = setting
  const { info } = emulator
  const callsBefore = (await emulator.requests()).length
  const { exitCode, log } = await runWorkflow(name, withEndpoint(textOf(name), info.endpoint), setting, {
    files: given.files,
    event: { name: given.event },
    vars: {
      MQTT_INSTANCE_ID: info.instanceId,
      MQTT_REGION_ID: info.regionId,
      MQTT_ROLE_ARN: info.roleArn,
      MQTT_OIDC_PROVIDER_ARN: info.oidcProviderArn,
      ...given.vars,
    },
    secrets: given.secrets,
    env: {
      NODE_EXTRA_CA_CERTS: info.caFile,
      // GitHub's runner sets these for a job that may ask for a token.
      ACTIONS_ID_TOKEN_REQUEST_URL: info.idTokenRequestUrl,
      ACTIONS_ID_TOKEN_REQUEST_TOKEN: info.idTokenRequestToken,
    },
  })
  const calls = (await emulator.requests()).slice(callsBefore).map(({ operation }) => operation)
  const casOfEach = instances.map(async (instanceId) => {
    const cas = await casOf(emulator, instanceId)
    return cas.map((ca) => ({ ...ca, instanceId }))
  })
  return { exitCode, log, calls, cas: (await Promise.all(casOfEach)).flat() }
}

/** Runs an example, as it is, in a pull request from a fork: with no secret, no variable and no token of GitHub's. */
export async function runInFork(
  name: string,
  setting: Setting,
): Promise<{ readonly exitCode: number | null; readonly log: string }> {
  const payloadFile = join(setting.folder, 'pull-request.json')
  writeFileSync(payloadFile, JSON.stringify(PULL_REQUEST))
  const event = { name: 'pull_request', payloadFile }
  return runWorkflow(name, textOf(name), setting, { files: {}, event, vars: {}, secrets: {}, env: {} })
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
  given: Pick<Parameters<typeof act>[1], 'event' | 'vars' | 'secrets' | 'env'> & Pick<Given, 'files'>,
): ReturnType<typeof act> {
  const { files, ...rest } = given
  const workflow = `.github/workflows/${name}.yml`
  const repository = mkdtempSync(join(folder, `${name}-`))
  makeRepository(repository, { ...files, [workflow]: content })
  const run = await act(workflow, {
    programs,
    repository,
    cache: join(folder, 'cache'),
    actions: { 'OWNER/apsaramq-mqtt-register-code@v1': released },
    ...rest,
  })
  console.log(run.log)
  return run
}

function textOf(name: string): string {
  return readFileSync(join(root, 'examples', `${name}.yml`), 'utf8')
}
