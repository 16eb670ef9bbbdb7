import { beforeAll, describe, expect, it } from '@jest/globals'
import { FAULT_ROWS } from '../../testing/fault-rows.ts'
import { trust } from '../../testing/registered-cas.ts'
import { emulated } from '../support/emulated.ts'
import { expectPromise, FAULT_CONFIG, ROWS_OF_A_PROCESS } from '../support/fault-steps.ts'
import { NO_PAUSES } from '../support/in-process.ts'
import { runStepInProcess } from '../support/step-in-process.ts'

// Runs the steps in this process. faults-through-dist.test.ts runs one row of each kind through dist/.
const service = emulated(FAULT_CONFIG)
beforeAll(() => {
  trust(service.emulator)
})

/** Longer than any row: a step that is still running then ignores its timeout. */
const LIMIT_MS = 15_000

it.each(FAULT_ROWS.filter((row) => !ROWS_OF_A_PROCESS.includes(row)))(
  '$operation: $fault',
  async (row) => {
    const timing = {
      ...NO_PAUSES,
      ...(row.attemptMs !== undefined && { attemptMs: row.attemptMs }),
    }
    await expectPromise(row, service.emulator, ({ action, inputs, env }) =>
      runStepInProcess(action, inputs, { env, timing }),
    )
  },
  LIMIT_MS,
)

describe('the table', () => {
  it('has at least 40 different rows', () => {
    expect(new Set(FAULT_ROWS.map((row) => `${row.operation} ${row.fault}`)).size).toBe(FAULT_ROWS.length)
    expect(FAULT_ROWS.length).toBeGreaterThanOrEqual(40)
  })
})
