import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { makeRequestPem } from '../testing/certificates.ts'
import { byTurns, type Contender } from './by-turns.ts'
import { writeCa } from './ca-files.ts'

const root = dirname(import.meta.dirname)
const ROUNDS = 3
const FEW = 1000
const MANY = 10_000
/** A loop over openssl, and how much memory may grow from 1,000 to 10,000 requests. */
const BARS = { ratio: 0.5, memory: 1.3 }

/** Measures `issue-device-certificates` with a key at hand: against a loop over openssl, and its memory. */
export async function benchIssue(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'bench-issue-'))
  try {
    const { file, keyFile } = await writeCa('EC P-256', folder)
    await writeRequests(join(folder, 'many'), MANY)
    await writeRequests(join(folder, 'few'), FEW)
    const action = (requests: string): Contender => ({
      program: process.execPath,
      args: [join(root, 'dist/issue-device-certificates/index.js')],
      env: {
        RUNNER_TEMP: folder,
        'INPUT_CERTIFICATE-REQUESTS': join(folder, requests, '*.csr'),
        'INPUT_CA-CERTIFICATE': file,
        'INPUT_CA-PRIVATE-KEY': keyFile,
      },
      sets: 'certificate-count',
    })
    const loop = {
      program: 'sh',
      args: [join(root, 'bench/hand-written-issue.sh')],
      env: { REQUESTS: join(folder, 'few'), CA_FILE: file, CA_KEY_FILE: keyFile },
      sets: 'certificate-count',
    }
    const [few, byHand] = await byTurns([action('few'), loop], { rounds: ROUNDS, folder })
    const [many, fewer] = await byTurns([action('many'), action('few')], { rounds: ROUNDS, folder })
    console.table({
      [`${FEW} certificates, ratio to a loop over openssl`]: {
        measured: round(few.ms / byHand.ms),
        bar: BARS.ratio,
        action: Math.round(few.ms),
        other: Math.round(byHand.ms),
      },
      [`peak memory with ${MANY} requests, ratio to ${FEW}`]: {
        measured: round(many.peakKb / fewer.peakKb),
        bar: BARS.memory,
        action: many.peakKb,
        other: fewer.peakKb,
      },
    })
    console.log(`Medians of ${ROUNDS} runs each: ms, for memory kB.`)
  } finally {
    rmSync(folder, { recursive: true })
  }
}

async function writeRequests(folder: string, count: number): Promise<void> {
  mkdirSync(folder)
  for (let index = 0; index < count; index++) {
    writeFileSync(join(folder, `device-${index}.csr`), await makeRequestPem(`device-${index}`))
  }
}

function round(value: number): number {
  return Math.round(value * 100) / 100
}
