/**
 * The yardstick for a keyless run: the same three calls as somebody would write them by hand, with node:https only. It
 * has no checks, retries or error messages.
 */
import { createHash, createHmac, randomUUID } from 'node:crypto'
import { appendFileSync } from 'node:fs'
import https from 'node:https'

const input = (name) => process.env[`INPUT_${name}`]
const hash = (text) => createHash('sha256').update(text).digest('hex')
const mask = (secret) => console.log(`::add-mask::${secret}`)
const agent = new https.Agent({ keepAlive: true })

function request(url, options, body) {
  return new Promise((resolve, reject) => {
    https
      .request(url, { agent, ...options }, (response) => {
        let text = ''
        response.on('data', (chunk) => (text += chunk))
        response.on('end', () => {
          if (response.statusCode !== 200) reject(new Error(text))
          else resolve(JSON.parse(text))
        })
      })
      .on('error', reject)
      .end(body)
  })
}

const tokenUrl = `${process.env.ACTIONS_ID_TOKEN_REQUEST_URL}&audience=sts.aliyuncs.com`
const { value: idToken } = await request(tokenUrl, {
  headers: { authorization: `Bearer ${process.env.ACTIONS_ID_TOKEN_REQUEST_TOKEN}` },
})
mask(idToken)

const form = new URLSearchParams({
  OIDCProviderArn: input('OIDC-PROVIDER-ARN'),
  OIDCToken: idToken,
  RoleArn: input('ROLE-TO-ASSUME'),
  RoleSessionName: 'bench',
  DurationSeconds: '900',
}).toString()
const { Credentials: key } = await request(
  `https://${input('STS-ENDPOINT')}/`,
  {
    method: 'POST',
    headers: {
      'content-type': 'application/x-www-form-urlencoded',
      'content-length': Buffer.byteLength(form),
      'x-acs-action': 'AssumeRoleWithOIDC',
      'x-acs-version': '2015-04-01',
    },
  },
  form,
)
mask(key.AccessKeySecret)
mask(key.SecurityToken)

const query = `MqttInstanceId=${encodeURIComponent(input('INSTANCE-ID'))}`
const payload = hash('')
const headers = {
  host: input('ENDPOINT'),
  'x-acs-action': 'GetRegisterCode',
  'x-acs-content-sha256': payload,
  'x-acs-date': new Date().toISOString().replace(/\.\d+/, ''),
  'x-acs-security-token': key.SecurityToken,
  'x-acs-signature-nonce': randomUUID(),
  'x-acs-version': '2020-04-20',
}
const names = Object.keys(headers).join(';')
const lines = Object.entries(headers).map(([name, value]) => `${name}:${value}\n`)
const canonical = ['GET', '/', query, lines.join(''), names, payload].join('\n')
const signature = createHmac('sha256', key.AccessKeySecret)
  .update(`ACS3-HMAC-SHA256\n${hash(canonical)}`)
  .digest('hex')
headers.Authorization = `ACS3-HMAC-SHA256 Credential=${key.AccessKeyId},SignedHeaders=${names},Signature=${signature}`
const { RegisterCode, RequestId } = await request(`https://${input('ENDPOINT')}/?${query}`, { headers })
mask(RegisterCode)
appendFileSync(process.env.GITHUB_OUTPUT, `register-code=${RegisterCode}\nrequest-id=${RequestId}\n`)
