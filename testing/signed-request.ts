/** Signs requests without an SDK, so that tests and measurements can also send what no SDK sends. */
import { createHash, createHmac, randomUUID } from 'node:crypto'
import type { AccessKey } from '../src/alibaba-cloud/client.ts'

/** A request to an operation of ApsaraMQ for MQTT. */
export type HandSigned = {
  /** `host` or `host:port`. */
  readonly endpoint: string
  readonly accessKey: AccessKey
  readonly operation: string
  readonly query: Readonly<Record<string, string>>
  readonly method?: 'GET' | 'POST' | undefined
  readonly version?: string | undefined
  /** When it claims to be signed. Defaults to now, `2024-05-01T08:00:00Z`. */
  readonly time?: string | undefined
  readonly nonce?: string | undefined
}

/** What is sent. */
export type Signed = { readonly query: string; readonly headers: Readonly<Record<string, string>> }

/** Signs with `ACS3-HMAC-SHA256`, in headers. */
export function signAcs3(request: HandSigned): Signed {
  const { endpoint, accessKey, operation, method = 'GET' } = request
  const { accessKeyId, accessKeySecret, securityToken } = accessKey
  const query = canonicalQuery(request.query)
  const payload = sha256('')
  const headers: Record<string, string> = {
    host: endpoint,
    'x-acs-action': operation,
    'x-acs-content-sha256': payload,
    'x-acs-date': request.time ?? timeOf(new Date()),
    ...(securityToken !== undefined && { 'x-acs-security-token': securityToken }),
    'x-acs-signature-nonce': request.nonce ?? randomUUID(),
    'x-acs-version': request.version ?? VERSION,
  }
  const names = Object.keys(headers).sort()
  const lines = names.map((name) => `${name}:${headers[name] ?? ''}\n`)
  const canonical = [method, '/', query, lines.join(''), names.join(';'), payload].join('\n')
  const signature = createHmac('sha256', accessKeySecret)
    .update(`ACS3-HMAC-SHA256\n${sha256(canonical)}`)
    .digest('hex')
  const authorization = `ACS3-HMAC-SHA256 Credential=${accessKeyId},SignedHeaders=${names.join(';')},Signature=${signature}`
  return { query, headers: { ...headers, authorization } }
}

/** Signs with `HMAC-SHA1`, in the query, as older SDKs do. */
export function signRpc(request: HandSigned): Signed {
  const { accessKeyId, accessKeySecret, securityToken } = request.accessKey
  const query = canonicalQuery({
    ...request.query,
    AccessKeyId: accessKeyId,
    Action: request.operation,
    Format: 'JSON',
    ...(securityToken !== undefined && { SecurityToken: securityToken }),
    SignatureMethod: 'HMAC-SHA1',
    SignatureNonce: request.nonce ?? randomUUID(),
    SignatureVersion: '1.0',
    Timestamp: request.time ?? timeOf(new Date()),
    Version: request.version ?? VERSION,
  })
  const signature = createHmac('sha1', `${accessKeySecret}&`)
    .update(`${request.method ?? 'GET'}&%2F&${encode(query)}`)
    .digest('base64')
  return { query: `${query}&Signature=${encode(signature)}`, headers: { host: request.endpoint } }
}

const VERSION = '2020-04-20'

/** Formats a time as both signatures need it. */
export function timeOf(date: Date): string {
  return date.toISOString().replace(/\.\d+/, '')
}

/** Returns `a=1&b=2`, sorted by name. */
function canonicalQuery(query: Readonly<Record<string, string>>): string {
  return Object.entries(query)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => `${encode(name)}=${encode(value)}`)
    .join('&')
}

/** Percent-encodes everything but RFC 3986's unreserved characters. */
function encode(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`)
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}
