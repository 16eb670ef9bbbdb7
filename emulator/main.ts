/**
 * The local service. Prints one JSON line when it is ready and goes on serving until SIGTERM.
 *
 *     npm run emulator -- [--port PORT] [--config FILE]
 */
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
import { makeWorld } from './world.ts'

const { port, world } = orRefuse(() => {
  const options = readOptions()
  return {
    port: options.port,
    world: makeWorld(options.config === undefined ? {} : readConfig(options.config)),
  }
})
const identity = await makeTlsIdentity([...world.instances.values()].map(({ regionId }) => regionId))
const { port: listeningPort, close } = await listen(new Service(world, identity.ca), identity, port).catch(
  (error: unknown) => refuse(isCode(error, 'EADDRINUSE') ? `port ${port} is in use` : describe(error)),
)

const directory = mkdtempSync(join(tmpdir(), 'mqtt-emulator-'))
const caFile = join(directory, 'ca.pem')
writeFileSync(caFile, identity.ca)

const stop = (): void => {
  close()
  rmSync(directory, { recursive: true, force: true })
  process.exit(0)
}
process.on('SIGTERM', stop)
process.on('SIGINT', stop)
// Set only when `startEmulator` started us: then the emulator ends with its parent.
if (process.connected) process.on('disconnect', stop)
// Whoever reads the line may go away after it.
process.stdout.on('error', () => undefined)
process.stderr.on('error', () => undefined)

const line: StartupLine = {
  endpoint: `127.0.0.1:${listeningPort}`,
  caFile,
  regionId: world.regionId,
  accountId: world.defaults.account.id,
  instanceId: world.defaults.instance.id,
  accessKeyId: world.defaults.accessKey.id,
  accessKeySecret: world.defaults.accessKey.secret,
  roleArn: world.defaults.role.arn,
  oidcProviderArn: world.defaults.oidcProvider.arn,
  idTokenRequestUrl: `https://127.0.0.1:${listeningPort}${ID_TOKEN_PATH}?api-version=2.0`,
  idTokenRequestToken: world.idTokenRequestToken,
}
console.log(JSON.stringify(line))

function readOptions(): { port: number; config: string | undefined } {
  const { values } = parseArgs({ options: { port: { type: 'string' }, config: { type: 'string' } } })
  const { port = '0', config } = values
  if (!/^\d{1,5}$/.test(port) || Number(port) > 65_535)
    throw new Error(`--port ${port} is no port: 0 to 65535`)
  return { port: Number(port), config }
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
  process.exit(2)
}
