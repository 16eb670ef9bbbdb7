import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { startEmulator } from '../emulator/start.ts'
import { byTurns, type Contender } from './by-turns.ts'

const root = dirname(import.meta.dirname)
const ROUNDS = 3
const FEW = 10_000
const MANY = 100_000
/** Of the action. */
const PER_SECOND = 100
/** A script with the same calls, and how much memory may grow from 10,000 to 100,000 device certificates. */
const BARS = { ratio: 1.3, memory: 1.2 }

/** Measures `inventory` against a script that reads the same pages, and its memory. */
export async function benchInventory(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'bench-inventory-'))
  const emulator = await startEmulator({
    config: {
      instances: [
        { id: 'post-cn-many', deviceCertificates: devices(MANY) },
        { id: 'post-cn-few', deviceCertificates: devices(FEW) },
      ],
    },
  })
  try {
    const { info } = emulator
    const step = (script: string, instanceId: string): Contender => ({
      program: process.execPath,
      args: [join(root, script)],
      env: {
        NODE_EXTRA_CA_CERTS: info.caFile,
        RUNNER_TEMP: folder,
        PER_SECOND: String(PER_SECOND),
        'INPUT_INSTANCE-ID': instanceId,
        'INPUT_REGION-ID': info.regionId,
        INPUT_ENDPOINT: info.endpoint,
        'INPUT_ACCESS-KEY-ID': info.accessKeyId,
        'INPUT_ACCESS-KEY-SECRET': info.accessKeySecret,
        'INPUT_INCLUDE-DEVICES': 'true',
      },
      sets: 'device-count',
    })
    const action = 'dist/inventory/index.js'
    const [many, byHand] = await byTurns(
      [step(action, 'post-cn-many'), step('bench/hand-written-inventory.js', 'post-cn-many')],
      { rounds: ROUNDS, folder },
    )
    const [few] = await byTurns([step(action, 'post-cn-few'), step(action, 'post-cn-few')], {
      rounds: ROUNDS,
      folder,
    })
    console.table({
      [`${MANY} device certificates, ratio to a script of the same calls`]: {
        measured: round(many.ms / byHand.ms),
        bar: BARS.ratio,
        action: Math.round(many.ms),
        other: Math.round(byHand.ms),
      },
      [`peak memory with ${MANY}, ratio to ${FEW}`]: {
        measured: round(many.peakKb / few.peakKb),
        bar: BARS.memory,
        action: many.peakKb,
        other: few.peakKb,
      },
    })
    console.log(
      `Medians of ${ROUNDS} runs each: ms, for memory kB. The script needs ${Math.round(byHand.peakKb)} kB.`,
    )
  } finally {
    await emulator.stop()
    rmSync(folder, { recursive: true })
  }
}

function devices(count: number) {
  const now = Date.now()
  return Array.from({ length: count }, (_, index) => ({
    caSn: '10f0a1b2c3d4e5f60718293a4b5c6d7e',
    deviceSn: (0x10_00_00_00_00 + index).toString(16).padStart(32, '1'),
    deviceName: `device-${index}.example.com`,
    validBegin: String(now),
    validEnd: String(now + (index % 800) * 86_400_000),
  }))
}

function round(value: number): number {
  return Math.round(value * 100) / 100
}
