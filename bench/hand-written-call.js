/**
 * Makes one signed call for `hand-written-register.sh` and `hand-written-kms.sh`, with node:https only. Arguments: METHOD OPERATION NAME=VALUE…,
 * where a value @FILE is the content of that file. Prints the response.
 */
import { createHash, createHmac, randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import https from 'node:https'

const [method, operation, ...parameters] = process.argv.slice(2)
const hash = (text) => createHash('sha256').update(text).digest('hex')
const encode = (text) =>
  encodeURIComponent(text).replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`)

const query = parameters
  .map((parameter) => parameter.split(/=(.*)/s))
  .map(([name, value]) => [name, value.startsWith('@') ? readFileSync(value.slice(1), 'utf8') : value])
  .map(([name, value]) => `${name}=${encode(value)}`)
  .sort()
  .join('&')
const { ENDPOINT: endpoint, ACCESS_KEY_ID: id, ACCESS_KEY_SECRET: secret } = process.env
const payload = hash('')
const headers = {
  host: endpoint,
  'x-acs-action': operation,
  'x-acs-content-sha256': payload,
  'x-acs-date': new Date().toISOString().replace(/\.\d+/, ''),
  'x-acs-signature-nonce': randomUUID(),
  'x-acs-version': process.env.VERSION ?? '2020-04-20',
}
const names = Object.keys(headers).join(';')
const lines = Object.entries(headers).map(([name, value]) => `${name}:${value}\n`)
const canonical = [method, '/', query, lines.join(''), names, payload].join('\n')
const signature = createHmac('sha256', secret)
  .update(`ACS3-HMAC-SHA256\n${hash(canonical)}`)
  .digest('hex')
headers.Authorization = `ACS3-HMAC-SHA256 Credential=${id},SignedHeaders=${names},Signature=${signature}`

const [hostname, port] = endpoint.split(':')
https
  .request({ method, hostname, port, path: `/?${query}`, headers }, (response) => {
    response.pipe(process.stdout)
    response.on('end', () => (process.exitCode = response.statusCode === 200 ? 0 : 1))
  })
  .end()
