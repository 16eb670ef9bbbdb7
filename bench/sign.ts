import { randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { byTurns } from './by-turns.ts'
import { compared, type Figure } from './figures.ts'
import { makeCa } from './openssl-ca.ts'

const action = join(dirname(import.meta.dirname), 'dist/sign/index.js')

/** What making a verification certificate costs, against openssl in a shell, the one that a workflow's `run` gets. */
export async function benchSign(rounds: number): Promise<readonly Figure[]> {
  const folder = mkdtempSync(join(tmpdir(), 'bench-'))
  try {
    const ca = makeCa('EC P-256', folder)
    const registerCode = `${randomUUID()}2089123456`
    const costs = await byTurns(
      [
        {
          program: process.execPath,
          args: [action],
          env: {
            RUNNER_TEMP: folder,
            'INPUT_REGISTER-CODE': registerCode,
            'INPUT_CA-CERTIFICATE': ca.file,
            'INPUT_CA-PRIVATE-KEY': ca.keyFile,
            'INPUT_VALID-DAYS': '30',
          },
          sets: 'verification-certificate-file',
        },
        {
          program: 'bash',
          args: [join(import.meta.dirname, 'hand-written-sign.sh')],
          env: { WORK: folder, REGISTER_CODE: registerCode, CA_FILE: ca.file, CA_KEY_FILE: ca.keyFile },
          sets: 'verification-certificate-file',
        },
      ],
      { rounds, folder },
    )
    return [compared('sign', costs, 'ms')]
  } finally {
    rmSync(folder, { recursive: true })
  }
}
