import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { runStep, type StepRun } from '../../testing/run-step.ts'
import { startEmulator, type Emulator } from '../../emulator/start.ts'
import { makeCa } from '../../testing/certificates.ts'
import { keyless, workingInputs } from '../support/emulated.ts'
import { withKey } from '../../testing/registered-cas.ts'
import { FAULT_ROWS, MAX_ATTEMPTS, type FaultRow, type Operation } from '../../testing/fault-rows.ts'

type Ended = { readonly run: StepRun; readonly received: number; readonly tookSeconds: number }

/** Most of a row's time is waiting: several run at once, each lane with an emulator of its own. */
const LANES = 6
const results = new Map<FaultRow, PromiseWithResolvers<Ended>>(
  FAULT_ROWS.map((row) => [row, Promise.withResolvers<Ended>()]),
)
const lanes: Promise<void>[] = []
/** That of the CA which an emulator has from the start. */
const GENERATED_SN = `7f${'00'.repeat(8)}`
const ca = makeCa()

beforeAll(() => {
  const waiting = [...FAULT_ROWS]
  for (let lane = 0; lane < LANES; lane++) lanes.push(runLane(waiting))
})

afterAll(async () => {
  await Promise.all(lanes)
})

it.each([...FAULT_ROWS])('$operation: $fault', async (row) => {
  const { run, received, tookSeconds } = await resultOf(row).promise
  const attempts = 1 + (run.log.match(/^Retry /gm)?.length ?? 0)
  const timeout = Number(row.inputs?.['timeout'] ?? 60)
  // What is promised is an end in time, however fast the machine is.
  expect(tookSeconds).toBeLessThan(timeout + 2)
  expect(run.stderr).toBe('')
  if ('succeedsAtAttempt' in row.promise) {
    expect(run).toMatchObject({ exitCode: 0, annotations: [] })
    expect(run.outputs).toHaveProperty(actionFor(row.operation) === 'register' ? 'sn' : 'register-code')
    expect(attempts).toBe(row.promise.succeedsAtAttempt)
  } else {
    expect(run).toMatchObject({ exitCode: 1, outputs: {}, annotations: [expect.any(String)] })
    for (const words of row.promise.saying) expect(run.annotations[0]).toContain(words)
    expect(attempts).toBe(row.promise.failsAfterAttempts)
  }
  if (row.orders !== undefined) expect(received).toBe(attempts)
})

describe('the table', () => {
  it('has at least 40 rows, no two of which are the same', () => {
    expect(new Set(FAULT_ROWS.map((row) => `${row.operation} ${row.fault}`)).size).toBe(FAULT_ROWS.length)
    expect(FAULT_ROWS.length).toBeGreaterThanOrEqual(40)
  })
})

function resultOf(row: FaultRow): PromiseWithResolvers<Ended> {
  const result = results.get(row)
  if (result === undefined) throw new Error('no such row')
  return result
}

async function runLane(waiting: FaultRow[]): Promise<void> {
  const emulator = await startEmulator({ config: { instances: [{ generatedCas: 1 }] } })
  try {
    for (let row = waiting.shift(); row !== undefined; row = waiting.shift()) {
      const result = resultOf(row)
      await runRow(row, emulator).then(result.resolve, result.reject)
    }
  } finally {
    await emulator.stop()
  }
}

async function runRow(row: FaultRow, emulator: Emulator): Promise<Ended> {
  const { operation } = row
  await emulator.reset()
  await emulator.setFaults((row.orders ?? []).map((order) => ({ operation, ...order })))
  const { inputs, env } = await stepFor(operation, emulator)
  const startMs = performance.now()
  const run = await runStep(
    actionFor(operation),
    { ...inputs, 'max-attempts': String(MAX_ATTEMPTS), ...row.inputs },
    { env: { ...env, ...row.env } },
  )
  const tookSeconds = (performance.now() - startMs) / 1000
  const requests = await emulator.requests(operation)
  return { run, received: requests.length, tookSeconds }
}

/** The action that makes this call. */
function actionFor(operation: Operation): '.' | 'register' {
  return operation.endsWith('CaCertificate') ? 'register' : '.'
}

/** A step of it that makes this call. */
async function stepFor(operation: Operation, emulator: Emulator): Promise<ReturnType<typeof keyless>> {
  const oidc = keyless(emulator)
  if (operation === 'AssumeRoleWithOIDC' || operation === 'GitHubIdToken') return oidc
  const role = operation === 'AssumeRole' ? oidc.inputs : {}
  const more = actionFor(operation) === 'register' ? await registerInputs(operation) : {}
  return { inputs: { ...role, ...workingInputs(emulator), 'oidc-provider-arn': '', ...more }, env: oidc.env }
}

async function registerInputs(operation: Operation): Promise<Record<string, string>> {
  const replaces = { replaces: GENERATED_SN }
  if (operation === 'InactivateCaCertificate') return { ...withKey(await ca), ...replaces }
  if (operation === 'DeleteCaCertificate')
    return { ...withKey(await ca), ...replaces, 'on-replace': 'delete' }
  return withKey(await ca)
}
