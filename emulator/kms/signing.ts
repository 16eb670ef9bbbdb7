import { constants, createPublicKey, privateEncrypt, publicDecrypt, type KeyObject } from 'node:crypto'
import { ServiceError } from '../service/errors.ts'
import type { Operation } from '../service/service.ts'
import { der, isSignatureOf, raw, signDigest, type Curve } from './ecdsa.ts'
import { CURVES, type KeyVersion, type KmsKey } from './keys.ts'
import { invalid, onKey, type KmsRequest } from './on-key.ts'

const DIGEST_BYTES = 32
/** DER before a SHA-256 digest in a signature of PKCS #1, RFC 8017 section 9.2. */
const DIGEST_INFO = Buffer.from('3031300d060960864801650304020105000420', 'hex')
const PADDING = { padding: constants.RSA_PKCS1_PADDING }

export const getPublicKey = onVersion('kms:GetPublicKey', ({ key, version }) => {
  if (key.spec === 'Aliyun_AES_256') throw new ServiceError('UnsupportedOperation')
  return { PublicKey: version.publicKey }
})

/** @see https://www.alibabacloud.com/help/en/kms/key-management-service/developer-reference/api-kms-2016-01-20-asymmetricsign */
export const asymmetricSign = onVersion('kms:AsymmetricSign', (request) => {
  const { version, service } = request
  const { digest, curve } = readSigning(request)
  const encode = service.world.ecdsaFormat === 'raw' ? raw : der
  const signature =
    curve === undefined
      ? privateEncrypt({ key: version.privateKey, ...PADDING }, Buffer.concat([DIGEST_INFO, digest]))
      : encode(signDigest(curve, numberOf(version.privateKey), digest))
  return { Value: signature.toString('base64') }
})

export const asymmetricVerify = onVersion('kms:AsymmetricVerify', (request) => {
  const { version, required } = request
  const { digest, curve } = readSigning(request)
  const signature = Buffer.from(required('Value'), 'base64')
  const isValid =
    curve === undefined
      ? isRsaSignature(version.privateKey, digest, signature)
      : isSignatureOf(curve, numberOf(version.privateKey), digest, signature)
  return { Value: isValid }
})

type VersionRequest = KmsRequest & { readonly key: KmsKey; readonly version: KeyVersion }

/** Makes an operation on a version of a key. The answer names both. A dry run checks all, and is refused at the end. */
function onVersion(ramAction: string, run: (request: VersionRequest) => Record<string, unknown>): Operation {
  return onKey(
    ramAction,
    (request) => {
      const { key, parameter, required } = request
      const id = required('KeyVersionId')
      const version = key.versions.find((one) => one.id === id)
      if (version === undefined) throw new ServiceError('Forbidden.KeyVersionNotFound')
      const body = run({ ...request, version })
      if (parameter('DryRun') === 'true') throw new ServiceError('DryRunOperationError')
      return { KeyId: key.id, KeyVersionId: id, ...body }
    },
    { isCryptographic: true },
  )
}

function readSigning({ key: { spec, usage }, required }: VersionRequest): {
  readonly digest: Buffer
  /** `undefined` for RSA. */
  readonly curve: Curve | undefined
} {
  if (usage !== 'SIGN/VERIFY' || spec === 'Aliyun_AES_256') throw new ServiceError('UnsupportedOperation')
  const text = required('Digest')
  const digest = Buffer.from(text, 'base64')
  if (digest.length !== DIGEST_BYTES || digest.toString('base64') !== text) invalid('Digest')
  const isEc = spec === 'EC_P256' || spec === 'EC_P256K'
  if (required('Algorithm') !== (isEc ? 'ECDSA_SHA_256' : 'RSA_PKCS1_SHA_256') || spec === 'EC_SM2') {
    invalid('Algorithm')
  }
  return { digest, curve: isEc ? CURVES[spec] : undefined }
}

function numberOf(privateKey: KeyObject): bigint {
  const { d = '' } = privateKey.export({ format: 'jwk' })
  return BigInt(`0x${Buffer.from(d, 'base64url').toString('hex')}`)
}

function isRsaSignature(privateKey: KeyObject, digest: Buffer, signature: Buffer): boolean {
  try {
    const signed = publicDecrypt({ key: createPublicKey(privateKey), ...PADDING }, signature)
    return signed.equals(Buffer.concat([DIGEST_INFO, digest]))
  } catch {
    return false
  }
}
