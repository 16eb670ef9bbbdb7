import { connect, type MqttClient } from 'mqtt'
import { privateKeyPem, type Issued } from '../testing/certificates.ts'
import { NotReached } from './entry.ts'

const TIMEOUT_MS = 20_000
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
  device: Pick<Issued, 'pem' | 'key'> | undefined,
): Promise<MqttClient | undefined> {
  const identity = device && { cert: device.pem, key: privateKeyPem(device.key) }
  const options = { reconnectPeriod: 0, connectTimeout: TIMEOUT_MS, ...identity }
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
