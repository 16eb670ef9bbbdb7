/**
 * Compares the service with what the emulator assumes about it.
 *
 *     npm run conformance -- --instance-id ID --region-id REGION --yes
 *     npm run conformance -- --emulator
 *
 * Exit code 0: all is as assumed. 1: something is different. 2: it could not run, or something is left behind.
 */
import { once } from 'node:events'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { startEmulator, type Emulator } from '../emulator/start.ts'
import type { Service } from '../src/alibaba-cloud/client.ts'
import { describeKey } from '../src/alibaba-cloud/kms.ts'
import { ActionError } from '../src/errors.ts'
import { readSecrets } from '../src/inputs/credentials.ts'
import { connect, KMS, readEndpoint, readServiceInputs, type ServiceInputs } from '../src/inputs/service.ts'
import { optionalKmsKey } from '../src/inputs/signer.ts'
import { getRegisterCode } from '../src/mqtt/register-code.ts'
import { clean, cleanForeign, mask } from '../src/runner/masking.ts'
import { trust } from '../testing/registered-cas.ts'
import { find, newRunName, remove, RUN_NAME } from './clean-up.ts'
import { Client, Interrupted, type Placed } from './client.ts'
import { PARTS } from './entries.ts'
import { readOptions, USAGE, type Options } from './options.ts'
import { isDenial, Probe, type NamedKey } from './probe.ts'
import { countsOf, makeReport, withoutSecrets } from './report.ts'
import { run, type Result } from './run.ts'

const DIFFERENT = 1
const COULD_NOT_RUN = 2
/** A session of a role lasts 900 seconds. */
const RUN_SECONDS = 600
const CLEAN_UP_SECONDS = 120

/** Two instances and a temporary key, so that no check lacks what it needs. */
const EMULATED = {
  instances: [{}, { id: 'post-cn-second00000' }],
  accessKeys: [{ securityToken: 'token-of-an-emulated-session' }],
}

let isInterrupted = false
/** The part whose title was shown last. */
let shownPart = ''

hideMaskCommands()
// Nothing in the environment may turn off the verification of TLS certificates.
delete process.env['NODE_TLS_REJECT_UNAUTHORIZED']
// The terminal can be gone while something must still be deleted.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined)
// Nothing may end this process before it has deleted what it made.
process.on('uncaughtException', (error) => {
  fail(error)
  isInterrupted = true
})
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => {
    if (!isInterrupted) say('Interrupted. Deleting what this run made; another signal does not stop this.')
    isInterrupted = true
  })
}
process.exitCode = await main().catch((error: unknown) => {
  fail(error)
  return COULD_NOT_RUN
})

async function main(): Promise<number> {
  const options = readOptions(process.argv.slice(2), process.env)
  if (options.help) {
    say(USAGE)
    return 0
  }
  if (!options.emulator) return await measureService(options)
  const emulator = await startEmulator({ config: EMULATED })
  try {
    trust(emulator)
    return await measureService(onEmulator(options, emulator))
  } finally {
    await emulator.stop()
  }
}

function onEmulator(options: Options, { info }: Emulator): Options {
  setInputs({
    'access-key-id': info.accessKeyId,
    'access-key-secret': info.accessKeySecret,
    'security-token': EMULATED.accessKeys[0]?.securityToken ?? '',
  })
  return {
    ...options,
    yes: true,
    inputs: {
      ...options.inputs,
      'instance-id': info.instanceId,
      'second-instance-id': EMULATED.instances[1]?.id ?? '',
      'region-id': info.regionId,
      endpoint: info.endpoint,
      'mqtt-endpoint': info.mqttEndpoint,
      'kms-key-id': info.kmsKeyId,
      'kms-endpoint': info.endpoint,
      'role-to-assume': '',
      'oidc-provider-arn': '',
    },
  }
}

async function measureService(options: Options): Promise<number> {
  setInputs({ ...options.inputs, timeout: String(RUN_SECONDS) })
  // First, because it masks all secrets.
  const secrets = readSecrets(process.env)
  const { 'instance-id': instanceId, 'second-instance-id': second } = options.inputs
  if (instanceId === '') {
    throw new ActionError({
      what: 'No instance is named',
      fix: 'Set --instance-id or MQTT_INSTANCE_ID to the instance to try, and --region-id or MQTT_REGION_ID to its region. To try the command without an instance, run npm run conformance -- --emulator.',
    })
  }
  const inputs = await readServiceInputs(process.env, secrets)
  const namedKey = optionalKmsKey()
  const kmsKey = namedKey && { keyId: namedKey.keyId, endpoint: readEndpoint(process.env, KMS) }
  const name = newRunName()
  explainPlan(options, inputs, { name, kmsKey })
  if (!options.yes) {
    say('\nNothing was called. To go on, run the same command with --yes.')
    return COULD_NOT_RUN
  }
  const service = await connect(inputs)
  const instanceIds = second === '' ? [instanceId] : [instanceId, second]
  if (options.clean) return await cleanLeftovers(service, instanceIds, options)

  // Explains a wrong instance or a missing permission better than any check.
  for (const id of instanceIds) {
    const { result } = await getRegisterCode(service, { instanceId: id, regionId: inputs.regionId })
    mask(result.registerCode)
  }
  if (kmsKey !== undefined) await requireSigns(kmsKey, service, inputs)
  const client = new Client(service, instanceId, () => isInterrupted)
  const probe = new Probe(client, {
    name,
    secondInstanceId: second || undefined,
    brokerEndpoint: options.inputs['mqtt-endpoint'] || undefined,
    kmsKey,
  })
  let results: Result[] | undefined
  let isClean: boolean
  try {
    for (const id of instanceIds) await requireMayDelete(probe, id)
    results = await Promise.race([
      run(PARTS, probe, (found) => {
        showResult(found, service)
      }),
      endOfWork(),
    ])
  } catch (error) {
    if (!(error instanceof Interrupted)) throw error
  } finally {
    isClean = await cleanUp(service, instanceIds, { name, known: client.registered, options })
  }
  if (results === undefined) return COULD_NOT_RUN
  writeReport(results, options, inputs, service)
  const exitCode = conclude(results, options, service)
  return isClean ? exitCode : COULD_NOT_RUN
}

/** Fails if a check waits for something that never comes. Node would end without deleting anything. */
async function endOfWork(): Promise<never> {
  await once(process, 'beforeExit')
  throw new Error('a check waited for something that never came')
}

/** Explains a wrong key in KMS, too. */
async function requireSigns(
  { keyId, endpoint }: NamedKey,
  service: Service,
  { regionId }: ServiceInputs,
): Promise<void> {
  const { usage, state } = await describeKey({ service: { ...service, endpoint }, regionId }, keyId)
  if (usage === 'SIGN/VERIFY' && state === 'Enabled') return
  throw new ActionError({
    what: `The key ${keyId} in KMS cannot sign: it is for ${usage}, and its state is ${state}`,
    fix: 'Set --kms-key-id to a key for SIGN/VERIFY that is Enabled, or omit it to measure ApsaraMQ for MQTT alone.',
  })
}

/** Finds out before anything is registered whether it can be deleted again. */
async function requireMayDelete({ client, unknownSn }: Probe, instanceId: string): Promise<void> {
  for (const operation of ['DeleteCaCertificate', 'InactivateCaCertificate']) {
    const { code = '', requestId } = await client.call(operation, { Sn: unknownSn }, { instanceId })
    if (!isDenial(code)) continue
    throw new ActionError({
      what: `RAM does not allow ${operation} on instance ${instanceId}, so nothing was registered`,
      fix: 'Grant the RAM user or role mq:* on the instance for this run, or use a test instance. What this command registers, it must be able to delete.',
      code,
      requestId,
    })
  }
}

function explainPlan(
  { inputs, clean: isCleaning }: Options,
  { endpoint }: ServiceInputs,
  { name, kmsKey }: { readonly name: string; readonly kmsKey: NamedKey | undefined },
): void {
  const second = inputs['second-instance-id']
  const where = `${inputs['instance-id']}${second === '' ? '' : ` and ${second}`} at ${endpoint.host}`
  if (isCleaning) {
    say(
      clean(
        `This lists the CAs on instance ${where}, and deletes those named conformance- and 12 hex digits, which earlier runs left. Do not run it while another run measures.`,
      ),
    )
    return
  }
  const broker = inputs['mqtt-endpoint']
  const plan = [
    `This measures instance ${where}, in about a minute, with about 200 calls.`,
    `It registers some throw-away CAs named ${name}, deactivates, activates and deletes them, and makes requests that the service must refuse.`,
    broker === ''
      ? 'It connects no device. To connect some, add --with-device.'
      : `It also connects throw-away devices of these CAs to the broker at ${broker}.`,
    kmsKey === undefined
      ? 'It does not call KMS. To measure a key there, add --kms-key-id.'
      : `It also reads the key ${kmsKey.keyId} in KMS at ${kmsKey.endpoint.host}, and signs a few random digests with it, which it discards.`,
    'It reads the list of CAs, and reports none of the others.',
    'It changes nothing else, and leaves nothing behind but unused register codes, which only this process knows.',
  ]
  say(plan.map((line) => clean(line)).join('\n- '))
}

async function cleanLeftovers(
  service: Service,
  instanceIds: readonly string[],
  options: Options,
): Promise<number> {
  const client = cleaner(service, instanceIds)
  const found = await find(client, RUN_NAME, instanceIds)
  for (const { name, sn, instanceId } of found) say(`found  ${name}, serial number ${sn}, on ${instanceId}`)
  say(found.length === 0 ? 'Nothing was left behind.' : `Deleting ${found.length}.`)
  if (found.length === 0) return 0
  const left = await remove(client, { known: found, name: RUN_NAME, instanceIds })
  return reportLeft(left, 'conformance-…', options) ? 0 : COULD_NOT_RUN
}

async function cleanUp(
  service: Service,
  instanceIds: readonly string[],
  made: { readonly name: string; readonly known: readonly Placed[]; readonly options: Options },
): Promise<boolean> {
  const { name, known, options } = made
  // Ctrl+C also ends the emulator, and with it all that was made.
  if (options.emulator && isInterrupted) return true
  const what = { known, name: new RegExp(`^${name}$`), instanceIds }
  return reportLeft(await remove(cleaner(service, instanceIds), what), name, options)
}

/** Deletes with time of its own, and whatever signals come. */
function cleaner(service: Service, [instanceId = '']: readonly string[]): Client {
  const deadlineMs = performance.now() + CLEAN_UP_SECONDS * 1000
  return new Client({ ...service, transport: { ...service.transport, deadlineMs } }, instanceId)
}

function reportLeft(left: readonly Placed[], name: string, { inputs }: Options): boolean {
  if (left.length === 0) {
    say('Cleaned up: nothing is left.')
    return true
  }
  // Cleaning connects no device.
  const given = Object.entries(inputs).filter(([key, value]) => value !== '' && key !== 'mqtt-endpoint')
  const command = [
    'npm run conformance -- --clean --yes',
    ...given.map(([key, value]) => `--${key} ${value}`),
  ]
  say('\nLEFT BEHIND:')
  for (const { sn, instanceId } of left) {
    say(clean(`  CA ${name}, serial number ${sn}, on instance ${instanceId}`))
  }
  say(clean(`Delete it in the console, or run: ${command.join(' ')}`))
  return false
}

function showResult({ entry, part, outcome, detail }: Result, service: Service): void {
  // Those without a check are in the report.
  if ('unreachable' in entry) return
  if (part !== shownPart) say(`\n${part}`)
  shownPart = part
  const shown = withoutSecrets(detail, secretsOf(service))
  say(`${outcome.padEnd(11)}  ${entry.id}${shown === '' ? '' : `: ${shown}`}`)
}

function writeReport(
  results: readonly Result[],
  { report, inputs }: Options,
  { regionId }: ServiceInputs,
  service: Service,
): void {
  const { markdown, json } = makeReport(results, {
    version: version(),
    date: new Date(),
    regionId,
    endpoint: inputs.endpoint === '' ? 'the default one' : 'another one',
    accessKey: service.accessKey?.securityToken === undefined ? 'permanent' : 'temporary',
    instanceId: inputs['instance-id'],
    secondInstanceId: inputs['second-instance-id'] || undefined,
    secrets: [
      ...secretsOf(service),
      inputs['instance-id'],
      inputs['second-instance-id'],
      inputs['mqtt-endpoint'],
      inputs['kms-key-id'],
    ].filter(Boolean),
  })
  mkdirSync(report, { recursive: true })
  const files = { 'conformance.md': markdown, 'conformance.json': json }
  for (const [file, content] of Object.entries(files)) writeFileSync(join(report, file), content)
  say(`\nReport: ${join(report, 'conformance.md')} and conformance.json`)
}

function conclude(results: readonly Result[], { emulator }: Options, service: Service): number {
  const counts = Object.entries(countsOf(results)).map(([outcome, count]) => `${count} ${outcome}`)
  say(counts.join(', '))
  explainNotReached(results, service)
  const different = results.filter(({ outcome }) => outcome === 'different')
  if (different.length > 0) {
    say(`Different: ${different.map(({ entry }) => entry.id).join(', ')}`)
    return DIFFERENT
  }
  // Against the emulator, every check has what it needs.
  const isIncomplete = ({ entry, outcome, isFailed }: Result) =>
    isFailed || (emulator && outcome === 'not reached' && 'check' in entry)
  const incomplete = results.filter(isIncomplete)
  if (incomplete.length === 0) return 0
  say(`No result: ${incomplete.map(({ entry }) => entry.id).join(', ')}`)
  return COULD_NOT_RUN
}

/** Says why, so that nobody takes what was not reached for a failure. */
function explainNotReached(results: readonly Result[], service: Service): void {
  const counts = new Map<string, number>()
  for (const { entry, outcome, detail } of results) {
    if (outcome !== 'not reached' || 'unreachable' in entry) continue
    const reason = withoutSecrets(detail, secretsOf(service))
    counts.set(reason, (counts.get(reason) ?? 0) + 1)
  }
  say('Not reached (the report says why for each):')
  for (const [reason, count] of counts) say(`  ${count} ${reason}`)
  const unchecked = results.filter(({ entry }) => 'unreachable' in entry).length
  say(
    `  ${unchecked} by design: a check would do harm, needs more than an instance, or is not about the service`,
  )
}

/** Sets inputs of the actions, so that their code reads them. */
function setInputs(inputs: Readonly<Record<string, string>>): void {
  for (const [name, value] of Object.entries(inputs)) process.env[`INPUT_${name.toUpperCase()}`] = value
}

/** Not masked, but not for a report. */
function secretsOf({ accessKey }: Service): string[] {
  return accessKey === undefined ? [] : [accessKey.accessKeyId]
}

function version(): string {
  const file = join(dirname(import.meta.dirname), 'package.json')
  return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version
}

function say(text: string): void {
  console.log(text)
}

function fail(error: unknown): void {
  if (error instanceof ActionError) {
    console.error(`conformance: ${error.describe(clean, cleanForeign)}`)
    return
  }
  console.error(`conformance: ${clean(error instanceof Error ? error.message : String(error))}`)
}

/** The commands that mask a secret show it. Only GitHub's runner removes them from the log. */
function hideMaskCommands(): void {
  if (process.env['GITHUB_ACTIONS'] === 'true') return
  const write = process.stdout.write.bind(process.stdout)
  process.stdout.write = ((...args: Parameters<typeof write>) =>
    typeof args[0] === 'string' && args[0].startsWith('::add-mask::') ? true : write(...args)) as typeof write
}
