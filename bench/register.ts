import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { startEmulator, type Emulator } from '../emulator/start.ts'
import { runStep } from '../testing/run-step.ts'
import { byTurns, type Contender, type Cost } from './by-turns.ts'
import { writeCa, type CaFiles } from './ca-files.ts'

const root = dirname(import.meta.dirname)
const ROUNDS = 15
const CROWD = 10_000
/** The key of the verification certificate, as `openssl req -newkey` expects it: of the same kind as the CA's. */
const NEW_KEY = { 'EC P-256': 'ec -pkeyopt ec_paramgen_curve:P-256', 'RSA 2048': 'rsa:2048' } as const

/**
 * Measures a whole registration with the CA's key: compared with a script of openssl and the same calls, and on an
 * instance with 10,000 CAs compared with an empty one.
 */
export async function benchRegister(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'bench-register-'))
  const empty = await startEmulator()
  const crowded = await startEmulator({ config: { instances: [{ generatedCas: CROWD }] } })
  try {
    const options = { rounds: ROUNDS, folder }
    const ratios: Record<string, unknown> = {}
    for (const kind of ['EC P-256', 'RSA 2048'] as const) {
      const ca = await writeCa(kind, folder)
      const byHand = handWritten(ca, NEW_KEY[kind], empty, folder)
      const [actionCost, byHandCost] = await byTurns([action(ca, empty, folder), byHand], options)
      ratios[kind] = {
        'action ms': Math.round(actionCost.ms),
        'by hand ms': Math.round(byHandCost.ms),
        ratio: Math.round((actionCost.ms / byHandCost.ms) * 100) / 100,
      }
    }
    const calls = await benchKms(empty, options, ratios)
    console.table(ratios)
    console.log(`With a key in KMS, register makes ${calls} requests.`)
    const ca = await writeCa('EC P-256', folder)
    const costs = await byTurns([action(ca, empty, folder), action(ca, crowded, folder)], options)
    console.table({
      'no CAs registered': await row(costs[0], empty),
      [`${CROWD} CAs registered`]: await row(costs[1], crowded),
    })
    console.log(`Medians of ${ROUNDS} runs.`)
  } finally {
    await empty.stop()
    await crowded.stop()
    rmSync(folder, { recursive: true })
  }
}

/** With the key in KMS: compared with a script of the same calls. */
async function benchKms(
  emulator: Emulator,
  options: { readonly rounds: number; readonly folder: string },
  ratios: Record<string, unknown>,
): Promise<number> {
  const { info } = emulator
  const file = join(options.folder, 'in-kms.pem')
  const inputs = {
    'kms-key-id': info.kmsKeyId,
    'kms-endpoint': info.endpoint,
    'region-id': info.regionId,
    'access-key-id': info.accessKeyId,
    'access-key-secret': info.accessKeySecret,
    subject: 'CN=Bench CA',
  }
  const { outputs } = await runStep('create-ca', inputs, { env: { NODE_EXTRA_CA_CERTS: info.caFile } })
  writeFileSync(file, outputs['ca-certificate'] ?? '')
  const { env, ...withAction } = action({ file, keyFile: '' }, emulator, options.folder)
  const kms = { 'INPUT_KMS-KEY-ID': info.kmsKeyId, 'INPUT_KMS-ENDPOINT': info.endpoint }
  const inKms = { ...withAction, env: { ...env, ...kms } }
  const script = handWritten({ file, keyFile: '' }, '', emulator, options.folder)
  const byHand = {
    ...script,
    args: [join(root, 'bench/hand-written-kms.sh')],
    env: { ...script.env, KMS_KEY_ID: info.kmsKeyId },
  }
  const [actionCost, byHandCost] = await byTurns([inKms, byHand], options)
  ratios['EC P-256 in KMS'] = {
    'action ms': Math.round(actionCost.ms),
    'by hand ms': Math.round(byHandCost.ms),
    ratio: Math.round((actionCost.ms / byHandCost.ms) * 100) / 100,
  }
  return (await emulator.requests()).length
}

async function row({ ms }: Cost, emulator: Emulator): Promise<Record<string, number>> {
  return { ms: Math.round(ms), calls: (await emulator.requests()).length }
}

function action(ca: Pick<CaFiles, 'file' | 'keyFile'>, emulator: Emulator, folder: string): Contender {
  const { info } = emulator
  const summary = join(folder, 'summary')
  return {
    program: process.execPath,
    args: [join(root, 'dist/register/index.js')],
    env: {
      NODE_EXTRA_CA_CERTS: info.caFile,
      GITHUB_STEP_SUMMARY: summary,
      'INPUT_INSTANCE-ID': info.instanceId,
      'INPUT_REGION-ID': info.regionId,
      INPUT_ENDPOINT: info.endpoint,
      'INPUT_ACCESS-KEY-ID': info.accessKeyId,
      'INPUT_ACCESS-KEY-SECRET': info.accessKeySecret,
      'INPUT_CA-NAME': 'bench',
      'INPUT_CA-CERTIFICATE': ca.file,
      'INPUT_CA-PRIVATE-KEY': ca.keyFile,
    },
    sets: 'created',
    prepare: async () => {
      writeFileSync(summary, '')
      await emulator.reset()
    },
  }
}

function handWritten(
  ca: Pick<CaFiles, 'file' | 'keyFile'>,
  newKey: string,
  emulator: Emulator,
  folder: string,
): Contender {
  const { info } = emulator
  return {
    program: 'sh',
    args: [join(root, 'bench/hand-written-register.sh')],
    env: {
      NODE_EXTRA_CA_CERTS: info.caFile,
      BENCH: join(root, 'bench'),
      WORK: folder,
      CA_FILE: ca.file,
      CA_KEY_FILE: ca.keyFile,
      NEW_KEY: newKey,
      INSTANCE_ID: info.instanceId,
      ENDPOINT: info.endpoint,
      ACCESS_KEY_ID: info.accessKeyId,
      ACCESS_KEY_SECRET: info.accessKeySecret,
    },
    sets: 'created',
    prepare: () => emulator.reset(),
  }
}
