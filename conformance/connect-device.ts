import { isIP } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { connect, type MqttClient } from 'mqtt'
import { privateKeyPem, type Issued } from '../testing/certificates.ts'
import { NotReached } from './entry.ts'

const TIMEOUT_MS = 20_000
/** How long an open connection is watched. */
export const WATCH_MS = 3000
const REFUSALS = /^(ECONNRESET|EPIPE|ERR_SSL_.*)$/

/**
 * Connects a device to a broker, once.
 *
 * @param device `undefined` for one without a certificate
 * @returns `undefined` if the broker ends the connection, which refuses the certificate
 * @throws NotReached if there is another reason
 */
export async function connectDevice(
  endpoint: string,
  device: Device | undefined,
): Promise<MqttClient | undefined> {
  const options = { reconnectPeriod: 0, connectTimeout: TIMEOUT_MS, ...identityOf(device) }
  const client = connect(`mqtts://${endpoint}`, options)
  const { promise, resolve, reject } = Promise.withResolvers<MqttClient | undefined>()
  client.once('connect', () => {
    resolve(client)
  })
  client.on('error', (error) => {
    const { code } = error as { readonly code?: string | number }
    if (typeof code === 'string' && REFUSALS.test(code)) resolve(undefined)
    // With a number, it is the broker's answer about the client ID, user name or password.
    else reject(new NotReached(`the broker does not answer as expected: ${code ?? error.message}`))
  })
  client.once('close', () => {
    resolve(undefined)
  })
  return await promise
}

/** Tells whether a connection is open, stays open, and is then still answered. */
export async function staysOpen(client: MqttClient): Promise<boolean> {
  // Nothing would come from a connection that was closed before.
  if (!client.connected) return false
  const { promise, resolve } = Promise.withResolvers<boolean>()
  client.once('close', () => {
    resolve(false)
  })
  const timer = setTimeout(() => {
    client.once('packetreceive', () => {
      resolve(true)
    })
    // Not a topic, which the instance may not have.
    client.sendPing()
  }, WATCH_MS)
  try {
    return await promise
  } finally {
    clearTimeout(timer)
  }
}

/** Tells whether the TLS handshake of a device is complete before the broker ends the connection. */
export async function completesHandshake(endpoint: string, device: Device): Promise<boolean> {
  const { hostname, port } = new URL(`mqtts://${endpoint}`)
  const host = hostname.replace(/^\[(.*)\]$/, '$1')
  const socket = connectTls({
    host,
    port: Number(port),
    servername: isIP(host) ? '' : host,
    timeout: TIMEOUT_MS,
    ...identityOf(device),
  })
  const { promise, resolve, reject } = Promise.withResolvers<boolean>()
  socket.once('secureConnect', () => {
    resolve(true)
  })
  socket.once('timeout', () => {
    reject(new NotReached('the broker neither completes the handshake nor ends the connection'))
  })
  // The end of the connection follows.
  socket.on('error', () => undefined)
  socket.once('close', () => {
    resolve(false)
  })
  try {
    return await promise
  } finally {
    socket.destroy()
  }
}

type Device = Pick<Issued, 'pem' | 'key'>

function identityOf(device: Device | undefined) {
  return device && { cert: device.pem, key: privateKeyPem(device.key) }
}
