import { createPublicKey, type KeyObject } from 'node:crypto'
import { ActionError } from '../errors.ts'
import { readCertificate } from './certificate.ts'
import { blocksIn, wrongBlock, type PemText } from './pem.ts'

/**
 * Reads a public key: the key itself, or that of a certificate. A private key is refused, although it contains
 * the public one: where this is asked for, the private one does not belong.
 *
 * @throws ActionError when there is none, or a private key
 */
export function readPublicKey(pem: PemText): KeyObject {
  const blocks = blocksIn(pem.text)
  const block = blocks.find(({ label }) => label.endsWith('PUBLIC KEY'))
  const hasPrivateKey = blocks.some(({ label }) => label.endsWith('PRIVATE KEY'))
  if (hasPrivateKey) throw wrongBlock(pem, 'a public key, or a certificate, and no private key')
  if (block === undefined) return readCertificate(pem).publicKey
  try {
    return createPublicKey(block.pem)
  } catch (cause) {
    throw new ActionError({
      what: `The public key in ${pem.input} cannot be read`,
      fix: 'It looks damaged: check that all of it was copied. openssl pkey -pubin -check says more.',
      cause,
    })
  }
}
