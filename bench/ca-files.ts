import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { makeCa, privateKeyPem, type Issued, type Kind } from '../testing/certificates.ts'

/** A CA with its certificate and key also in files, which the actions and openssl can read. */
export type CaFiles = Issued & { readonly kind: Kind; readonly file: string; readonly keyFile: string }

/** Makes a CA and writes its certificate and key to a folder. */
export async function writeCa(kind: Kind, folder: string): Promise<CaFiles> {
  const ca = await makeCa({ kind })
  const name = kind.replace(' ', '-')
  const [file, keyFile] = [join(folder, `${name}.pem`), join(folder, `${name}.key`)]
  writeFileSync(file, ca.pem)
  writeFileSync(keyFile, privateKeyPem(ca.key))
  return { ...ca, kind, file, keyFile }
}
