import { createHash, createPublicKey, randomBytes, randomUUID, verify } from 'node:crypto'
import { isDocumented, statusOf } from '../../emulator/service/errors.ts'
import { isRecord, textIn } from '../../src/attempts/response.ts'
import { signRpc } from '../../testing/signed-request.ts'
import type { Answer, Deviation } from '../client.ts'
import { ASSUMED, documented, readIn, SIMPLIFIED, type Entry, type Part } from '../entry.ts'
import { requireCode, requireSuccess, requireThat, type Fields, type Probe } from '../probe.ts'
import { differenceIn, missingInEnvelope } from './errors.ts'

const OPERATIONS = ['DescribeKey', 'ListKeyVersions', 'GetPublicKey', 'AsymmetricSign']
const ECDSA = 'ECDSA_SHA_256'
const RSA = 'RSA_PKCS1_SHA_256'
const DIGEST_BYTES = 32
const CHANGES_A_KEY = 'no check changes a key'
const NEEDS_RAM = 'it needs a user and policies of its own in RAM'

const ENTRIES: readonly Entry[] = [
  {
    id: 'kms-acs3-signature',
    statement: 'KMS accepts requests that are signed in their headers, with `ACS3-HMAC-SHA256`.',
    source: documented('signature in headers'),
    check: async (probe) => {
      await describe(probe)
    },
  },
  {
    id: 'kms-rpc-signature',
    statement: 'KMS accepts requests that are signed in their query, with `HMAC-SHA1`.',
    source: documented('signature in the query'),
    check: async (probe) => {
      await describe(probe, { sign: signRpc })
    },
  },
  {
    id: 'kms-key-metadata',
    statement:
      '`KeyMetadata` has `KeyId`, `Arn`, `KeySpec`, `KeyUsage`, `KeyState` and `ProtectionLevel` as texts.',
    source: documented('DescribeKey'),
    check: async (probe) => {
      const metadata = await describe(probe)
      const fields = ['KeyId', 'Arn', 'KeySpec', 'KeyUsage', 'KeyState', 'ProtectionLevel']
      const missing = fields.filter((field) => textIn(metadata, field) === undefined)
      requireThat(missing.length === 0, `without ${missing.join(', ')}`)
      const spec = String(metadata['KeySpec'])
      probe.note(`${spec}, ${String(metadata['ProtectionLevel'])}`)
      if (spec.startsWith('EC_P256')) probe.learn('kmsAlgorithm', ECDSA)
      if (spec.startsWith('RSA_')) probe.learn('kmsAlgorithm', RSA)
    },
  },
  {
    id: 'kms-primary-version',
    statement: '`KeyMetadata` has `PrimaryKeyVersion` for an asymmetric key, too.',
    source: { ...documented('DescribeKey'), words: 'documented for symmetric keys' },
    check: async (probe) => {
      const id = textIn(await describe(probe), 'PrimaryKeyVersion')
      requireThat(id !== undefined, 'there is no PrimaryKeyVersion')
    },
  },
  {
    id: 'kms-key-versions',
    statement:
      '`ListKeyVersions` returns `KeyVersions.KeyVersion`, each with a `KeyVersionId`, and `TotalCount`.',
    source: documented('ListKeyVersions'),
    check: async (probe) => {
      const answer = await probe.askKms('ListKeyVersions', { PageNumber: '1', PageSize: '100' })
      requireSuccess(answer)
      const { KeyVersions: list, TotalCount: total } = answer.body
      const versions: unknown = isRecord(list) ? list['KeyVersion'] : undefined
      const [first] = Array.isArray(versions) ? (versions as unknown[]) : []
      const id = isRecord(first) ? textIn(first, 'KeyVersionId') : undefined
      if (id !== undefined) probe.learn('kmsVersionId', id)
      requireThat(id !== undefined, 'there is no KeyVersionId')
      requireThat(typeof total === 'number', 'TotalCount is not a number')
    },
  },
  {
    id: 'kms-public-key',
    statement: '`PublicKey` is the PEM text of a SubjectPublicKeyInfo.',
    source: documented('GetPublicKey'),
    check: async (probe) => {
      const answer = await probe.askKms('GetPublicKey', versionOf(probe))
      requireSuccess(answer)
      const pem = textIn(answer.body, 'PublicKey') ?? ''
      requireThat(pem.startsWith('-----BEGIN PUBLIC KEY-----\n'), 'it does not begin as such a text does')
      try {
        probe.learn('kmsPublicKey', createPublicKey(pem))
      } catch {
        requireThat(false, 'Node.js cannot read it')
      }
    },
  },
  {
    id: 'kms-signature',
    statement:
      'A signature of ECDSA is DER, and one of RSA is PKCS #1, in base64. It verifies with the public key.',
    source: { ...documented('AsymmetricSign'), words: 'documented, but not that it is DER' },
    check: async (probe) => {
      const publicKey = probe.known('kmsPublicKey')
      const bytes = randomBytes(DIGEST_BYTES)
      const digest = createHash('sha256').update(bytes).digest()
      const answer = await sign(probe, { digest })
      requireSuccess(answer)
      const signature = Buffer.from(textIn(answer.body, 'Value') ?? '', 'base64')
      requireThat(verify('sha256', bytes, publicKey, signature), 'it does not verify')
    },
  },
  {
    id: 'kms-methods',
    statement: '`GetPublicKey` and `AsymmetricSign` accept `GET` and `POST`.',
    source: readIn("Alibaba Cloud's API metadata"),
    check: async (probe) => {
      for (const method of ['GET', 'POST'] as const) {
        requireSuccess(await probe.askKms('GetPublicKey', versionOf(probe), { method }))
        requireSuccess(await sign(probe, { deviation: { method } }))
      }
    },
  },
  {
    id: 'kms-digest-length',
    statement: 'A digest that does not have 32 bytes is `InvalidParameter`.',
    source: ASSUMED,
    check: async (probe) => {
      for (const length of [DIGEST_BYTES - 1, 48]) {
        requireCode(await sign(probe, { digest: randomBytes(length) }), 'InvalidParameter')
      }
    },
  },
  {
    id: 'kms-other-algorithm',
    statement: 'An algorithm that the key does not have is `InvalidParameter`.',
    source: ASSUMED,
    check: async (probe) => {
      const algorithm = probe.known('kmsAlgorithm') === RSA ? ECDSA : RSA
      requireCode(await sign(probe, { algorithm }), 'InvalidParameter')
    },
  },
  {
    id: 'kms-unknown-key',
    statement: 'A key that does not exist is `Forbidden.KeyNotFound`, with status 404.',
    source: documented('KMS errors'),
    check: async (probe) => {
      const answer = await probe.askKms('DescribeKey', { KeyId: randomUUID() })
      requireCode(answer, 'Forbidden.KeyNotFound')
      requireThat(answer.status === 404, `the status is ${answer.status}`)
    },
  },
  {
    id: 'kms-unknown-alias',
    statement: 'An alias that does not exist is `Forbidden.AliasNotFound`.',
    source: documented('KMS errors'),
    check: async (probe) => {
      const KeyId = `alias/${probe.name}`
      requireCode(await probe.askKms('DescribeKey', { KeyId }), 'Forbidden.AliasNotFound')
    },
  },
  {
    id: 'kms-unknown-version',
    statement: 'A version that the key does not have is `Forbidden.KeyVersionNotFound`.',
    source: documented('KMS errors'),
    check: async (probe) => {
      const answer = await probe.askKms('GetPublicKey', { KeyVersionId: randomUUID() })
      requireCode(answer, 'Forbidden.KeyVersionNotFound')
    },
  },
  {
    id: 'kms-missing-parameter',
    statement: 'A missing parameter is `MissingParameter`.',
    source: documented('KMS errors'),
    check: async (probe) => {
      requireCode(await probe.askKms('GetPublicKey'), 'MissingParameter')
    },
  },
  {
    id: 'kms-disabled',
    statement: 'A disabled key does not sign, nor show its public key: `Rejected.Disabled`, with status 409.',
    source: documented('KMS errors'),
    unreachable: CHANGES_A_KEY,
  },
  {
    id: 'kms-pending-deletion',
    statement:
      'A key that waits for its deletion, or for its import, does not sign: `Rejected.PendingDeletion`, `Rejected.PendingImport`.',
    source: documented('KMS errors'),
    unreachable: CHANGES_A_KEY,
  },
  {
    id: 'kms-fixed-states',
    statement:
      'A key that waits for its deletion cannot be enabled, disabled, deleted again or given an alias, and one that waits for its import cannot be enabled or disabled: `Rejected.StateModifiedFailed`, with status 409.',
    source: documented('KMS key states'),
    unreachable: CHANGES_A_KEY,
  },
  {
    id: 'kms-symmetric',
    statement: 'A symmetric key gets no version by hand: `Rejected.UnsupportedOperation`.',
    source: documented('KMS errors'),
    unreachable: CHANGES_A_KEY,
  },
  {
    id: 'kms-temporary-errors',
    statement:
      '`InternalFailure` and `ServiceUnavailableTemporary` pass. The emulator returns them only if it is told to.',
    source: documented('KMS errors'),
    unreachable: 'no request makes KMS fail',
  },
  {
    id: 'kms-aliases',
    statement:
      'An alias names one key in its account and region; another key cannot have it: `AliasAlreadyExists`.',
    source: documented('KMS errors'),
    unreachable: CHANGES_A_KEY,
  },
  {
    id: 'kms-new-version',
    statement:
      'An asymmetric key that is enabled can have up to 50 versions, and `Rejected.LimitExceeded` refuses more. The service wants seven days between two, the emulator does not.',
    source: SIMPLIFIED,
    unreachable: CHANGES_A_KEY,
  },
  {
    id: 'kms-dry-run',
    statement:
      'With `DryRun`, `GetPublicKey`, `AsymmetricSign` and `AsymmetricVerify` check everything, and fail with `DryRunOperationError`. Its status is assumed. (Checked: the first two.)',
    source: readIn('`alibabacloud-kms20160120`'),
    check: async (probe) => {
      const query = { ...versionOf(probe), DryRun: 'true' }
      const digest = {
        Algorithm: probe.known('kmsAlgorithm'),
        Digest: randomBytes(DIGEST_BYTES).toString('base64'),
      }
      requireCode(await probe.askKms('GetPublicKey', query), 'DryRunOperationError')
      requireCode(await probe.askKms('AsymmetricSign', { ...query, ...digest }), 'DryRunOperationError')
    },
  },
  {
    id: 'kms-key-policy',
    statement: 'A denial by the policy of the key is `Forbidden.NoPermission`, as one by RAM.',
    source: ASSUMED,
    unreachable: CHANGES_A_KEY,
  },
  {
    id: 'kms-ram-denial',
    statement:
      'A denial by RAM is `Forbidden.NoPermission`, with status 403. The actions are `kms:` and the name of the operation, on `acs:kms:{region}:{account}:key/{key}`.',
    source: documented('KMS errors'),
    unreachable: NEEDS_RAM,
  },
  {
    id: 'kms-get-public-key-permission',
    statement: '`GetPublicKey` needs `kms:GetPublicKey`. A newer page says that it needs no permission.',
    source: ASSUMED,
    unreachable: NEEDS_RAM,
  },
  {
    id: 'kms-not-public',
    statement:
      'A key in a KMS instance without Internet access is `UnsupportedOperation` outside of its VPC, for `GetPublicKey` and `AsymmetricSign`.',
    source: documented('KMS errors'),
    unreachable: 'it needs a KMS instance without Internet access',
  },
  {
    id: 'kms-flow-control',
    statement: 'An account can sign 200 times a second. More is `Rejected.Throttling`, with status 429.',
    source: documented('AsymmetricSign'),
    unreachable: 'that many calls would disturb other users of the account',
  },
  {
    id: 'kms-flow-control-of-others',
    statement: 'The 200 calls count for each operation of KMS, in whole seconds.',
    source: ASSUMED,
    unreachable: 'that many calls would disturb other users of the account',
  },
  {
    id: 'kms-other-algorithms',
    statement:
      'The emulator signs with `RSA_PKCS1_SHA_256` and `ECDSA_SHA_256` only: an `RSA_PSS` algorithm, and SM2, are `InvalidParameter`.',
    source: SIMPLIFIED,
    unreachable: 'the service signs with them',
  },
  {
    id: 'kms-order-of-checks',
    statement:
      'The order of the checks: signature, flow control, `KeyId`, RAM, key, its policy, Internet access, state, version, usage, digest, algorithm. (Checked: key, version, digest.)',
    source: ASSUMED,
    check: async (probe) => {
      const noVersion = { KeyVersionId: randomUUID() }
      const bad = { ...noVersion, Algorithm: probe.known('kmsAlgorithm'), Digest: 'AAAA' }
      const noKey = { ...bad, KeyId: randomUUID() }
      requireCode(await probe.askKms('AsymmetricSign', noKey), 'Forbidden.KeyNotFound')
      requireCode(await probe.askKms('AsymmetricSign', bad), 'Forbidden.KeyVersionNotFound')
    },
  },
  {
    id: 'kms-error-envelope',
    statement: 'An error of KMS is JSON with `RequestId`, `HostId`, `Code` and `Message`.',
    source: ASSUMED,
    check: differenceIn(missingInEnvelope, OPERATIONS),
  },
  {
    id: 'kms-error-statuses',
    statement: 'The errors of KMS have the statuses of its common error codes.',
    source: documented('KMS errors'),
    check: differenceIn(({ code = '', status }) => {
      if (!isDocumented(code) || status === statusOf(code, 'documented')) return ''
      return `has the status ${status}`
    }, OPERATIONS),
  },
]

/** Keys in KMS. The checks read one key, and sign random digests with it. The last ones are about all their answers. */
export const KMS: Part = { title: 'KMS', entries: ENTRIES.map(needingKey) }

function needingKey(entry: Entry): Entry {
  if (!('check' in entry)) return entry
  const check = async (probe: Probe): Promise<void> => {
    probe.requireKmsKey()
    await entry.check(probe)
  }
  return { ...entry, check }
}

/** Reads the key's description. */
async function describe(probe: Probe, deviation: Deviation = {}): Promise<Fields> {
  const answer = await probe.askKms('DescribeKey', {}, deviation)
  requireSuccess(answer)
  const { KeyMetadata } = answer.body
  requireThat(isRecord(KeyMetadata), 'the service sent no KeyMetadata')
  return isRecord(KeyMetadata) ? KeyMetadata : {}
}

function versionOf(probe: Probe) {
  return { KeyVersionId: probe.known('kmsVersionId') }
}

/** Asks for the signature of a digest, by default a random one. */
async function sign(
  probe: Probe,
  options: { readonly digest?: Buffer; readonly algorithm?: string; readonly deviation?: Deviation },
): Promise<Answer> {
  const { digest = randomBytes(DIGEST_BYTES), algorithm = probe.known('kmsAlgorithm'), deviation } = options
  const query = { ...versionOf(probe), Algorithm: algorithm, Digest: digest.toString('base64') }
  return await probe.askKms('AsymmetricSign', query, deviation)
}
