/**
 * The yardstick for inventory: the same pages, as many at a time and as many a second, as somebody would write it by hand,
 * with node:https only. It writes a line for each device certificate, and has no checks, retries or error messages.
 */
import { createHash, createHmac, randomUUID } from 'node:crypto'
import { appendFileSync, createWriteStream } from 'node:fs'
import https from 'node:https'
import { setTimeout } from 'node:timers/promises'

const AT_A_TIME = 20
const PER_SECOND = Number(process.env.PER_SECOND)

const input = (name) => process.env[`INPUT_${name}`]
const hash = (text) => createHash('sha256').update(text).digest('hex')
const [hostname, port] = input('ENDPOINT').split(':')
const agent = new https.Agent({ keepAlive: true })

let nextMs = 0
async function readPage(operation, page) {
  const turn = Math.max(performance.now(), nextMs)
  nextMs = turn + 1000 / PER_SECOND
  await setTimeout(Math.max(0, turn - performance.now()))
  const query = `MqttInstanceId=${encodeURIComponent(input('INSTANCE-ID'))}&PageNo=${page}&PageSize=100`
  const payload = hash('')
  const headers = {
    host: input('ENDPOINT'),
    'x-acs-action': operation,
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
  const body = await new Promise((resolve, reject) => {
    https
      .get({ agent, hostname, port, path: `/?${query}`, headers }, (response) => {
        let text = ''
        response.on('data', (chunk) => (text += chunk))
        response.on('end', () => (response.statusCode === 200 ? resolve(text) : reject(new Error(text))))
      })
      .on('error', reject)
  })
  return JSON.parse(body).Data
}

await readPage('ListCaCertificate', 1)
const report = createWriteStream(`${process.env.RUNNER_TEMP}/${randomUUID()}.jsonl`)
let count = 0
function add({ DeviceCertificateVOS: list }) {
  count += list.length
  for (const { CaSn, DeviceSn, DeviceName, Status, ValidEnd } of list) {
    report.write(`${JSON.stringify({ CaSn, DeviceSn, DeviceName, Status, ValidEnd })}\n`)
  }
}
const first = await readPage('ListDeviceCertificate', 1)
add(first)
let next = 2
const worker = async () => {
  while (next <= Math.ceil(first.Total / 100)) add(await readPage('ListDeviceCertificate', next++))
}
await Promise.all(Array.from({ length: AT_A_TIME }, worker))
agent.destroy()
report.end()
appendFileSync(process.env.GITHUB_OUTPUT, `device-count=${count}\n`)
