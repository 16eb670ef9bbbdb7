import { ServiceError } from '../errors.ts'

/** What a signed call says of its signer, whichever way it is signed. */
export type SignedParts = {
  readonly accessKeyId: string
  readonly securityToken: string | undefined
  /** As it was sent, e.g. `2024-05-01T08:00:00Z`. */
  readonly time: string
  readonly nonce: string
  readonly signature: Buffer
  /** What the signature must be made over, as worked out from the bytes received. */
  readonly stringToSign: string
  readonly sign: (secret: string, stringToSign: string) => Buffer
}

/** @throws ServiceError always */
export function missing(part: string): never {
  throw new ServiceError('IncompleteSignature', {
    message: `The request signature does not conform to Aliyun standards. Missing: ${part}.`,
  })
}
