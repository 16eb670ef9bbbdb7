import { readFileSync } from 'node:fs'
import { log } from '../../src/runner/log.ts'
import { writeTemporaryFile } from '../../src/runner/outputs.ts'

/**
 * The file of CAs that later steps are to trust: the emulator's, and those that they would trust without it, as Node
 * takes one file only.
 *
 * @param ca.file with the emulator's CA
 * @param extraCaCerts the value of `NODE_EXTRA_CA_CERTS` up to now
 */
export function trustedFile(
  ca: { readonly file: string; readonly pem: string },
  extraCaCerts: string,
): string {
  if (extraCaCerts === '') return ca.file
  const before = readOrNothing(extraCaCerts)
  if (before === undefined) {
    // Node says so too, in each step, and goes on without it.
    log('Trust', `NODE_EXTRA_CA_CERTS named a file that cannot be read: ${extraCaCerts}`)
    return ca.file
  }
  return writeTemporaryFile({ name: 'emulator-trust', extension: 'pem', content: `${before}\n${ca.pem}` })
}

function readOrNothing(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return undefined
  }
}
