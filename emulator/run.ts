import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { readConfig } from './config.ts'
import { ID_TOKEN_PATH } from './github-id-token.ts'
import { isCode, listen } from './server.ts'
import { Service } from './service.ts'
import { ShapeError } from './shape.ts'
import type { StartupLine } from './startup-line.ts'
import { makeTlsIdentity } from './tls.ts'
import { makeWorld, type World } from './world.ts'

/** What a parent says over the channel to a child that is to live on without it. */
export const LIVE_ON = 'live on'

/** What it is started with cannot be used. The exit code that says so. */
export const REFUSED = 2

/** What a timer of Node takes, nearly 25 days. */
const MAX_SECONDS = 2_147_483

/**
 * Makes this process the local service: until SIGTERM or SIGINT, until it is told to stop over the network, until its
 * time is over, or, when it has a channel to its parent, until that is gone. Ends the process with 2 when an option, the
 * config or the port cannot be used.
 *
 * @param args `--port`, `--config FILE`, `--max-seconds`
 * @param announce told once, when the service is ready
 */
export async function runEmulator(
  args: readonly string[],
  announce: (line: StartupLine) => void,
): Promise<void> {
  let stop = (): void => process.exit(0)
  endWithParent(() => {
    stop()
  })
  const { port, world, maxSeconds } = orRefuse(() => {
    const options = readOptions(args)
    return { ...options, world: makeWorld(options.config === undefined ? {} : readConfig(options.config)) }
  })
  const identity = await makeTlsIdentity([...world.instances.values()].map(({ regionId }) => regionId))
  const service = new Service(world, identity.ca)
  const { port: listeningPort, close } = await listen(service, identity, port).catch((error: unknown) =>
    refuse(isCode(error, 'EADDRINUSE') ? `port ${port} is in use` : describe(error)),
  )

  const directory = mkdtempSync(join(tmpdir(), 'mqtt-emulator-'))
  const caFile = join(directory, 'ca.pem')
  writeFileSync(caFile, identity.ca)

  stop = () => {
    close()
    rmSync(directory, { recursive: true, force: true })
    process.exit(0)
  }
  process.on('SIGTERM', stop)
  process.on('SIGINT', stop)
  void service.stopped.then(stop)
  if (maxSeconds !== undefined) stopAfter(maxSeconds, stop)
  // Whoever reads the line may go away after it.
  process.stdout.on('error', () => undefined)
  process.stderr.on('error', () => undefined)
  announce(startupLine(world, listeningPort, caFile))
}

function startupLine(world: World, port: number, caFile: string): StartupLine {
  return {
    endpoint: `127.0.0.1:${port}`,
    caFile,
    regionId: world.regionId,
    accountId: world.defaults.account.id,
    instanceId: world.defaults.instance.id,
    accessKeyId: world.defaults.accessKey.id,
    accessKeySecret: world.defaults.accessKey.secret,
    roleArn: world.defaults.role.arn,
    oidcProviderArn: world.defaults.oidcProvider.arn,
    idTokenRequestUrl: `https://127.0.0.1:${port}${ID_TOKEN_PATH}?api-version=2.0`,
    idTokenRequestToken: world.idTokenRequestToken,
  }
}

/** Only whoever started us from a program has a channel to us. */
function endWithParent(stop: () => void): void {
  if (!process.connected) return
  process.on('disconnect', stop)
  process.on('message', (message) => {
    if (message !== LIVE_ON) return
    process.off('disconnect', stop)
    process.disconnect()
  })
}

function stopAfter(seconds: number, stop: () => void): void {
  setTimeout(() => {
    console.error(`emulator: it ended by itself after ${seconds} seconds`)
    stop()
  }, seconds * 1000)
}

function readOptions(args: readonly string[]): {
  port: number
  config: string | undefined
  maxSeconds: number | undefined
} {
  const text = { type: 'string' } as const
  const options = { port: text, config: text, 'max-seconds': text }
  const { port = '0', config, 'max-seconds': maxSeconds } = parseArgs({ args: [...args], options }).values
  if (!/^\d{1,5}$/.test(port) || Number(port) > 65_535)
    throw new Error(`--port ${port} is no port: 0 to 65535`)
  if (maxSeconds === undefined) return { port: Number(port), config, maxSeconds }
  if (!/^[1-9]\d{0,6}$/.test(maxSeconds) || Number(maxSeconds) > MAX_SECONDS)
    throw new Error(`--max-seconds ${maxSeconds} is no number of seconds from 1 to ${MAX_SECONDS}`)
  return { port: Number(port), config, maxSeconds: Number(maxSeconds) }
}

function orRefuse<T>(read: () => T): T {
  try {
    return read()
  } catch (error) {
    return refuse(error instanceof ShapeError ? `config: ${error.message}` : describe(error))
  }
}

function describe(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

function refuse(reason: string): never {
  console.error(`emulator: ${reason.replaceAll('\n', ' ')}`)
  process.exit(REFUSED)
}
