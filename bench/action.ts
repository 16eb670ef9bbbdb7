import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { startEmulator, type Emulator } from '../emulator/start.ts'
import { byTurns, type Contender } from './by-turns.ts'
import { compared, type Figure } from './figures.ts'

const action = join(dirname(import.meta.dirname), 'dist/index.js')

/** What getting a code costs, against scripts that make the same calls by hand, and check and explain nothing. */
export async function benchAction(rounds: number): Promise<readonly Figure[]> {
  const emulator = await startEmulator()
  const folder = mkdtempSync(join(tmpdir(), 'bench-'))
  try {
    const { info } = emulator
    const keys = {
      'INPUT_ACCESS-KEY-ID': info.accessKeyId,
      'INPUT_ACCESS-KEY-SECRET': info.accessKeySecret,
    }
    const keyless = {
      'INPUT_STS-ENDPOINT': info.endpoint,
      'INPUT_ROLE-TO-ASSUME': info.roleArn,
      'INPUT_OIDC-PROVIDER-ARN': info.oidcProviderArn,
      ACTIONS_ID_TOKEN_REQUEST_URL: info.idTokenRequestUrl,
      ACTIONS_ID_TOKEN_REQUEST_TOKEN: info.idTokenRequestToken,
    }
    const against = (script: string, given: Readonly<Record<string, string>>) =>
      byTurns([step(action, given, info), step(join(import.meta.dirname, script), given, info)], {
        rounds,
        folder,
      })
    const withKeys = await against('hand-written.js', keys)
    const withoutKeys = await against('hand-written-keyless.js', keyless)
    return [
      compared('keys', withKeys, 'ms'),
      compared('keyless', withoutKeys, 'ms'),
      compared('memory', withKeys, 'peakKb'),
      { name: 'loaded', value: withKeys[0].loadedBytes },
    ]
  } finally {
    await emulator.stop()
    rmSync(folder, { recursive: true })
  }
}

function step(script: string, given: Readonly<Record<string, string>>, info: Emulator['info']): Contender {
  return {
    program: process.execPath,
    args: [script],
    env: {
      NODE_EXTRA_CA_CERTS: info.caFile,
      'INPUT_INSTANCE-ID': info.instanceId,
      'INPUT_REGION-ID': info.regionId,
      INPUT_ENDPOINT: info.endpoint,
      ...given,
    },
    sets: 'register-code',
  }
}
