import { readFileSync } from 'node:fs'
import https from 'node:https'
import { startEmulator, type Emulator } from '../emulator/start.ts'
import { signAcs3 } from '../testing/signed-request.ts'

const CALLS = 100_000
const CONNECTIONS = 16
/** Memory is measured after each stage. All caches and stores are filled after the first one. */
const CALLS_A_STAGE = 20_000

/**
 * Measures how many verified calls per second the emulator answers without its rate limit, and whether its memory grows
 * over 100,000 of them. The figure is a lower bound, because this process signs each call.
 */
export async function benchEmulator(): Promise<void> {
  const emulator = await startEmulator({ config: { accounts: [{ callsPerSecond: null }] } })
  const agent = new https.Agent({
    keepAlive: true,
    maxSockets: CONNECTIONS,
    ca: readFileSync(emulator.info.caFile),
  })
  const stages: { calls: number; 'calls per second': number; 'memory, MiB': number | string }[] = []
  try {
    for (let calls = CALLS_A_STAGE; calls <= CALLS; calls += CALLS_A_STAGE) {
      const startMs = performance.now()
      await Promise.all(
        Array.from({ length: CONNECTIONS }, () => callMany(emulator, agent, CALLS_A_STAGE / CONNECTIONS)),
      )
      const seconds = (performance.now() - startMs) / 1000
      stages.push({
        calls,
        'calls per second': Math.round(CALLS_A_STAGE / seconds),
        'memory, MiB': memoryMiB(emulator.pid),
      })
    }
    console.table(stages)
  } finally {
    agent.destroy()
    await emulator.stop()
  }
}

async function callMany(emulator: Emulator, agent: https.Agent, count: number): Promise<void> {
  for (let call = 0; call < count; call++) await getRegisterCode(emulator, agent)
}

function getRegisterCode({ info }: Emulator, agent: https.Agent): Promise<void> {
  const { endpoint, accessKeyId, accessKeySecret, instanceId } = info
  const { query, headers } = signAcs3({
    endpoint,
    accessKey: { accessKeyId, accessKeySecret },
    operation: 'GetRegisterCode',
    query: { MqttInstanceId: instanceId },
  })
  return new Promise((resolve, reject) => {
    const url = `https://${endpoint}/?${query}`
    https
      .get(url, { headers, agent }, (response) => {
        if (response.statusCode !== 200) reject(new Error(`HTTP ${String(response.statusCode)}`))
        response.resume().on('end', resolve)
      })
      .on('error', reject)
  })
}

/** Returns the resident memory of a process, which only Linux reports here. */
function memoryMiB(pid: number): number | string {
  if (process.platform !== 'linux') return 'unknown on this platform'
  const kb = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
  return Math.round(Number(kb) / 1024)
}
