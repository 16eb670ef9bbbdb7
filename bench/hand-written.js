/**
 * The yardstick for a run with keys: one signed call as somebody would write it by hand, with node:https only. It reads
 * the same inputs, masks the code and sets the same outputs, but has no checks, retries or error messages.
 */
import { createHash, createHmac, randomUUID } from 'node:crypto'
import { appendFileSync } from 'node:fs'
import https from 'node:https'

const input = (name) => process.env[`INPUT_${name}`]
const hash = (text) => createHash('sha256').update(text).digest('hex')

const endpoint = input('ENDPOINT')
const query = `MqttInstanceId=${encodeURIComponent(input('INSTANCE-ID'))}`
const payload = hash('')
const headers = {
  host: endpoint,
  'x-acs-action': 'GetRegisterCode',
  'x-acs-content-sha256': payload,
  'x-acs-date': new Date().toISOString().replace(/\.\d+/, ''),
  'x-acs-signature-nonce': randomUUID(),
  'x-acs-version': '2020-04-20',
}
const names = Object.keys(headers).join(';')
const lines = Object.entries(headers).map(([name, value]) => `${name}:${value}\n`)
const canonical = ['GET', '/', query, lines.join(''), names, payload].join('\n')
const signature = createHmac('sha256', input('ACCESS-KEY-SECRET'))
  .update(`ACS3-HMAC-SHA256\n${hash(canonical)}`)
  .digest('hex')
headers.Authorization = `ACS3-HMAC-SHA256 Credential=${input('ACCESS-KEY-ID')},SignedHeaders=${names},Signature=${signature}`

const [hostname, port] = endpoint.split(':')
https.get({ hostname, port, path: `/?${query}`, headers }, (response) => {
  let body = ''
  response.on('data', (chunk) => (body += chunk))
  response.on('end', () => {
    if (response.statusCode !== 200) throw new Error(body)
    const { RegisterCode, RequestId } = JSON.parse(body)
    console.log(`::add-mask::${RegisterCode}`)
    appendFileSync(process.env.GITHUB_OUTPUT, `register-code=${RegisterCode}\nrequest-id=${RequestId}\n`)
  })
})
