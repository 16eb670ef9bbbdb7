import { execFileSync } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { startEmulator } from '../emulator/start.ts'
import { byTurns, type Contender, type Cost } from './by-turns.ts'
import { writeCa } from './ca-files.ts'

const root = dirname(import.meta.dirname)

/** What is measured and its upper limit: a ratio to a hand-written script, or bytes. */
const BARS = {
  keys: { what: 'run with keys, ratio to a hand-written script', bar: 1.4 },
  keyless: { what: 'keyless run, ratio to a script of the same calls', bar: 1.5 },
  memory: { what: 'peak memory with keys, ratio to that script', bar: 1.15 },
  sign: { what: 'sign, EC P-256, ratio to openssl in a shell', bar: 1.75 },
  loaded: { what: 'JavaScript loaded with keys, bytes', bar: 320_000 },
  archive: { what: 'archive of the repository, bytes', bar: 850_000 },
} as const

/** Other processes disturb ratios, most of all with few rounds. Bytes are exact. */
const RATIO_TOLERANCE = 1.25

export type Figure = {
  readonly name: keyof typeof BARS
  readonly value: number
  /** The two values of a ratio. */
  readonly action?: number
  readonly byHand?: number
}

/** Measures all figures of `BARS` and prints them as a table. */
export async function benchRun(rounds: number): Promise<readonly Figure[]> {
  const figures = [...(await benchAction(rounds)), await benchSign(rounds), archive()]
  console.table(
    Object.fromEntries(
      figures.map(({ name, value, action = '', byHand = '' }) => {
        const { what, bar } = BARS[name]
        return [what, { measured: value, bar, action, 'by hand': byHand }]
      }),
    ),
  )
  console.log(`Medians of ${rounds} runs each, by turns. Action and by hand: ms, for memory kB.`)
  return figures
}

/** Describes each figure above its bar. A ratio may exceed its bar by the tolerance. */
export function aboveTheirBars(figures: readonly Figure[]): string[] {
  return figures.flatMap(({ name, value, action }) => {
    const { what, bar } = BARS[name]
    const limit = action === undefined ? bar : bar * RATIO_TOLERANCE
    return value > limit ? [`${what}: ${value}, bar ${bar}`] : []
  })
}

/** Compares fetching a code with scripts that make the same calls without any checks. */
async function benchAction(rounds: number): Promise<Figure[]> {
  const emulator = await startEmulator()
  const folder = mkdtempSync(join(tmpdir(), 'bench-'))
  try {
    const { info } = emulator
    const step = (script: string, credentials: Contender['env']): Contender => ({
      program: process.execPath,
      args: [script],
      env: {
        NODE_EXTRA_CA_CERTS: info.caFile,
        'INPUT_INSTANCE-ID': info.instanceId,
        'INPUT_REGION-ID': info.regionId,
        INPUT_ENDPOINT: info.endpoint,
        ...credentials,
      },
      sets: 'register-code',
    })
    const compareWith = (script: string, credentials: Contender['env']) =>
      byTurns(
        [step(join(root, 'dist/index.js'), credentials), step(join(root, 'bench', script), credentials)],
        { rounds, folder },
      )
    const keys = await compareWith('hand-written.js', {
      'INPUT_ACCESS-KEY-ID': info.accessKeyId,
      'INPUT_ACCESS-KEY-SECRET': info.accessKeySecret,
    })
    const keyless = await compareWith('hand-written-keyless.js', {
      'INPUT_STS-ENDPOINT': info.endpoint,
      'INPUT_ROLE-TO-ASSUME': info.roleArn,
      'INPUT_OIDC-PROVIDER-ARN': info.oidcProviderArn,
      ACTIONS_ID_TOKEN_REQUEST_URL: info.idTokenRequestUrl,
      ACTIONS_ID_TOKEN_REQUEST_TOKEN: info.idTokenRequestToken,
    })
    return [
      ratio('keys', keys, 'ms'),
      ratio('keyless', keyless, 'ms'),
      ratio('memory', keys, 'peakKb'),
      { name: 'loaded', value: keys[0].loadedBytes },
    ]
  } finally {
    await emulator.stop()
    rmSync(folder, { recursive: true })
  }
}

/** Compares making a verification certificate with openssl in a shell. */
async function benchSign(rounds: number): Promise<Figure> {
  const folder = mkdtempSync(join(tmpdir(), 'bench-'))
  try {
    const ca = await writeCa('EC P-256', folder)
    const registerCode = `${randomUUID()}2089123456`
    const sets = 'verification-certificate-file'
    const action: Contender = {
      program: process.execPath,
      args: [join(root, 'dist/sign/index.js')],
      env: {
        RUNNER_TEMP: folder,
        'INPUT_REGISTER-CODE': registerCode,
        'INPUT_CA-CERTIFICATE': ca.file,
        'INPUT_CA-PRIVATE-KEY': ca.keyFile,
        'INPUT_VALID-DAYS': '30',
      },
      sets,
    }
    const byHand: Contender = {
      program: 'bash',
      args: [join(root, 'bench/hand-written-sign.sh')],
      env: { WORK: folder, REGISTER_CODE: registerCode, CA_FILE: ca.file, CA_KEY_FILE: ca.keyFile },
      sets,
    }
    return ratio('sign', await byTurns([action, byHand], { rounds, folder }), 'ms')
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/** Measures what the runner downloads before it starts the action, as of the last commit. */
function archive(): Figure {
  const tarball = execFileSync('git', ['archive', '--format=tar.gz', 'HEAD'], {
    cwd: root,
    maxBuffer: 100_000_000,
  })
  return { name: 'archive', value: tarball.length }
}

function ratio(
  name: Figure['name'],
  [action, byHand]: readonly [action: Cost, byHand: Cost],
  part: keyof Cost,
): Figure {
  return {
    name,
    value: Math.round((action[part] / byHand[part]) * 100) / 100,
    action: Math.round(action[part]),
    byHand: Math.round(byHand[part]),
  }
}
