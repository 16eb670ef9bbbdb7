import { createHash, randomBytes } from 'node:crypto'
import type { StartupLine } from '../../emulator/run.ts'
import type { Check } from '../checks.ts'
import {
  KMS_VERSION,
  makeCall,
  refused,
  runPython,
  succeeded,
  type Client,
  type ClientCall,
  type Outcome,
} from './client.ts'

type Body = Readonly<Record<string, unknown>>

const CLIENTS: readonly (readonly [Client, string])[] = [
  ['kms', 'ACS3-HMAC-SHA256'],
  ['classic', 'classic HMAC-SHA1'],
  ['cli', 'aliyun CLI'],
]
const ALGORITHMS = { EC_P256: 'ECDSA_SHA_256', RSA_2048: 'RSA_PKCS1_SHA_256' } as const

/** Makes keys in KMS, reads them, signs with them, and tries what must be refused, with each client. */
export function checkKms(programs: string, info: StartupLine, clients: readonly Client[]): Check[] {
  return CLIENTS.filter(([client]) => clients.includes(client)).flatMap(([client, name]) => {
    const call = (
      operation: string,
      parameters: ClientCall['parameters'] = {},
      keys: ClientCall['keys'] = {},
    ): Outcome => makeCall({ client, operation, version: KMS_VERSION, parameters, keys }, info, programs)
    return (['EC_P256', 'RSA_2048'] as const).flatMap((spec) =>
      checkKey(call, spec, programs).map(
        ([check, ...rest]) => [`${name}, ${spec}: ${check}`, ...rest] as const,
      ),
    )
  })
}

function checkKey(
  call: (operation: string, parameters?: ClientCall['parameters'], keys?: ClientCall['keys']) => Outcome,
  spec: keyof typeof ALGORITHMS,
  programs: string,
): Check[] {
  const created = call('CreateKey', { KeySpec: spec, KeyUsage: 'SIGN/VERIFY' })
  // What is missing is found by the checks.
  const { KeyId = '', PrimaryKeyVersion = '' } = (created.body?.['KeyMetadata'] ?? {}) as Record<
    string,
    string
  >
  const version = { KeyId, KeyVersionId: PrimaryKeyVersion }
  const publicKey = call('GetPublicKey', version)
  const signing = { ...version, Algorithm: ALGORITHMS[spec], Digest: randomBytes(32).toString('base64') }
  const signed = call('AsymmetricSign', signing)
  const Value = String(signed.body?.['Value'])
  const Digest = createHash('sha256').update('something else').digest('base64')
  const isSigned = (digest: string): unknown =>
    runPython(
      'signature.py',
      { publicKey: publicKey.body?.['PublicKey'], digest, signature: Value },
      programs,
    )
  const refuses = (what: string, outcome: Outcome, code: string): Check =>
    refused(`AsymmetricSign: ${what}`, outcome, code)

  return [
    succeeded('CreateKey', created, ({ KeyMetadata }) => (KeyMetadata as Body)['KeySpec'] === spec),
    succeeded('DescribeKey', call('DescribeKey', { KeyId }), ({ KeyMetadata }) => {
      const { KeyUsage, KeyState } = KeyMetadata as Body
      return KeyUsage === 'SIGN/VERIFY' && KeyState === 'Enabled'
    }),
    succeeded('ListKeyVersions', call('ListKeyVersions', { KeyId }), ({ KeyVersions }) => {
      const { KeyVersion = [] } = KeyVersions as { KeyVersion?: readonly Body[] }
      return KeyVersion.length === 1 && KeyVersion[0]?.['KeyVersionId'] === PrimaryKeyVersion
    }),
    succeeded('GetPublicKey', publicKey, (body) => body['KeyVersionId'] === PrimaryKeyVersion),
    succeeded('AsymmetricSign: cryptography verifies', signed, () => isSigned(signing.Digest) === true),
    succeeded('AsymmetricSign: of this digest only', signed, () => isSigned(Digest) === false),
    ...([true, false] as const).map((expected) => {
      const parameters = { ...signing, Value, ...(!expected && { Digest }) }
      const isExpected = (body: Body): boolean => body['Value'] === expected
      return succeeded(`AsymmetricVerify: ${expected}`, call('AsymmetricVerify', parameters), isExpected)
    }),
    refuses(
      'a wrong secret',
      call('AsymmetricSign', signing, { accessKeySecret: 'wrong' }),
      'SignatureDoesNotMatch',
    ),
    refuses(
      'an unknown key',
      call('AsymmetricSign', { ...signing, KeyId: `${KeyId}0` }),
      'Forbidden.KeyNotFound',
    ),
    refuses('a short digest', call('AsymmetricSign', { ...signing, Digest: 'YQ==' }), 'InvalidParameter'),
    succeeded('DisableKey', call('DisableKey', { KeyId }), () => true),
    refuses('a disabled key', call('AsymmetricSign', signing), 'Rejected.Disabled'),
    succeeded('EnableKey', call('EnableKey', { KeyId }), () => true),
    succeeded('AsymmetricSign: an enabled key', call('AsymmetricSign', signing), (body) => 'Value' in body),
    succeeded(
      'ScheduleKeyDeletion',
      call('ScheduleKeyDeletion', { KeyId, PendingWindowInDays: 7 }),
      () => true,
    ),
    refuses('a key to be deleted', call('AsymmetricSign', signing), 'Rejected.PendingDeletion'),
  ]
}
