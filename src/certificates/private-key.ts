import { createPrivateKey, type KeyObject } from 'node:crypto'
import { ActionError } from '../errors.ts'
import { blocksIn, wrongBlock, type PemBlock, type PemText } from './pem.ts'

/** A passphrase, empty when there is none, and the input it came from. */
export type Passphrase = { readonly input: string; readonly value: string }

/** The ciphers of OpenSSL's old encrypted form that Node still reads. */
const READABLE_CIPHER = /^(AES|CAMELLIA|ARIA)-|^DES-EDE3/

/**
 * Reads the first private key of a PEM text: PKCS#8, PKCS#1 or SEC1, plain or encrypted (PKCS#8's way or OpenSSL's
 * old one). A passphrase for a key that is not encrypted is not looked at.
 *
 * @throws ActionError when there is none, its passphrase is missing or wrong, or it cannot be read
 */
export function readPrivateKey(pem: PemText, passphrase: Passphrase): KeyObject {
  const block = blocksIn(pem.text).find(({ label }) => label.endsWith('PRIVATE KEY'))
  if (block === undefined) throw wrongBlock(pem, 'a private key')
  if (block.label === 'OPENSSH PRIVATE KEY') throw unreadableForm(pem.input, "in OpenSSH's own form")
  const isEncrypted = block.label === 'ENCRYPTED PRIVATE KEY' || block.cipher !== undefined
  return isEncrypted ? decrypt(block, pem.input, passphrase) : parse(block, pem.input)
}

function decrypt(block: PemBlock, input: string, passphrase: Passphrase): KeyObject {
  if (block.cipher !== undefined && !READABLE_CIPHER.test(block.cipher)) {
    throw unreadableForm(input, `encrypted with ${block.cipher}`)
  }
  if (passphrase.value === '') {
    throw new ActionError({
      what: `The private key in ${input} is encrypted, and ${passphrase.input} is missing`,
      fix: `Give its passphrase as ${passphrase.input}, from the secrets of the repository.`,
    })
  }
  try {
    return createPrivateKey({ key: block.pem, passphrase: passphrase.value })
  } catch (cause) {
    // Of 256 wrong passphrases one decrypts to something that looks whole, and fails in another way than the rest.
    throw new ActionError({
      what: `The private key in ${input} could not be decrypted with ${passphrase.input}`,
      fix: 'Check that it is the passphrase of this key. If it is, the key is damaged or encrypted in a way that Node.js does not read: write it anew with openssl pkcs8 -topk8 -v2 aes-256-cbc.',
      cause,
    })
  }
}

function parse(block: PemBlock, input: string): KeyObject {
  try {
    return createPrivateKey(block.pem)
  } catch (cause) {
    throw new ActionError({
      what: `The private key in ${input} cannot be read`,
      fix: 'It looks damaged: check that all of it was copied. openssl pkey -check says more.',
      cause,
    })
  }
}

function unreadableForm(input: string, form: string): ActionError {
  return new ActionError({
    what: `The private key in ${input} is ${form}, which Node.js does not read`,
    fix: 'Convert it: openssl pkcs8 -topk8 -v2 aes-256-cbc, or ssh-keygen -p -m PKCS8 for a key of OpenSSH.',
  })
}
