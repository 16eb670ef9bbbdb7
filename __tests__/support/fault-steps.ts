import { expect } from '@jest/globals'
import type { RunningEmulator } from '../../emulator/start.ts'
import type { EmulatorConfig } from '../../emulator/world/config.ts'
import { makeCa } from '../../testing/certificates.ts'
import {
  FAULT_ROWS,
  type FaultRow,
  INVENTORY_OPERATIONS,
  KMS_OPERATIONS,
  MAX_ATTEMPTS,
  type Operation,
  STATUS_OPERATIONS,
} from '../../testing/fault-rows.ts'
import { snOf, withKey } from '../../testing/registered-cas.ts'
import type { StepRun } from '../../testing/run-step.ts'
import { keyless, withKms, workingInputs } from './emulated.ts'
import { caInKms } from './kms.ts'

const GENERATED_SN = `7f${'00'.repeat(8)}`
const inactiveCa = await makeCa()
const device = (deviceSn: string, status: 'active' | 'inactive', validEnd = '4000000000000') => ({
  ...{ caSn: GENERATED_SN, deviceSn, deviceName: `device ${deviceSn}`, validBegin: '0', validEnd, status },
})
/** The emulator for the rows starts with one CA, which another CA can replace, its devices, and an inactive CA. */
export const FAULT_CONFIG: EmulatorConfig = {
  instances: [
    {
      generatedCas: 1,
      caCertificates: [{ certificate: inactiveCa.pem, status: 'inactive' }],
      deviceCertificates: [device('0a', 'active'), device('0b', 'inactive'), device('0c', 'active', '1')],
    },
  ],
}
const CODE = '13274673-8f90-4630-bea1-9cccb25756ad2089473625'
const ca = makeCa()

/** The first row of each kind of fault, and of each operation. */
export const ROWS_THROUGH_DIST = FAULT_ROWS.filter(
  (row, at) =>
    isFirst(at, (other) => other.kind === row.kind) ||
    isFirst(at, (other) => other.operation === row.operation),
)

/** The rows that need their own process, because Node reads their environment variables when it starts. */
export const ROWS_OF_A_PROCESS = FAULT_ROWS.filter(
  ({ env = {} }) => 'NODE_EXTRA_CA_CERTS' in env || 'HTTPS_PROXY' in env,
)

function isFirst(at: number, isSame: (row: FaultRow) => boolean): boolean {
  return FAULT_ROWS.findIndex(isSame) === at
}

/** The step of a row. */
export type FaultStep = {
  readonly action: '.' | 'register' | 'sign' | 'set-status' | 'inventory'
  readonly inputs: Readonly<Record<string, string>>
  readonly env: Readonly<Record<string, string>>
}

/**
 * Runs a row with an emulator, and checks its outcome.
 *
 * @param run runs the step
 */
export async function expectPromise(
  row: FaultRow,
  emulator: RunningEmulator,
  run: (step: FaultStep) => Promise<StepRun>,
): Promise<void> {
  const { operation, orders = [], promise } = row
  await emulator.reset()
  const step = await stepFor(row, emulator)
  await emulator.reset()
  await emulator.setFaults(orders.map((order) => ({ operation, ...order })))
  const ended = await run(step)
  const { action } = step
  // An action of many has no line for each retry.
  const attempts =
    action === 'set-status' || action === 'inventory'
      ? (await emulator.requests(operation)).length
      : 1 + (ended.log.match(/^Retry /gm)?.length ?? 0)
  expect(ended.stderr).toBe('')
  if ('succeedsAtAttempt' in promise) {
    expect(ended).toMatchObject({ exitCode: 0, annotations: [] })
    expect(ended.outputs).toHaveProperty(OUTPUTS[action])
    expect(attempts).toBe(promise.succeedsAtAttempt)
  } else {
    expect(ended).toMatchObject({ exitCode: 1, annotations: [expect.any(String)] })
    // Of one device that fails, the others are done.
    if (operation.includes('List') || action !== 'set-status') expect(ended.outputs).toEqual({})
    else expect(ended.outputs).toMatchObject({ 'changed-count': '0', 'missing-count': '0' })
    for (const words of promise.saying) expect(ended.annotations[0]).toContain(words)
    expect(attempts).toBe(promise.failsAfterAttempts)
  }
  if (row.orders !== undefined) expect(await emulator.requests(operation)).toHaveLength(attempts)
}

/** An output of each action. */
const OUTPUTS = {
  '.': 'register-code',
  register: 'sn',
  sign: 'verification-certificate',
  'set-status': 'changed-count',
  inventory: 'device-count',
}

/** Returns the action that calls an operation. */
function actionFor(operation: Operation): FaultStep['action'] {
  if (isOfKms(operation)) return 'sign'
  if (isOfStatus(operation)) return 'set-status'
  if (isOfInventory(operation)) return 'inventory'
  return operation.endsWith('CaCertificate') ? 'register' : '.'
}

function isOfKms(operation: Operation): boolean {
  return KMS_OPERATIONS.some((one) => one === operation)
}

function isOfStatus(operation: Operation): boolean {
  return STATUS_OPERATIONS.some((one) => one === operation)
}

function isOfInventory(operation: Operation): boolean {
  return INVENTORY_OPERATIONS.some((one) => one === operation)
}

async function stepFor(row: FaultRow, emulator: RunningEmulator): Promise<FaultStep> {
  const { inputs, env } = await workingStep(row.operation, emulator)
  return {
    action: actionFor(row.operation),
    inputs: { ...inputs, 'max-attempts': String(MAX_ATTEMPTS), ...row.inputs },
    env: { ...env, ...row.env },
  }
}

async function workingStep(
  operation: Operation,
  emulator: RunningEmulator,
): Promise<ReturnType<typeof keyless>> {
  const oidc = keyless(emulator)
  if (isOfStatus(operation))
    return { inputs: { ...workingInputs(emulator), ...statusInputs(operation) }, env: oidc.env }
  if (isOfInventory(operation))
    return { inputs: { ...workingInputs(emulator), 'include-devices': 'true' }, env: oidc.env }
  if (isOfKms(operation)) {
    const inputs = { 'register-code': CODE, 'ca-certificate': await caInKms(emulator) }
    return { inputs: { ...withKms(emulator), ...inputs }, env: oidc.env }
  }
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

function statusInputs(operation: Operation): Record<string, string> {
  const ca = { 'ca-serial-number': GENERATED_SN }
  switch (operation) {
    case 'ListDeviceCertificateByCaSn':
      return { ...ca, 'device-names': 'device 0a', status: 'active' }
    case 'ActiveDeviceCertificate':
      return { ...ca, 'serial-numbers': '0b', status: 'active' }
    case 'InactivateDeviceCertificate':
      return { ...ca, 'serial-numbers': '0a', status: 'inactive' }
    case 'DeleteDeviceCertificate':
      return { ...ca, 'serial-numbers': '0c', status: 'deleted' }
    case 'ActiveCaCertificate':
      return { 'ca-serial-number': snOf(inactiveCa), target: 'ca', status: 'active' }
    // Looks, and changes nothing.
    default:
      return { ...ca, 'serial-numbers': '0a', status: 'active' }
  }
}
