import { createHmac } from 'node:crypto'
import type { Call } from '../call.ts'
import { ServiceError } from '../errors.ts'
import { canonicalQuery, encode } from '../parameters.ts'
import { missing, type SignedParts } from './signed-parts.ts'

/**
 * Reads a classic RPC signature: all of it in the parameters, made over all other parameters of query and form.
 *
 * @throws ServiceError `IncompleteSignature` when a part is missing
 * @see https://www.alibabacloud.com/help/en/sdk/product-overview/rpc-mechanism
 */
export function readRpc(call: Call): SignedParts {
  const required = (name: string): string => call.parameters.get(name) ?? missing(name)
  if (required('SignatureMethod') !== 'HMAC-SHA1' || required('SignatureVersion') !== '1.0') {
    throw new ServiceError('InvalidSignatureMethod')
  }
  const signed = new Map(call.parameters)
  signed.delete('Signature')
  return {
    accessKeyId: required('AccessKeyId'),
    securityToken: call.parameters.get('SecurityToken'),
    time: required('Timestamp'),
    nonce: required('SignatureNonce'),
    signature: Buffer.from(required('Signature'), 'base64'),
    stringToSign: `${call.method}&${encode('/')}&${encode(canonicalQuery(signed))}`,
    sign: (secret, text) => createHmac('sha1', `${secret}&`).update(text).digest(),
  }
}
