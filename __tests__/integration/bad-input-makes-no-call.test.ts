import { expect, it } from '@jest/globals'
import { emulated, type Inputs } from '../support/emulated.ts'

const service = emulated()

it.each<[string, Inputs, RegExp]>([
  ['no instance', { 'instance-id': undefined }, /input instance-id is missing.*post-cn-/],
  ['a blank instance', { 'instance-id': ' \t' }, /input instance-id is missing/],
  [
    'no region and no endpoint',
    { 'region-id': undefined, endpoint: undefined },
    /Neither .*region-id nor endpoint/,
  ],
  ['half a key', { 'access-key-secret': undefined }, /access-key-id given without access-key-secret/],
  ['the other half', { 'access-key-id': undefined }, /access-key-secret given without access-key-id/],
  ['no key', { 'access-key-id': undefined, 'access-key-secret': undefined }, /There is no access key/],
  ['an unknown network', { network: 'intranet' }, /network is "intranet"\. It takes public or vpc/],
  ['no time', { timeout: '0' }, /timeout is "0"\. It takes a whole number of seconds/],
  ['a time with a unit', { timeout: '1m' }, /timeout is "1m"/],
  ['no attempt', { 'max-attempts': '0' }, /max-attempts is "0"\. It takes a whole number of attempts/],
  ['a scheme', { endpoint: 'https://127.0.0.1' }, /endpoint is .*without a scheme/],
  ['a path', { endpoint: '127.0.0.1/path' }, /endpoint is .*without a path/],
  [
    'a role by its name',
    { 'role-to-assume': 'devices' },
    /It takes the ARN of a role: acs:ram::\d{16}:role\/NAME\.$/,
  ],
  ['a region that is a host', { 'region-id': 'evil.example/' }, /region-id is "evil\.example\/"/],
])('%s', async (_, inputs, text) => {
  const run = await service.getRegisterCode(inputs)
  expect(run.exitCode).toBe(1)
  expect(run.annotations).toEqual([expect.stringMatching(text)])
  expect(run.outputs).toEqual({})
  expect(await service.emulator.requests()).toEqual([])
})

it('an output file that is missing is no reason to print the code', async () => {
  for (const env of [{ GITHUB_OUTPUT: '' }, { GITHUB_OUTPUT: '/nowhere/output' }]) {
    const run = await service.getRegisterCode({}, env)
    expect(run.annotations).toEqual([expect.stringMatching(/GITHUB_OUTPUT/)])
  }
  expect(await service.emulator.requests()).toEqual([])
})
