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
    return {
      id: word(metadata, 'KeyId', response),
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
    ids.push(...found)
    if (found.length < PAGE_SIZE) break
  }
  return ids
}

function readVersions(response: ApiResponse): string[] {
  const versions = isRecord(response['KeyVersions']) ? response['KeyVersions']['KeyVersion'] : undefined
  if (!Array.isArray(versions)) throw broken('responded without the versions of the key', response)
  return versions.map((version: unknown) => word(isRecord(version) ? version : {}, 'KeyVersionId', response))
}

/**
 * Gets the public key of a version.
 *
 * @throws ActionError
 * @see https://www.alibabacloud.com/help/en/kms/key-management-service/developer-reference/api-kms-2016-01-20-getpublickey
 */
export async function getPublicKey(kms: Kms, { keyId, versionId }: KeyVersion): Promise<KeyObject> {
  return await ask(kms, 'GetPublicKey', { KeyId: keyId, KeyVersionId: versionId }, (response) => {
    const pem = required(response, 'PublicKey', response)
    // A private key would be accepted too, and must not be: nobody may send one.
    if (pem.includes('PRIVATE')) throw broken('responded with something that is not a public key', response)
    try {
      return createPublicKey(pem)
    } catch {
      throw broken('responded with a public key that cannot be read', response)
    }
  })
}

/**
 * Signs the SHA-256 digest of bytes.
 *
 * @param algorithm of KMS, for example `ECDSA_SHA_256`
 * @returns the signature; DER with EC
 * @throws ActionError
 * @see https://www.alibabacloud.com/help/en/kms/key-management-service/developer-reference/api-kms-2016-01-20-asymmetricsign
 */
export async function asymmetricSign(
  kms: Kms,
  { keyId, versionId }: KeyVersion,
  { algorithm, bytes }: { readonly algorithm: string; readonly bytes: Uint8Array },
): Promise<Buffer> {
  const digest = createHash('sha256').update(bytes).digest('base64')
  const query = { KeyId: keyId, KeyVersionId: versionId, Algorithm: algorithm, Digest: digest }
  return await ask(kms, 'AsymmetricSign', query, (response) =>
    Buffer.from(required(response, 'Value', response), 'base64'),
  )
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
