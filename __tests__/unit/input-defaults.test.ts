import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { beforeAll, describe, expect, it } from '@jest/globals'
import { parse } from 'yaml'
import { readRegisterInputs } from '../../src/actions/register-inputs.ts'
import { readStatusInputs } from '../../src/actions/set-status-inputs.ts'
import { readServiceInputs } from '../../src/inputs/service.ts'
import { readValidDays } from '../../src/inputs/ca.ts'
import { readSecrets } from '../../src/inputs/credentials.ts'
import { makeCa, type Issued } from '../../testing/certificates.ts'
import { withKey } from '../../testing/registered-cas.ts'
import { inputs, withEnvironment } from '../support/in-process.ts'

const root = dirname(dirname(import.meta.dirname))

/** The actions that make a call for each of many things. */
const OF_MANY = ['issue-device-certificates', 'set-status']
const MANY = { perSecond: 1, onRetry: () => undefined }
const KINDS = { 'create-ca': 'ca', 'issue-device-certificates': 'device' } as const

const service = (action = '') =>
  readServiceInputs(process.env, readSecrets(process.env), {
    many: OF_MANY.includes(action) ? MANY : undefined,
  })

/** For each input with a default: how the code reads it, and a different value. */
const READERS: Readonly<
  Record<string, { readonly read: (action: string) => Promise<unknown>; readonly other: string }>
> = {
  network: { read: async () => (await service()).endpoint, other: 'vpc' },
  timeout: {
    read: async (action) =>
      Math.round(((await service(action)).transport.deadlineMs - performance.now()) / 1000),
    other: '7',
  },
  'max-attempts': { read: async () => (await service()).transport.maxAttempts, other: '7' },
  'role-session-expiration': { read: async () => (await service()).credentials.role, other: '901' },
  'valid-days': {
    read: async (action) =>
      await Promise.resolve(
        readValidDays((KINDS as Partial<Record<string, 'ca' | 'device'>>)[action] ?? 'verification'),
      ),
    other: '7',
  },
  activate: { read: async () => (await readRegisterInputs()).ca.activate, other: 'true' },
  'dry-run': {
    read: async (action) =>
      (await (action === 'set-status' ? readStatusInputs(MANY) : readRegisterInputs())).isDryRun,
    other: 'true',
  },
  target: { read: async () => [(await readStatusInputs(MANY)).devices], other: 'ca' },
  'if-missing': { read: async () => (await readStatusInputs(MANY)).ignoresMissing, other: 'ignore' },
  'on-replace': { read: async () => (await readRegisterInputs()).predecessor, other: 'keep' },
}
/** Only STS sees the audience. The keyless tests run with and without this input. */
const TESTED_ELSEWHERE = ['audience']

const defaults = ['.', 'register', 'sign', 'unseal', 'set-status', ...Object.keys(KINDS)].flatMap(
  (action) => {
    const actionYml = parse(readFileSync(join(root, action, 'action.yml'), 'utf8')) as {
      inputs: Record<string, { default?: string }>
    }
    return Object.entries(actionYml.inputs).flatMap(([name, { default: value }]) =>
      value === undefined || TESTED_ELSEWHERE.includes(name) ? [] : [{ action, name, value }],
    )
  },
)

let ca: Issued
beforeAll(async () => {
  ca = await makeCa()
})

async function readWith(action: string, name: string, value: string): Promise<unknown> {
  const given = {
    ...withKey(ca),
    'instance-id': 'post-cn-7mz2d000001',
    'region-id': 'cn-hangzhou',
    'access-key-id': 'id',
    'access-key-secret': 'secret',
    'role-to-assume': 'acs:ram::1:role/r',
    replaces: '0a',
    status: 'inactive',
    ...(name !== 'target' || value !== 'ca' ? { 'serial-numbers': '0a' } : {}),
    [name]: value,
  }
  const { result, thrown } = await withEnvironment(inputs(given), () => READERS[name]?.read(action))
  if (thrown !== undefined) throw thrown as Error
  expect(result).toBeDefined()
  return result
}

describe('the default in action.yml equals the default in the code', () => {
  it.each(defaults)('$action: $name', async ({ action, name, value }) => {
    const unset = await readWith(action, name, '')
    expect(await readWith(action, name, value)).toEqual(unset)
    expect(await readWith(action, name, READERS[name]?.other ?? '')).not.toEqual(unset)
  })
})
