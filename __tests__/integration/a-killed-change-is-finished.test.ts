import { expect, it } from '@jest/globals'
import { type Emulator, startEmulator } from '../../emulator/start.ts'
import { type RunProgram, runStep, type StepRun } from '../../testing/run-step.ts'
import { callMqtt } from '../support/calls.ts'
import { workingInputs } from '../support/emulated.ts'
import { stepThread, type StepThread } from '../support/step-thread.ts'

const CA_SN = `7f${'00'.repeat(8)}`
const COUNT = 50
/** Runs mostly wait, so several run at once. Each lane has its own emulator. */
const LANES = 6

const snAt = (index: number): string => `0a${String(index).padStart(4, '0')}`
const device = (index: number, deviceName: string) => ({
  ...{ caSn: CA_SN, deviceSn: snAt(index), deviceName, validBegin: '0', validEnd: '4000000000000' },
})
const config = {
  instances: [
    {
      generatedCas: 1,
      deviceCertificates: [
        ...Array.from({ length: COUNT }, (_, index) => device(index, 'stolen')),
        device(COUNT, 'not stolen'),
      ],
    },
  ],
}
const allBut = (asked: number): string[] =>
  Array.from({ length: COUNT + 1 - asked }, (_, index) => snAt(asked + index))

/** How devices are named, how many they are, and the requests that a run makes for all of them. */
const CHANGES = [
  // The lookup of the CA, a page of the list, and a change for each.
  { inputs: { 'device-names': 'stolen' }, count: COUNT, requests: 2 + COUNT },
  // The lookup of the CA, and a lookup and a change for each.
  {
    inputs: { 'serial-numbers': Array.from({ length: 10 }, (_, at) => snAt(at)).join() },
    count: 10,
    requests: 21,
  },
]
type Kill = Omit<(typeof CHANGES)[number], 'requests'> & { readonly number: number }

it('a change that is killed at any request is finished by the next run', async () => {
  const waiting = CHANGES.flatMap(({ requests, ...change }) =>
    Array.from({ length: requests }, (_, number): Kill => ({ ...change, number })),
  )
  const lane = async (): Promise<void> => {
    const emulator = await startEmulator({ config })
    // Only a process can be killed. The next run is faster in a thread.
    const thread = stepThread()
    try {
      for (let kill = waiting.shift(); kill !== undefined; kill = waiting.shift())
        await expectFinished(emulator, thread, kill)
    } finally {
      await thread.end()
      await emulator.stop()
    }
  }
  await Promise.all(Array.from({ length: LANES }, lane))
}, 180_000)

/** Kills a run at its request of that number, counted from 0: the even ones before it is carried out, the others after. */
async function expectFinished(emulator: Emulator, { run }: StepThread, kill: Kill): Promise<void> {
  const { number, count } = kill
  await emulator.reset()
  const passes = number === 0 ? [] : [{ operation: '*', fault: { delayMs: 0 }, times: number }]
  const fault = number % 2 === 0 ? 'hang' : 'commit-then-hang'
  await emulator.setFaults([...passes, { operation: '*', fault }])
  const abort = new AbortController()
  const killed = setInactive(emulator, kill, { signal: abort.signal })
  // The emulator logs a request only after it has finished with it.
  while ((await emulator.requests()).length <= number);
  abort.abort()
  expect((await killed).exitCode).toBeNull()

  const { exitCode, annotations, outputs } = await setInactive(emulator, kill, { run })
  expect({ kill, exitCode, annotations }).toEqual({ kill, exitCode: 0, annotations: [] })
  expect(Number(outputs['changed-count']) + Number(outputs['unchanged-count'])).toBe(count)
  expect(await activeDevices(emulator)).toEqual(allBut(count))
}

async function setInactive(
  emulator: Emulator,
  { inputs }: Kill,
  how: { readonly signal?: AbortSignal; readonly run?: RunProgram },
): Promise<StepRun> {
  return await runStep(
    'set-status',
    { ...workingInputs(emulator), 'ca-serial-number': CA_SN, status: 'inactive', ...inputs },
    { env: { NODE_EXTRA_CA_CERTS: emulator.info.caFile }, ...how },
  )
}

async function activeDevices(emulator: Emulator): Promise<string[]> {
  const query = { CaSn: CA_SN, PageNo: '1', PageSize: '100' }
  const { Data } = await callMqtt(emulator, 'ListDeviceCertificateByCaSn', query)
  const { DeviceCertificateVOS } = Data as { DeviceCertificateVOS: { DeviceSn: string; Status: string }[] }
  return DeviceCertificateVOS.filter(({ Status }) => Status === '1').map(({ DeviceSn }) => DeviceSn)
}
