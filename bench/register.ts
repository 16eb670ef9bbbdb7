import { spawn } from 'node:child_process'
import { createPrivateKey, X509Certificate, type KeyObject } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { startEmulator, type Emulator } from '../emulator/start.ts'
import { signerInMemory } from '../src/certificates/signer.ts'
import { makeVerificationCertificate } from '../src/certificates/verification-certificate.ts'
import { issuerOf } from '../src/certificates/x509.ts'
import { median } from './median.ts'
import { KINDS, makeCa, type Ca, type Kind } from './openssl-ca.ts'

const root = dirname(import.meta.dirname)
const action = join(root, 'dist/register/index.js')
const ROUNDS = 15
const SIGNATURES = 7

/**
 * What it costs to register a CA with its key, from start to registered: against a script with openssl and the same
 * calls, by turns; with 10,000 CAs on the instance and with none, by turns; and the part that signing has in it.
 */
export async function benchRegister(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'bench-register-'))
  const empty = await startEmulator()
  const crowded = await startEmulator({ config: { instances: [{ generatedCas: 10_000 }] } })
  try {
    const ec = makeCa('EC P-256', folder)
    const rsa = makeCa('RSA 2048', folder)
    console.table({
      'EC P-256': await againstByHand(ec, empty, folder),
      'RSA 2048': await againstByHand(rsa, empty, folder),
    })
    console.table(await againstACrowd(ec, { empty, crowded }, folder))
    const signing: Record<string, Record<string, number>> = {}
    for (const kind of Object.keys(KINDS) as Kind[]) signing[kind] = await signingTime(makeCa(kind, folder))
    console.table(signing)
    console.log(
      `medians of ${ROUNDS} runs, or ${SIGNATURES} signatures; dist/register/index.js: ${statSync(action).size} bytes`,
    )
  } finally {
    await empty.stop()
    await crowded.stop()
    rmSync(folder, { recursive: true })
  }
}

async function againstByHand(ca: Ca, emulator: Emulator, folder: string): Promise<Record<string, number>> {
  const byActionMs: number[] = []
  const byHandMs: number[] = []
  // The first round warms up the disk cache, and is not counted.
  for (let round = 0; round <= ROUNDS; round++) {
    await emulator.reset()
    const actionMs = await byAction(ca, emulator, folder)
    await emulator.reset()
    const handMs = await byHand(ca, emulator, folder)
    if (round === 0) continue
    byActionMs.push(actionMs)
    byHandMs.push(handMs)
  }
  return {
    'action ms': Math.round(median(byActionMs)),
    'by hand ms': Math.round(median(byHandMs)),
    ratio: hundredths(median(byActionMs) / median(byHandMs)),
  }
}

async function againstACrowd(
  ca: Ca,
  instances: Readonly<Record<'empty' | 'crowded', Emulator>>,
  folder: string,
): Promise<Record<string, Record<string, number>>> {
  const times: Record<string, number[]> = { empty: [], crowded: [] }
  const calls: Record<string, Record<string, number>> = {}
  for (let round = 0; round <= ROUNDS; round++) {
    for (const [name, emulator] of Object.entries(instances)) {
      await emulator.reset()
      const ms = await byAction(ca, emulator, folder)
      if (round > 0) times[name]?.push(ms)
      if (round !== ROUNDS) continue
      const first = (await emulator.requests()).length
      await byAction(ca, emulator, folder)
      calls[name] = { 'calls, new': first, 'calls, there': (await emulator.requests()).length - first }
    }
  }
  return Object.fromEntries(
    [
      ['none', 'empty'],
      ['10,000', 'crowded'],
    ].map(([title, name = '']) => [
      `${title ?? ''} CAs there`,
      { ...calls[name], ms: Math.round(median(times[name] ?? [])) },
    ]),
  )
}

/** The time to make a key, and a certificate that the CA's key signs, in this process. */
async function signingTime(ca: Ca): Promise<Record<string, number>> {
  const issuer = issuerOf(certificateOf(ca))
  const signer = signerInMemory(keyOf(ca), issuer)
  const parts = { issuer, signer, registerCode: 'x'.repeat(46), validDays: 30 }
  const times: number[] = []
  for (let round = 0; round <= SIGNATURES; round++) {
    const startMs = performance.now()
    await makeVerificationCertificate(parts)
    if (round > 0) times.push(performance.now() - startMs)
  }
  return { 'key and signature, ms': hundredths(median(times)) }
}

async function byAction(ca: Ca, { info }: Emulator, folder: string): Promise<number> {
  writeFileSync(join(folder, 'output'), '')
  writeFileSync(join(folder, 'summary'), '')
  return await time(process.execPath, [action], {
    NODE_EXTRA_CA_CERTS: info.caFile,
    GITHUB_OUTPUT: join(folder, 'output'),
    GITHUB_STEP_SUMMARY: join(folder, 'summary'),
    'INPUT_INSTANCE-ID': info.instanceId,
    'INPUT_REGION-ID': info.regionId,
    INPUT_ENDPOINT: info.endpoint,
    'INPUT_ACCESS-KEY-ID': info.accessKeyId,
    'INPUT_ACCESS-KEY-SECRET': info.accessKeySecret,
    'INPUT_CA-NAME': 'bench',
    'INPUT_CA-CERTIFICATE': ca.file,
    'INPUT_CA-PRIVATE-KEY': ca.keyFile,
  })
}

async function byHand(ca: Ca, { info }: Emulator, folder: string): Promise<number> {
  return await time('sh', [join(import.meta.dirname, 'hand-written-register.sh')], {
    NODE_EXTRA_CA_CERTS: info.caFile,
    BENCH: import.meta.dirname,
    WORK: folder,
    CA_FILE: ca.file,
    CA_KEY_FILE: ca.keyFile,
    NEW_KEY: KINDS[ca.kind],
    INSTANCE_ID: info.instanceId,
    ENDPOINT: info.endpoint,
    ACCESS_KEY_ID: info.accessKeyId,
    ACCESS_KEY_SECRET: info.accessKeySecret,
  })
}

async function time(
  program: string,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<number> {
  const startMs = performance.now()
  const child = spawn(program, args, {
    env: { PATH: process.env['PATH'], ...env },
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  await once(child, 'exit')
  if (child.exitCode !== 0) throw new Error(`${program} ${args.join(' ')} did not register the CA`)
  return performance.now() - startMs
}

function certificateOf({ file }: Ca): X509Certificate {
  return new X509Certificate(readFileSync(file))
}

function keyOf({ keyFile }: Ca): KeyObject {
  return createPrivateKey(readFileSync(keyFile))
}

function hundredths(value: number): number {
  return Math.round(value * 100) / 100
}
