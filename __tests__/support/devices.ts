import { readFileSync } from 'node:fs'
import { connect, type IClientOptions, type MqttClient } from 'mqtt'
import { afterEach } from '@jest/globals'
import type { RunningEmulator } from '../../emulator/start.ts'

/** What a device has. */
export type Identity = Pick<IClientOptions, 'cert' | 'key'>

const clients = new Set<MqttClient>()

/** Ends the connections of each test of a file. */
export function endConnections(): void {
  afterEach(() => {
    for (const client of clients) client.end(true)
    clients.clear()
  })
}

/**
 * Connects to the broker with the client of npm `mqtt`, once.
 *
 * @throws the client's error if the broker refuses the device
 */
export async function connectDevice(
  { info }: Pick<RunningEmulator, 'info'>,
  identity: Identity,
  options: IClientOptions = {},
): Promise<MqttClient> {
  const client = connect(`mqtts://${info.mqttEndpoint}`, {
    ca: readFileSync(info.caFile),
    reconnectPeriod: 0,
    ...identity,
    ...options,
  })
  clients.add(client)
  const { promise, resolve, reject } = Promise.withResolvers<MqttClient>()
  client.on('connect', () => {
    resolve(client)
  })
  client.on('error', reject)
  client.on('close', () => {
    reject(new Error('closed'))
  })
  return await promise
}

/** Returns the first message that one device receives after another publishes it. */
export async function passMessage(from: MqttClient, to: MqttClient, topic = 'devices/1'): Promise<string> {
  await to.subscribeAsync(topic, { qos: 1 })
  const { promise, resolve } = Promise.withResolvers<string>()
  to.once('message', (_, payload) => {
    resolve(payload.toString())
  })
  await from.publishAsync(topic, 'hello', { qos: 1 })
  return await promise
}

/** Waits until the connection of a device is closed. */
export async function closed(client: MqttClient): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<undefined>()
  client.once('close', () => {
    resolve(undefined)
  })
  await promise
}
