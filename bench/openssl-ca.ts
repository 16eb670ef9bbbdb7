import { spawnSync } from 'node:child_process'
import { join } from 'node:path'

/** Kinds of CA key, and what openssl makes one of. */
export const KINDS = {
  'EC P-256': 'ec -pkeyopt ec_paramgen_curve:P-256',
  'EC P-384': 'ec -pkeyopt ec_paramgen_curve:P-384',
  'EC P-521': 'ec -pkeyopt ec_paramgen_curve:P-521',
  'RSA 2048': 'rsa:2048',
  'RSA 4096': 'rsa:4096',
  'RSA 8192': 'rsa:8192',
} as const
export type Kind = keyof typeof KINDS

export type Ca = { readonly kind: Kind; readonly file: string; readonly keyFile: string }

/** Makes a CA and its key, both in files of this folder. */
export function makeCa(kind: Kind, folder: string): Ca {
  const name = kind.replace(' ', '-')
  const [file, keyFile] = [join(folder, `${name}.pem`), join(folder, `${name}.key`)]
  const args = `req -x509 -newkey ${KINDS[kind]} -nodes -keyout ${keyFile} -out ${file} -days 365 -sha256 -subj /CN=Bench`
  const { status, stderr } = spawnSync('openssl', args.split(' '), { encoding: 'utf8' })
  if (status !== 0) throw new Error(`openssl made no CA: ${stderr}`)
  return { kind, file, keyFile }
}
