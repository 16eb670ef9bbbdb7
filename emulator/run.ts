import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import type { Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { Broker } from './broker/broker.ts'
import { FaultQueue } from './faults/orders.ts'
import { serve } from './front.ts'
import { isCode, listen, makeHttpsServer, type Listening } from './http/server.ts'
import { makeTlsIdentity } from './http/tls.ts'
import { ID_TOKEN_PATH } from './ram/id-tokens.ts'
import { RequestLog } from './request-log.ts'
import { Service } from './service/service.ts'
import { readConfig } from './world/config.ts'
import { makeWorld } from './world/make-world.ts'
import { ShapeError } from './world/shape.ts'
import type { World } from './world/world.ts'

/** The message of a parent to a child that must outlive it. */
export const LIVE_ON = 'live on'

/** The exit code if the options, the config or the port cannot be used. */
export const REFUSED = 2

/** The most that a timer of Node can count, nearly 25 days. */
const MAX_SECONDS = 2_147_483

/** What the emulator prints when it is ready, as one line of JSON. */
export type StartupLine = {
  /** `host:port`, HTTPS. */
  readonly endpoint: string
  /** `host:port` of the broker, MQTT over TLS. */
  readonly mqttEndpoint: string
  /** PEM of the CA to trust, for example for `NODE_EXTRA_CA_CERTS`. */
  readonly caFile: string
  readonly regionId: string
  readonly accountId: string
  readonly instanceId: string
  readonly accessKeyId: string
  readonly accessKeySecret: string
  readonly roleArn: string
  readonly oidcProviderArn: string
  /** A key in KMS, EC P-256. */
  readonly kmsKeyId: string
  /** Another one, RSA 2048. */
  readonly kmsRsaKeyId: string
  /** For `ACTIONS_ID_TOKEN_REQUEST_URL`. */
  readonly idTokenRequestUrl: string
  /** For `ACTIONS_ID_TOKEN_REQUEST_TOKEN`. */
  readonly idTokenRequestToken: string
}

/**
 * Runs the emulator in this process, until one of these: SIGTERM or SIGINT, a request to stop, the end of its time, or
 * the end of its parent. The parent counts if it has a channel to this process, or if npm started it. Exits with 2 if an
 * option, the config or the port cannot be used.
 *
 * @param args `--port`, `--mqtt-port`, `--config FILE`, `--max-seconds`
 * @param announce called once, when the emulator is ready
 * @param parentPid the parent of this process at its start
 */
export async function runEmulator(
  args: readonly string[],
  announce: (line: StartupLine) => void,
  parentPid = process.ppid,
): Promise<void> {
  let stop = (): void => process.exit(0)
  stopWithParent(parentPid, () => {
    stop()
  })
  const { port, mqttPort, maxSeconds, world } = orRefuse(() => {
    const { config, ...options } = readOptions(args)
    return { ...options, world: makeWorld(config === undefined ? {} : readConfig(config)) }
  })
  const placed = [...world.instances.values(), ...world.kmsKeys.values()]
  const identity = await makeTlsIdentity(placed.map(({ regionId }) => regionId))
  const service = new Service(world, identity.ca)
  const log = new RequestLog()
  const broker = new Broker(service, log)
  const emulator = {
    service,
    faults: new FaultQueue(),
    log,
    broker,
    stop: () => {
      stop()
    },
  }
  const httpsServer = () => makeHttpsServer((...exchange) => serve(emulator, ...exchange), identity)
  const servers = {
    https: await listenOrRefuse(httpsServer, port),
    mqtt: await listenOrRefuse(() => broker.makeServer(identity), mqttPort),
  }
  const directory = mkdtempSync(join(tmpdir(), 'mqtt-emulator-'))
  const caFile = join(directory, 'ca.pem')
  writeFileSync(caFile, identity.ca)

  stop = () => {
    for (const { close } of Object.values(servers)) close()
    rmSync(directory, { recursive: true, force: true })
    process.exit(0)
  }
  process.on('SIGTERM', stop)
  process.on('SIGINT', stop)
  if (maxSeconds !== undefined) stopAfter(maxSeconds, stop)
  // The reader of the startup line can close its end afterwards.
  process.stdout.on('error', () => undefined)
  process.stderr.on('error', () => undefined)
  announce(startupLine(world, servers, caFile))
}

async function listenOrRefuse(makeServer: () => Server, port: number): Promise<Listening> {
  return await listen(makeServer, port).catch((error: unknown) =>
    refuse(isCode(error, 'EADDRINUSE') ? `port ${port} is in use` : messageOf(error)),
  )
}

function startupLine(
  world: World,
  { https: { port }, mqtt }: { readonly https: Listening; readonly mqtt: Listening },
  caFile: string,
): StartupLine {
  const { account, instance, accessKey, role, oidcProvider, kmsKey, kmsRsaKey } = world.defaults
  return {
    endpoint: `127.0.0.1:${port}`,
    mqttEndpoint: `127.0.0.1:${mqtt.port}`,
    caFile,
    regionId: world.regionId,
    accountId: account.id,
    instanceId: instance.id,
    accessKeyId: accessKey.id,
    accessKeySecret: accessKey.secret,
    roleArn: role.arn,
    oidcProviderArn: oidcProvider.arn,
    kmsKeyId: kmsKey.id,
    kmsRsaKeyId: kmsRsaKey.id,
    idTokenRequestUrl: `https://127.0.0.1:${port}${ID_TOKEN_PATH}?api-version=2.0`,
    idTokenRequestToken: world.idTokenRequestToken,
  }
}

const PARENT_CHECK_MS = 200

function stopWithParent(parentPid: number, stop: () => void): void {
  if (process.connected) {
    process.on('disconnect', stop)
    process.on('message', (message) => {
      if (message !== LIVE_ON) return
      process.off('disconnect', stop)
      process.disconnect()
    })
  }
  // npm passes SIGTERM to the shell that it starts for a script, and the shell does not pass it on. The process then gets
  // another parent. Windows does not show that.
  if (process.env['npm_lifecycle_event'] === 'emulator') {
    setInterval(() => {
      if (process.ppid !== parentPid) stop()
    }, PARENT_CHECK_MS).unref()
  }
}

function stopAfter(seconds: number, stop: () => void): void {
  setTimeout(() => {
    console.error(`emulator: stopped after ${seconds} seconds, the limit of --max-seconds`)
    stop()
  }, seconds * 1000)
}

function readOptions(args: readonly string[]): {
  readonly port: number
  readonly mqttPort: number
  readonly config: string | undefined
  readonly maxSeconds: number | undefined
} {
  const text = { type: 'string' } as const
  const options = { port: text, 'mqtt-port': text, config: text, 'max-seconds': text }
  const { values } = parseArgs({ args: [...args], options })
  const { port, 'mqtt-port': mqttPort, config, 'max-seconds': maxSeconds } = values
  return {
    port: wholeNumber('--port', port, 0, 65_535) ?? 0,
    mqttPort: wholeNumber('--mqtt-port', mqttPort, 0, 65_535) ?? 0,
    config,
    maxSeconds: wholeNumber('--max-seconds', maxSeconds, 1, MAX_SECONDS),
  }
}

function wholeNumber(
  option: string,
  value: string | undefined,
  min: number,
  max: number,
): number | undefined {
  if (value === undefined) return undefined
  const number = Number(value)
  if (/^\d+$/.test(value) && number >= min && number <= max) return number
  throw new Error(`invalid ${option}: "${value}"; use a whole number from ${min} to ${max}`)
}

function orRefuse<T>(read: () => T): T {
  try {
    return read()
  } catch (error) {
    return refuse(error instanceof ShapeError ? `config: ${error.message}` : messageOf(error))
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

function refuse(reason: string): never {
  console.error(`emulator: ${reason.replaceAll('\n', ' ')}`)
  process.exit(REFUSED)
}
