import type { KeyObject } from 'node:crypto'

/** A private key as PEM, encrypted when there is a passphrase. */
export function pem(key: KeyObject, passphrase?: string): string {
  const plain = { type: 'pkcs8', format: 'pem' } as const
  return key
    .export(passphrase === undefined ? plain : { ...plain, cipher: 'aes-256-cbc', passphrase })
    .toString()
}

/** As it is best kept in a secret: with the two characters `\n` for each line end. */
export function inOneLine(text: string): string {
  return text.replaceAll('\n', '\\n')
}
