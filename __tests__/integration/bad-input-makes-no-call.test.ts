import { expect, it } from '@jest/globals'
import { emulated, type Inputs } from '../support/emulated.ts'

const service = emulated()

it.each<[string, Inputs, RegExp]>([
  ['no instance', { 'instance-id': undefined }, /^Missing input: instance-id\..*post-cn-/],
  ['a blank instance', { 'instance-id': ' \t' }, /^Missing input: instance-id/],
  [
    'neither region nor endpoint',
    { 'region-id': undefined, endpoint: undefined },
    /Neither .*region-id nor endpoint/,
  ],
  [
    'an access key ID without a secret',
    { 'access-key-secret': undefined },
    /^Incomplete access key: access-key-id without access-key-secret/,
  ],
  [
    'a secret without an access key ID',
    { 'access-key-id': undefined },
    /^Incomplete access key: access-key-secret without access-key-id/,
  ],
  ['no access key', { 'access-key-id': undefined, 'access-key-secret': undefined }, /^No credentials found/],
  ['an unknown network', { network: 'intranet' }, /^Invalid network: "intranet"\. Use public or vpc/],
  ['an invalid timeout', { timeout: '0' }, /^Invalid timeout: "0"\. Use a whole number of seconds/],
  [
    'a timeout with a unit',
    { timeout: '1m' },
    /^Invalid timeout: "1m"\. Use a whole number of seconds, 1 to 21600\.$/,
  ],
  ['no attempts', { 'max-attempts': '0' }, /^Invalid max-attempts: "0"\. Use a whole number of attempts/],
  [
    'an endpoint with a scheme',
    { endpoint: 'https://127.0.0.1' },
    /^Invalid endpoint: .*without a scheme or path/,
  ],
  [
    'an endpoint with a path',
    { endpoint: '127.0.0.1/path' },
    /^Invalid endpoint: .*without a scheme or path/,
  ],
  [
    'a role name instead of an ARN',
    { 'role-to-assume': 'devices' },
    /Use an ARN: acs:ram::\d{16}:role\/NAME\.$/,
  ],
  ['a host name as region', { 'region-id': 'evil.example/' }, /^Invalid region-id: "evil\.example\/"/],
])('%s', async (_, inputs, text) => {
  const run = await service.getRegisterCode(inputs)
  expect(run.exitCode).toBe(1)
  expect(run.annotations).toEqual([expect.stringMatching(text)])
  expect(run.outputs).toEqual({})
  expect(await service.emulator.requests()).toEqual([])
})

it('does not print the code when GITHUB_OUTPUT does not exist', async () => {
  for (const env of [{ GITHUB_OUTPUT: '' }, { GITHUB_OUTPUT: '/nowhere/output' }]) {
    const run = await service.getRegisterCode({}, env)
    expect(run.annotations).toEqual([
      expect.stringMatching(/GITHUB_OUTPUT (is not set|names is not writable: \/nowhere\/output \(ENOENT\))/),
    ])
  }
  expect(await service.emulator.requests()).toEqual([])
})
