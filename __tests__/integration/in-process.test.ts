import { readFileSync } from 'node:fs'
import { getCACertificates, setDefaultCACertificates } from 'node:tls'
import { beforeAll, describe, expect, it } from '@jest/globals'
import { getRegisterCodeAction } from '../../src/actions/get-register-code.ts'
import { call } from '../../src/alibaba-cloud/call.ts'
import { MQTT_ERRORS } from '../../src/mqtt/service-errors.ts'
import { ActionError } from '../../src/errors.ts'
import { emulated, workingInputs, type Inputs } from '../support/emulated.ts'
import { inputs, withEnvironment } from '../support/in-process.ts'

// The action in this process, for what is seen better from inside; what users get is tested through dist/.
const service = emulated()

beforeAll(() => {
  const emulatorCa = readFileSync(service.emulator.info.caFile, 'utf8')
  setDefaultCACertificates([...getCACertificates('default'), emulatorCa])
})

function fail(): never {
  throw new Error('There must be no second attempt.')
}

async function run(given: Inputs = {}, variables: Readonly<Record<string, string>> = {}) {
  const values = { ...workingInputs(service.emulator), ...given }
  const env = inputs(Object.fromEntries(Object.entries(values).map(([name, value]) => [name, value ?? ''])))
  const { thrown, stdout, outputFile } = await withEnvironment(
    { ...env, ...variables },
    getRegisterCodeAction,
  )
  return { error: thrown instanceof ActionError ? thrown : undefined, thrown, stdout, outputFile }
}

describe('the action', () => {
  it('sets its outputs', async () => {
    const { thrown, outputFile } = await run()
    expect(thrown).toBeUndefined()
    expect(outputFile).toMatch(/^register-code<<.*\nrequest-id<</s)
  })

  it('sets a seal too, when it has a key for one', async () => {
    const env = { GITHUB_REPOSITORY: 'example/devices', GITHUB_RUN_ID: '1' }
    const { thrown, outputFile } = await run({ 'seal-key': 'a passphrase for seals' }, env)
    expect(thrown).toBeUndefined()
    expect(outputFile).toMatch(/^register-code<<.*\nrequest-id<<.*\nsealed-register-code<</s)
  })

  it('says of each attempt that failed why, and when the next one comes', async () => {
    await service.emulator.setFaults([
      { operation: 'GetRegisterCode', fault: { code: 'Throttling.User' }, times: 2 },
    ])
    const { stdout } = await run({ 'region-id': undefined })
    expect(stdout).toMatch(
      /^Retry +GetRegisterCode, attempt 1 of 5: Throttling\.User, HTTP 400; next one in 0\.\d s$/m,
    )
    expect(stdout).toMatch(/^Retry +GetRegisterCode, attempt 2 of 5: /m)
    expect(stdout).toMatch(/^Register code +fetched at attempt 3, in \d+ ms/m)
  })

  it('does not begin a pause that would outlast its time', async () => {
    await service.emulator.setFaults([{ operation: '*', fault: { code: 'InternalError' }, times: 'always' }])
    const { error } = await run({ timeout: '1', 'max-attempts': '100' })
    expect(error?.message).toMatch(/after [234] attempts in [01]\.\d s$/)
  })

  it('signs each attempt anew', async () => {
    // This fault comes after the signature was checked, and the emulator takes no nonce twice.
    await service.emulator.setFaults([
      { operation: 'GetRegisterCode', fault: { registerCode: 'white space' } },
    ])
    expect((await run()).stdout).toContain('fetched at attempt 2')
  })

  it('asks for the instance when none is given', async () => {
    expect((await run({ 'instance-id': '' })).error?.message).toBe('The input instance-id is missing')
  })

  it('lets an error that it cannot explain through as it is', async () => {
    const oddity = new RangeError('odd')
    const { endpoint, accessKeyId, accessKeySecret } = service.emulator.info
    const transport = {
      proxy: undefined,
      maxAttempts: 3,
      deadlineMs: performance.now() + 10_000,
      onRetry: fail,
    }
    const request = { operation: 'GetRegisterCode', version: '2020-04-20', method: 'GET', query: {} } as const
    await service.emulator.setFaults([{ operation: 'GetRegisterCode', fault: 'no-code' }])
    await expect(
      call(
        { endpoint, accessKey: { accessKeyId, accessKeySecret }, transport },
        { request, errors: MQTT_ERRORS, subject: {} },
        () => {
          throw oddity
        },
      ),
    ).rejects.toBe(oddity)
    expect(await service.emulator.requests()).toHaveLength(1)
  })

  it.each(['reset', 'reset-in-body', 'html', 'null-body', 'no-code', 'hang'] as const)(
    'knows the fault %s',
    async (fault) => {
      await service.emulator.setFaults([{ operation: 'GetRegisterCode', fault, times: 'always' }])
      const { error, outputFile } = await run({ timeout: '1' })
      expect(error).toBeDefined()
      expect(outputFile).toBe('')
    },
  )

  it.each(['large-body', { registerCode: 'white space' }] as const)('knows the fault %j', async (fault) => {
    await service.emulator.setFaults([{ operation: 'GetRegisterCode', fault, times: 'always' }])
    const { error } = await run({ 'max-attempts': '1' })
    expect(error?.message).toMatch(/more than 1 MiB|white space/)
  })
})
