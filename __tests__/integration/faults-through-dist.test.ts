import { afterAll, beforeAll, expect, it } from '@jest/globals'
import { type Emulator, startEmulator } from '../../emulator/start.ts'
import type { FaultRow } from '../../testing/fault-rows.ts'
import { runStep } from '../../testing/run-step.ts'
import { expectPromise, FAULT_CONFIG, ROWS_OF_A_PROCESS, ROWS_THROUGH_DIST } from '../support/fault-steps.ts'

const ROWS = [...new Set([...ROWS_THROUGH_DIST, ...ROWS_OF_A_PROCESS])]
/** Rows that wait for a missing response start first, because they take longest. */
const WAITING = ROWS.toSorted((a, b) => Number(b.attemptMs !== undefined) - Number(a.attemptMs !== undefined))
/** Rows mostly wait, so several run at once. Each lane has its own emulator. */
const LANES = 6
/** A step that ignores its timeout is killed. The longest row may take 21 seconds to its second attempt. */
const LIMIT_MS = 40_000

const results = new Map<FaultRow, PromiseWithResolvers<FaultRow>>(
  ROWS.map((row) => [row, Promise.withResolvers<FaultRow>()]),
)
const lanes: Promise<void>[] = []

beforeAll(() => {
  for (let lane = 0; lane < LANES; lane++) lanes.push(runLane())
})

afterAll(async () => {
  await Promise.all(lanes)
})

it.each(ROWS)('$operation: $fault', async (row) => {
  await resultOf(row).promise
})

it('covers each operation', () => {
  expect(new Set(ROWS.map(({ operation }) => operation)).size).toBe(20)
})

function resultOf(row: FaultRow): PromiseWithResolvers<FaultRow> {
  const result = results.get(row)
  if (result === undefined) throw new Error('no such row')
  return result
}

async function runLane(): Promise<void> {
  const emulator = await startEmulator({ config: FAULT_CONFIG })
  try {
    for (let row = WAITING.shift(); row !== undefined; row = WAITING.shift()) {
      const result = resultOf(row)
      await runRow(row, emulator).then(result.resolve, result.reject)
    }
  } finally {
    await emulator.stop()
  }
}

async function runRow(row: FaultRow, emulator: Emulator): Promise<FaultRow> {
  const signal = AbortSignal.timeout(row.inputs?.['timeout'] === '1' ? 15_000 : LIMIT_MS)
  await expectPromise(row, emulator, ({ action, inputs, env }) => runStep(action, inputs, { env, signal }))
  return row
}
