import { randomBytes, randomUUID } from 'node:crypto'
import { signRpc, timeOf, type Signed } from '../../testing/signed-request.ts'
import type { Deviation } from '../client.ts'
import { ASSUMED, documented, ITS_OWN, NotReached, readIn, SIMPLIFIED, type Part } from '../entry.ts'
import { requireCode, requireThat, type Probe } from '../probe.ts'

const MINUTE_MS = 60_000

/** Requests of any operation: signatures, and how wrong ones are refused. */
export const REQUESTS: Part = {
  title: 'Requests',
  entries: [
    {
      id: 'acs3-signature',
      statement: 'A request can be signed in its headers, with `ACS3-HMAC-SHA256`.',
      source: documented('signature in headers'),
      check: (probe) => passes(probe, {}),
    },
    {
      id: 'rpc-signature',
      statement: 'A request can be signed in its query, with `HMAC-SHA1`.',
      source: documented('signature in the query'),
      check: (probe) => passes(probe, { sign: signRpc }),
    },
    {
      id: 'get-is-not-for-all',
      statement: 'Operations that read accept `GET`, and `POST` is `UnsupportedHTTPMethod`.',
      source: documented('GetCaCertificate'),
      check: (probe) => isRefused(probe, { method: 'POST' }, 'UnsupportedHTTPMethod'),
    },
    {
      id: 'get-for-changes',
      statement: 'Operations that change something accept `GET` and `POST`.',
      source: documented('RegisterCaCertificate'),
      check: async ({ client, unknownSn }) => {
        for (const method of ['GET', 'POST'] as const) {
          const answer = await client.call('InactivateCaCertificate', { Sn: unknownSn }, { method })
          requireThat(answer.code !== 'UnsupportedHTTPMethod', `the service does not accept ${method}`)
        }
      },
    },
    {
      id: 'time-window',
      statement:
        'The time of a request may be 10 minutes off, and 20 minutes off is `InvalidTimeStamp.Expired`. The limit is 15 minutes.',
      source: documented('common errors'),
      check: async (probe) => {
        for (const minutes of [-10, 10]) await passes(probe, { time: timeIn(minutes) })
        for (const minutes of [-20, 20])
          await isRefused(probe, { time: timeIn(minutes) }, 'InvalidTimeStamp.Expired')
      },
    },
    {
      id: 'time-format',
      statement: 'A time in another format is `InvalidTimeStamp.Format`.',
      source: documented('common errors'),
      check: (probe) => isRefused(probe, { time: 'yesterday' }, 'InvalidTimeStamp.Format'),
    },
    {
      id: 'nonce-once',
      statement: 'A nonce is valid once. The second time is `SignatureNonceUsed`.',
      source: documented('common errors'),
      check: async (probe) => {
        const nonce = randomUUID()
        await passes(probe, { nonce })
        await isRefused(probe, { nonce }, 'SignatureNonceUsed')
      },
    },
    {
      id: 'nonce-after-signature',
      statement: 'A nonce counts only after a valid signature.',
      source: ASSUMED,
      check: async (probe) => {
        const nonce = randomUUID()
        await isRefused(probe, { ...withWrongSecret(probe), nonce }, 'SignatureDoesNotMatch')
        await passes(probe, { nonce })
      },
    },
    {
      id: 'nonce-per-key',
      statement: 'A nonce counts for each access key.',
      source: ASSUMED,
      unreachable: 'it needs a second access key',
    },
    {
      id: 'nonce-memory',
      statement: 'The emulator remembers at least the last 10,000 nonces.',
      source: ITS_OWN,
      unreachable: 'it is not about the service',
    },
    {
      id: 'unsigned-header',
      statement:
        'Every `x-acs-` header that is present must be signed, and `host`. The service insists on it, with `IncompleteSignature`.',
      source: {
        ...documented('signature in headers'),
        words: 'documented, but not that the service insists',
      },
      check: (probe) =>
        isRefused(probe, inHeaders({ 'x-acs-conformance': 'unsigned' }), 'IncompleteSignature'),
    },
    {
      id: 'unknown-signature-method',
      statement: 'Another signature method is `InvalidSignatureMethod`.',
      source: documented('common errors'),
      check: (probe) =>
        isRefused(
          probe,
          inHeaders({ authorization: 'ACS9-HMAC-MD5 Signature=00' }),
          'InvalidSignatureMethod',
        ),
    },
    {
      id: 'no-signature',
      statement: 'A request without a signature is `IncompleteSignature`.',
      source: documented('common errors'),
      check: (probe) =>
        isRefused(
          probe,
          {
            afterSigning: ({ query, headers }) => {
              const { host = '', 'x-acs-action': action = '', 'x-acs-version': version = '' } = headers
              return { query, headers: { host, 'x-acs-action': action, 'x-acs-version': version } }
            },
          },
          'IncompleteSignature',
        ),
    },
    {
      id: 'wrong-secret',
      statement: 'A wrong access key secret is `SignatureDoesNotMatch`.',
      source: documented('common errors'),
      check: (probe) => isRefused(probe, withWrongSecret(probe), 'SignatureDoesNotMatch'),
    },
    {
      id: 'string-to-sign',
      statement: 'The message of `SignatureDoesNotMatch` ends with the string to sign.',
      source: readIn('`aliyun-python-sdk-core`'),
      check: async (probe) => {
        const { message } = await probe.look(withWrongSecret(probe))
        const isAtEnd = /:ACS3-HMAC-SHA256\s[\da-f]{64}$/.test(message)
        requireThat(isAtEnd, 'the message ends in another way')
      },
    },
    {
      id: 'unknown-access-key',
      statement: 'An access key ID that does not exist is `InvalidAccessKeyId.NotFound`.',
      source: documented('common errors'),
      check: (probe) => isRefused(probe, withUnknownKey(), 'InvalidAccessKeyId.NotFound'),
    },
    {
      id: 'inactive-access-key',
      statement: 'An inactive access key is `InvalidAccessKeyId.Inactive`.',
      source: documented('common errors'),
      unreachable: 'it needs an access key that is inactive',
    },
    {
      id: 'foreign-token',
      statement:
        'The token of another session, or a token with a permanent key, is `InvalidSecurityToken.Malformed`.',
      source: ASSUMED,
      check: (probe) => isRefused(probe, withForeignToken(probe), 'InvalidSecurityToken.Malformed'),
    },
    {
      id: 'missing-token',
      statement: 'A temporary access key without its token is `MissingSecurityToken`.',
      source: documented('common errors'),
      check: async (probe) => {
        const { accessKeyId, accessKeySecret, securityToken } = keyOf(probe)
        if (securityToken === undefined) throw new NotReached('the access key is not temporary')
        await isRefused(probe, { accessKey: { accessKeyId, accessKeySecret } }, 'MissingSecurityToken')
      },
    },
    {
      id: 'expired-token',
      statement: 'An expired token is `InvalidSecurityToken.Expired`.',
      source: documented('common errors'),
      unreachable: 'a session lasts at least 15 minutes',
    },
    {
      id: 'unknown-operation',
      statement: 'An unknown operation is `InvalidAction.NotFound`.',
      source: documented('common errors'),
      check: async ({ client }) => {
        requireCode(await client.call('GetConformance'), 'InvalidAction.NotFound')
      },
    },
    {
      id: 'missing-operation',
      statement: 'A request that names no operation is `MissingAction`.',
      source: documented('common errors'),
      check: (probe) => isRefused(probe, inHeaders({ 'x-acs-action': '' }), 'MissingAction'),
    },
    {
      id: 'unknown-version',
      statement: 'An unknown version of the API is `InvalidVersion`.',
      source: ASSUMED,
      check: (probe) => isRefused(probe, { version: '2000-01-01' }, 'InvalidVersion'),
    },
    {
      id: 'unknown-product',
      statement: 'The host name of an unknown product is `InvalidProduct.NotFound`.',
      source: ASSUMED,
      unreachable: 'only the endpoint of the service is called',
    },
    {
      id: 'repeated-parameter',
      statement: 'A repeated parameter is `InvalidParameter`.',
      source: ASSUMED,
      check: (probe) => isRefused(probe, append(`&Sn=${probe.unknownSn}`), 'InvalidParameter'),
    },
    {
      id: 'broken-escape',
      statement: 'A broken percent escape is `InvalidParameter`.',
      source: ASSUMED,
      check: (probe) => isRefused(probe, append('&Note=%zz'), 'InvalidParameter'),
    },
    {
      id: 'plus-is-space',
      statement: '`+` in a query is a space.',
      source: { words: "assumed, because Alibaba Cloud's Go SDK sends it" },
      check: async ({ client, unknownSn }) => {
        const query = { Sn: unknownSn, Note: 'a b' }
        const answer = await client.call('GetCaCertificate', query, {
          afterSigning: (signed) => ({ ...signed, query: signed.query.replace('a%20b', 'a+b') }),
        })
        requireCode(answer, 'FindCaBySnError')
      },
    },
    {
      id: 'format',
      statement: 'Responses are JSON, whatever `Format` says.',
      source: SIMPLIFIED,
      check: async ({ client, unknownSn }) => {
        const { isJson } = await client.call('GetCaCertificate', { Sn: unknownSn, Format: 'XML' })
        requireThat(isJson, 'the service said something that is not JSON')
      },
    },
    {
      id: 'order-of-request-checks',
      statement:
        'The order of the checks: parameters readable, operation, method, signature complete, time, key, token, signature, nonce, flow control, RAM, instance, owner, edition. (Checked: method before time, and time, key, token, signature, instance.)',
      source: ASSUMED,
      check: async (probe) => {
        const late = { time: timeIn(20) }
        const { accessKey } = withUnknownKey()
        const unknownWithToken = { accessKey: { ...accessKey, securityToken: randomText(40) } }
        const { accessKey: foreign } = withForeignToken(probe)
        const foreignWithWrongSecret = { accessKey: { ...foreign, accessKeySecret: randomText(30) } }
        const elsewhere = { instanceId: unknownInstance() }
        await isRefused(probe, { ...late, method: 'POST' }, 'UnsupportedHTTPMethod')
        await isRefused(probe, { ...late, accessKey }, 'InvalidTimeStamp.Expired')
        await isRefused(probe, unknownWithToken, 'InvalidAccessKeyId.NotFound')
        await isRefused(probe, foreignWithWrongSecret, 'InvalidSecurityToken.Malformed')
        await isRefused(probe, { ...withWrongSecret(probe), ...elsewhere }, 'SignatureDoesNotMatch')
      },
    },
    {
      id: 'flow-control-of-account',
      statement: 'An account can make 500 calls a second. More are `Throttling.User`.',
      source: documented('GetRegisterCode'),
      unreachable: 'that many calls would disturb other users of the account',
    },
    {
      id: 'flow-control-of-operation',
      statement: 'The 500 calls count for each operation, in whole seconds.',
      source: ASSUMED,
      unreachable: 'that many calls would disturb other users of the account',
    },
    {
      id: 'unknown-instance',
      statement: 'An instance that does not exist is `MqttInstanceNotFound`.',
      source: documented('GetRegisterCode'),
      check: (probe) => isRefused(probe, { instanceId: unknownInstance() }, 'MqttInstanceNotFound'),
    },
    {
      id: 'instance-of-another-account',
      statement: 'An instance of another account is `MqttOwnerCheckError`.',
      source: documented('GetRegisterCode'),
      unreachable: 'it needs an instance of another account',
    },
    {
      id: 'missing-parameter',
      statement: 'A missing parameter is `ParameterFieldCheckFailed`.',
      source: documented('GetCaCertificate'),
      check: async ({ client }) => {
        requireCode(await client.call('GetCaCertificate'), 'ParameterFieldCheckFailed')
      },
    },
  ],
}

async function isRefused(probe: Probe, deviation: Deviation, code: string): Promise<void> {
  requireCode(await probe.look(deviation), code)
}

/** Checks that a request passes all checks of requests: only the serial number is unknown. */
async function passes(probe: Probe, deviation: Deviation): Promise<void> {
  await isRefused(probe, deviation, 'FindCaBySnError')
}

function keyOf({ client }: Probe) {
  const { accessKey } = client.service
  if (accessKey === undefined) throw new NotReached('there is no access key')
  return accessKey
}

function withWrongSecret(probe: Probe) {
  return { accessKey: { ...keyOf(probe), accessKeySecret: randomText(30) } }
}

function withUnknownKey() {
  return { accessKey: { accessKeyId: `LTAI5t${randomText(18)}`, accessKeySecret: randomText(30) } }
}

function withForeignToken(probe: Probe) {
  return { accessKey: { ...keyOf(probe), securityToken: randomText(40) } }
}

function append(text: string): Deviation {
  return { afterSigning: (signed) => ({ ...signed, query: signed.query + text }) }
}

/** Changes headers after the signature. */
function inHeaders(changes: Signed['headers']): Deviation {
  return { afterSigning: ({ query, headers }) => ({ query, headers: { ...headers, ...changes } }) }
}

function timeIn(minutes: number): string {
  return timeOf(new Date(Date.now() + minutes * MINUTE_MS))
}

function unknownInstance(): string {
  return `post-cn-${randomText(11)}`
}

/** Returns random hex digits. */
function randomText(length: number): string {
  return randomBytes(length).toString('hex').slice(0, length)
}
