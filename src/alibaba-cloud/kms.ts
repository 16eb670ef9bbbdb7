import { createHash, createPublicKey, type KeyObject } from 'node:crypto'
import { AttemptError } from '../attempts/failures.ts'
import { isRecord, requestIdIn, textIn } from '../attempts/response.ts'
import { call } from './call.ts'
import type { ApiResponse, Service } from './client.ts'
import { KMS_ERRORS } from './kms-errors.ts'

/** The API's version. */
const VERSION = '2016-01-20'
const PAGE_SIZE = 100
/** A key has up to 50 versions. */
const MAX_PAGES = 10

/** KMS in one region. */
export type Kms = {
  readonly service: Service
  /** Only for messages. */
  readonly regionId: string | undefined
}

/** A key as KMS describes it. */
export type KeyDescription = {
  /** The ID, also if the key was asked for by its alias. */
  readonly id: string
  /** For example `EC_P256`. */
  readonly spec: string
  /** For example `SIGN/VERIFY`. */
  readonly usage: string
  /** For example `Enabled`. */
  readonly state: string
  readonly primaryVersionId: string | undefined
}

/** A version of a key: each has a key pair of its own. */
export type KeyVersion = { readonly keyId: string; readonly versionId: string }

/**
 * Looks a key up.
 *
 * @param keyId an ID or `alias/NAME`
 * @throws ActionError
 * @see https://www.alibabacloud.com/help/en/kms/key-management-service/developer-reference/api-kms-2016-01-20-describekey
 */
export async function describeKey(kms: Kms, keyId: string): Promise<KeyDescription> {
  return await ask(kms, 'DescribeKey', { KeyId: keyId }, (response) => {
    const metadata = isRecord(response['KeyMetadata']) ? response['KeyMetadata'] : {}
    const id = word(metadata, 'KeyId', response)
    if (id !== keyId && !keyId.startsWith('alias/')) throw broken('responded about another key', response)
    return {
      id,
      spec: word(metadata, 'KeySpec', response),
      usage: word(metadata, 'KeyUsage', response),
      state: word(metadata, 'KeyState', response),
      primaryVersionId: textIn(metadata, 'PrimaryKeyVersion'),
    }
  })
}

/**
 * Lists the IDs of all versions of a key.
 *
 * @throws ActionError
 * @see https://www.alibabacloud.com/help/en/kms/key-management-service/developer-reference/api-kms-2016-01-20-listkeyversions
 */
export async function listKeyVersions(kms: Kms, keyId: string): Promise<string[]> {
  const ids: string[] = []
  for (let page = 1; page <= MAX_PAGES; page++) {
    const query = { KeyId: keyId, PageNumber: String(page), PageSize: String(PAGE_SIZE) }
    const found = await ask(kms, 'ListKeyVersions', query, readVersions)
    ids.push(...found.ids)
    if (found.ids.length === 0 || ids.length >= found.total) break
  }
  return ids
}

/** The pages of a service that allows fewer on each are read on, as long as its total says so. */
function readVersions(response: ApiResponse): { readonly ids: string[]; readonly total: number } {
  const versions = isRecord(response['KeyVersions']) ? response['KeyVersions']['KeyVersion'] : undefined
  const total = Number(response['TotalCount'] ?? 0)
  if (!Array.isArray(versions) || (versions.length === 0 && !(total > 0))) {
    throw broken('responded without the versions of the key', response)
  }
  const ids = versions.map((version: unknown) =>
    word(isRecord(version) ? version : {}, 'KeyVersionId', response),
  )
  return { ids, total }
}

/**
 * Gets the public key of a version.
 *
 * @param fits whether it is of the kind that the key spec says
 * @throws ActionError
 * @see https://www.alibabacloud.com/help/en/kms/key-management-service/developer-reference/api-kms-2016-01-20-getpublickey
 */
export async function getPublicKey(
  kms: Kms,
  { keyId, versionId }: KeyVersion,
  fits: (key: KeyObject) => boolean,
): Promise<KeyObject> {
  return await ask(kms, 'GetPublicKey', { KeyId: keyId, KeyVersionId: versionId }, (response) => {
    const key = readPublicKey(required(response, 'PublicKey', response))
    if (key === undefined) throw broken('responded with something that is not a public key', response)
    if (!fits(key)) throw broken('responded with a public key that does not fit the key spec', response)
    return key
  })
}

/** Node would also accept a certificate, or a private key, which nobody may send. */
function readPublicKey(pem: string): KeyObject | undefined {
  if (!pem.trimStart().startsWith('-----BEGIN PUBLIC KEY-----')) return undefined
  try {
    return createPublicKey(pem)
  } catch {
    return undefined
  }
}

/**
 * Signs the SHA-256 digest of bytes.
 *
 * @param options.algorithm of KMS, for example `ECDSA_SHA_256`
 * @param options.isValid checks a signature: a wrong one is a broken response, and is asked for again
 * @returns the signature; DER with EC
 * @throws ActionError
 * @see https://www.alibabacloud.com/help/en/kms/key-management-service/developer-reference/api-kms-2016-01-20-asymmetricsign
 */
export async function asymmetricSign(
  kms: Kms,
  { keyId, versionId }: KeyVersion,
  options: {
    readonly algorithm: string
    readonly bytes: Uint8Array
    readonly isValid: (signature: Buffer) => boolean
  },
): Promise<Buffer> {
  const { algorithm, bytes, isValid } = options
  const digest = createHash('sha256').update(bytes).digest('base64')
  const query = { KeyId: keyId, KeyVersionId: versionId, Algorithm: algorithm, Digest: digest }
  return await ask(kms, 'AsymmetricSign', query, (response) => {
    const signature = Buffer.from(required(response, 'Value', response), 'base64')
    if (isValid(signature)) return signature
    throw broken('responded with a signature that is not one of the key', response)
  })
}

/** Makes a call. All of them change nothing, so each is repeated after a lost response. */
async function ask<T>(
  { service, regionId = 'this region' }: Kms,
  operation: string,
  query: { readonly KeyId: string; readonly KeyVersionId?: string },
  read: (response: ApiResponse) => T,
): Promise<T> {
  const { KeyId: key, KeyVersionId: version = '' } = query
  const id = key.startsWith('alias/') ? `KEY_ID (of ${key})` : key
  const { result } = await call(service, {
    request: { operation, version: VERSION, method: 'GET', query },
    read,
    errors: KMS_ERRORS,
    subject: {
      ramAction: `kms:${operation}`,
      resource: `acs:kms:${regionId === 'this region' ? '*' : regionId}:*:key/${id}`,
      region: regionId,
      key,
      version,
    },
  })
  return result
}

/** Returns a name from a response. It becomes part of log, summary and report. */
function word(record: Readonly<Record<string, unknown>>, name: string, response: ApiResponse): string {
  const value = required(record, name, response)
  if (/^[\w./:-]{1,200}$/.test(value)) return value
  throw broken(`responded with an invalid ${name}`, response)
}

function required(record: Readonly<Record<string, unknown>>, name: string, response: ApiResponse): string {
  const value = textIn(record, name)
  if (value !== undefined) return value
  throw broken(`responded without ${name}`, response)
}

function broken(what: string, response: ApiResponse): AttemptError {
  return new AttemptError({ kind: 'broken-response', what, requestId: requestIdIn(response) })
}
