import { setImmediate } from 'node:timers/promises'
import { beforeAll, describe, expect, it } from '@jest/globals'
import type { FaultOrder } from '../../emulator/faults/orders.ts'
import type { RunningEmulator } from '../../emulator/start.ts'
import type { EmulatorConfig } from '../../emulator/world/config.ts'
import { connectDevice, staysOpen } from '../../conformance/connect-device.ts'
import { PARTS } from '../../conformance/entries.ts'
import { DEVICES } from '../../conformance/entries/devices.ts'
import { KMS } from '../../conformance/entries/kms.ts'
import { makeCa, makeLeaf } from '../../testing/certificates.ts'
import { casOf, trust, withKey } from '../../testing/registered-cas.ts'
import { emulated, keyless } from '../support/emulated.ts'
import { callKms } from '../support/calls.ts'
import { measure } from '../support/measure.ts'

const SECOND = 'post-cn-second00000'
/** Needs a second instance, or a temporary key. */
const NEEDS_MORE = ['missing-token', 'code-of-another-instance', 'two-instances']
const checked = PARTS.flatMap(({ entries }) => entries).filter((entry) => 'check' in entry)
const unchecked = PARTS.flatMap(({ entries }) => entries).filter((entry) => !('check' in entry))

/** Ten behaviors that are not as assumed, by the entry that must notice each. */
const DIFFERENT: Readonly<Record<string, EmulatorConfig | readonly FaultOrder[]>> = {
  'sn-spelling': { snSpelling: 'upper-case' },
  'codes-differ': { registerCodes: 'same-until-used' },
  'two-instances': { snUniqueIn: 'instance' },
  'fields-are-texts': { caFields: 'numbers' },
  'line-ends': { lineEnds: 'escaped' },
  'listed-at-once': { listedAfterMs: 2000 },
  'list-order': { listOrder: 'newest-first' },
  'code-after-deletion': { codesOfDeletedCas: 'unused' },
  'error-statuses': { statuses: 'later' },
  'unknown-sn-ActiveCaCertificate': [
    { operation: 'ActiveCaCertificate', fault: { code: 'ParameterFieldCheckFailed' } },
  ],
}
const differences = Object.values(DIFFERENT)
const isFaults = (one: (typeof differences)[number]): one is readonly FaultOrder[] => Array.isArray(one)
const differentConfig = Object.assign(
  { instances: [{}, { id: SECOND }] },
  ...differences.filter((one) => !isFaults(one)),
) as EmulatorConfig

/** Returns the options that include the broker. */
const broker = ({ info }: RunningEmulator) => ['--with-device', '--mqtt-endpoint', info.mqttEndpoint]
const ofDevices = DEVICES.entries.filter((entry) => 'check' in entry).map(({ id }) => id)
/** The last ones of the part, and no others. */
const inBroker = ofDevices.slice(ofDevices.indexOf('device-connects'))

/** Returns the options that include KMS. */
const kms = ({ info }: RunningEmulator, keyId = info.kmsKeyId) => [
  ...['--kms-key-id', keyId],
  ...['--kms-endpoint', info.endpoint],
]
const inKms = KMS.entries.filter((entry) => 'check' in entry).map(({ id }) => id)

describe('an emulator that differs from itself in ten behaviors', () => {
  const different = emulated(differentConfig)

  it('is different in these ten, and in no others', async () => {
    const { emulator } = different
    trust(emulator)
    await emulator.setFaults(differences.filter(isFaults).flat())
    const run = await measure(emulator, ['--yes', '--second-instance-id', SECOND, ...kms(emulator)])
    expect(run.ids('different').sort()).toEqual(Object.keys(DIFFERENT).sort())
    expect(run).toMatchObject({ exitCode: 1, stderr: '' })
    expect(run.stdout).toMatch(/^Different: .*sn-spelling/m)
    expect(run.markdown).toMatch(
      /`sn-spelling`: .*\n {2}- `the spelling is upper case, without the zero byte/,
    )
    expect(run.ids('not reached')).toEqual(
      expect.arrayContaining([...unchecked.map(({ id }) => id), 'missing-token', ...inBroker]),
    )
    expect(run.ids('not reached')).toHaveLength(unchecked.length + 1 + inBroker.length)
    expect(await casOf(emulator)).toEqual([])
    expect(await casOf(emulator, SECOND)).toEqual([])
  })
})

describe('an emulator whose clock is 2 minutes slow', () => {
  const slow = emulated({ clockOffsetSeconds: -120 })

  it('is different in the backdating that a verification certificate needs', async () => {
    trust(slow.emulator)
    const run = await measure(slow.emulator)
    expect(run.ids('different')).toEqual(['no-backdating'])
    expect(run.markdown).toContain('it must be backdated: 5 min are enough')
  })
})

describe('the command', () => {
  const shared = emulated()
  beforeAll(() => {
    trust(shared.emulator)
  })

  it('finds the emulator as assumed, and leaves what was there', async () => {
    const { emulator, register } = shared
    await register(withKey(await makeCa(), 'their-devices'))
    const run = await measure(emulator, ['--yes', ...kms(emulator), ...broker(emulator)])
    expect(run).toMatchObject({ exitCode: 0, stderr: '' })
    expect(run.stdout).toContain(
      `connects throw-away devices of these CAs to the broker at ${emulator.info.mqttEndpoint}.`,
    )
    for (const report of [run.markdown, run.json]) expect(report).not.toContain(emulator.info.mqttEndpoint)
    // Only GitHub's runner hides the commands that mask.
    expect(run.stdout).not.toContain('::add-mask::')
    expect(run.ids('as assumed')).toHaveLength(checked.length - NEEDS_MORE.length)
    expect((await casOf(emulator)).map(({ name }) => name)).toEqual(['their-devices'])
    for (const shown of [run.stdout, run.markdown, run.json]) expect(shown).not.toContain('their-devices')
  })

  it('measures with a role, without a stored key', async () => {
    const { inputs, env } = keyless(shared.emulator)
    const options = ['role-to-assume', 'oidc-provider-arn', 'sts-endpoint'] as const
    const args = options.flatMap((name) => [`--${name}`, inputs[name] ?? ''])
    const run = await measure(shared.emulator, ['--yes', ...args], { env })
    expect(run).toMatchObject({ exitCode: 0 })
    expect(run.ids('as assumed')).toContain('missing-token')
    expect(run.json).toContain('"access key": "temporary"')
    // Without --kms-key-id.
    expect(run.ids('not reached')).toEqual(expect.arrayContaining(inKms))
    expect(run.markdown).toMatch(/`kms-signature`: .*\n {2}- `because --kms-key-id is not given`/)
    // Without --with-device.
    expect(run.ids('not reached')).toEqual(expect.arrayContaining(inBroker))
    expect(run.markdown).toMatch(/`device-connects`: .*\n {2}- `because --with-device is not given`/)
    expect(run.stdout).toContain(`\n  ${unchecked.length} by design: `)
    expect(run.stdout).toContain(`\n  ${inBroker.length} because --with-device is not given\n`)
  })

  it('measures KMS with a key of RSA, too, and changes nothing there', async () => {
    const { emulator } = shared
    const { kmsRsaKeyId } = emulator.info
    const run = await measure(emulator, ['--yes', ...kms(emulator, kmsRsaKeyId)])
    expect(run).toMatchObject({ exitCode: 0, stderr: '' })
    expect(run.stdout).toContain(
      `It also reads the key ${kmsRsaKeyId} in KMS at ${emulator.info.endpoint}, and signs`,
    )
    expect(run.ids('as assumed')).toEqual(expect.arrayContaining(inKms))
    expect(run.markdown).toContain('RSA_2048, SOFTWARE')
    for (const report of [run.markdown, run.json]) expect(report).not.toContain(kmsRsaKeyId)
    const calls = new Set((await emulator.requests()).map(({ operation }) => operation))
    const reading = ['DescribeKey', 'ListKeyVersions', 'GetPublicKey', 'AsymmetricSign']
    expect([...calls].filter((name) => /Key|Alias|Asymmetric/.test(name)).sort()).toEqual(reading.sort())
  })

  it('notices signatures that do not verify, and refusals that KMS does not make', async () => {
    const { emulator } = shared
    const fault = { status: 200, body: '{"RequestId":"1","Value":"AAAA"}' }
    await emulator.setFaults([{ operation: 'AsymmetricSign', fault, times: 'always' }])
    const run = await measure(emulator, ['--yes', ...kms(emulator)])
    expect(run).toMatchObject({ exitCode: 1, stderr: '' })
    expect(run.ids('different')).toEqual([
      'kms-signature',
      'kms-digest-length',
      'kms-other-algorithm',
      'kms-dry-run',
      'kms-order-of-checks',
    ])
  })

  it('notices other codes for what does not exist, and other statuses', async () => {
    const { emulator } = shared
    const alias = 'alias/our-ca'
    await callKms(emulator, 'CreateAlias', { KeyId: emulator.info.kmsKeyId, AliasName: alias })
    const fault = { code: 'Forbidden.KeyNotFound', status: 400, message: `There is no ${alias}.` }
    await emulator.setFaults([
      { operation: 'GetPublicKey', fault: { code: 'Forbidden.NoPermission' } },
      { operation: 'GetPublicKey', fault, times: 'always' },
    ])
    const run = await measure(emulator, ['--yes', ...kms(emulator, alias)])
    expect(run.ids('different')).toEqual([
      'kms-methods',
      'kms-unknown-version',
      'kms-missing-parameter',
      'kms-dry-run',
      'kms-error-statuses',
    ])
    expect(run.markdown).toContain('Forbidden.KeyNotFound')
    for (const report of [run.markdown, run.json]) expect(report).not.toContain(alias)
    // A denial is no difference.
    expect(run.markdown).toMatch(/`kms-public-key`: .*\n {2}- `because RAM does not allow GetPublicKey/)
  })

  it('notices certificates of devices that do not change', async () => {
    const { emulator } = shared
    const fault = { status: 200, body: '{"RequestId":"1","DeviceSn":"1"}' }
    await emulator.setFaults([
      { operation: 'InactivateDeviceCertificate', fault, times: 'always' },
      { operation: 'DeleteDeviceCertificate', fault, times: 'always' },
    ])
    const run = await measure(emulator, ['--yes', ...broker(emulator)])
    expect(run).toMatchObject({ exitCode: 1, stderr: '' })
    const unknown = ['Inactivate', 'Delete'].map((verb) => `unknown-device-${verb}DeviceCertificate`)
    expect(run.ids('different')).toEqual([...unknown, 'device-inactive', 'device-registered-again'])
    expect(run.markdown).toMatch(/`device-inactive`: .*\n {2}- `the status is 1`/)
  })

  it('does not take a broker that it cannot reach for one that refuses', async () => {
    const { emulator } = shared
    const run = await measure(emulator, ['--yes', '--with-device', '--mqtt-endpoint', '127.0.0.1:1'])
    expect(run).toMatchObject({ exitCode: 0, stderr: '' })
    expect(run.ids('not reached')).toEqual(expect.arrayContaining(inBroker))
    expect(run.markdown).toMatch(/`device-connects`: .*\n {2}- `because the broker .*: ECONNREFUSED`/)
  })

  it('connects nothing for the variable of the broker alone', async () => {
    const { emulator } = shared
    const { mqttEndpoint, accessKeyId, accessKeySecret } = emulator.info
    const env = {
      MQTT_BROKER_ENDPOINT: mqttEndpoint,
      ALIBABA_CLOUD_ACCESS_KEY_ID: accessKeyId,
      ALIBABA_CLOUD_ACCESS_KEY_SECRET: accessKeySecret,
    }
    const run = await measure(emulator, ['--yes'], { env })
    expect(run).toMatchObject({ exitCode: 0, stderr: '' })
    expect(run.stdout).toContain('It connects no device. To connect some, add --with-device.')
    expect(await emulator.requests('MqttConnect')).toEqual([])
    // With it, the variable is enough.
    const plan = await measure(emulator, ['--with-device'], { env })
    expect(plan.stdout).toContain(`to the broker at ${mqttEndpoint}.`)
  })

  it('sees that the broker has closed a connection', async () => {
    const { emulator, register } = shared
    const ca = await makeCa()
    await register(withKey(ca, 'devices'))
    const client = await connectDevice(emulator.info.mqttEndpoint, await makeLeaf({ issuer: ca }))
    if (client === undefined) throw new Error('the broker refused the device')
    expect(await staysOpen(client)).toBe(true)
    const closed = Promise.withResolvers<undefined>()
    client.once('close', () => {
      closed.resolve(undefined)
    })
    const isOpen = staysOpen(client)
    await emulator.reset()
    await closed.promise
    expect([await isOpen, await staysOpen(client)]).toEqual([false, false])
  })

  it('says what is wrong with --kms-key-id, before anything is registered', async () => {
    const { emulator } = shared
    const { kmsKeyId } = emulator.info
    const unknown = await measure(emulator, ['--yes', ...kms(emulator, 'key-none')])
    expect(unknown).toMatchObject({ exitCode: 2, json: '' })
    expect(unknown.stderr).toMatch(
      /^conformance: The key key-none does not exist in .*Forbidden\.KeyNotFound/,
    )
    await callKms(emulator, 'DisableKey', { KeyId: kmsKeyId })
    const disabled = await measure(emulator, ['--yes', ...kms(emulator)])
    expect(disabled).toMatchObject({ exitCode: 2, json: '' })
    expect(disabled.stderr).toMatch(
      /in KMS cannot sign: it is for SIGN\/VERIFY, and its state is Disabled\. Set --kms-key-id/,
    )
    const alone = await measure(emulator, ['--yes', '--kms-endpoint', emulator.info.endpoint])
    expect(alone).toMatchObject({ exitCode: 2, json: '' })
    expect(alone.stderr).toMatch(/^conformance: kms-endpoint is set without kms-key-id/)
    expect(await emulator.requests('RegisterCaCertificate')).toEqual([])
  })

  it('calls nothing without --yes', async () => {
    const run = await measure(shared.emulator, [])
    expect(run).toMatchObject({ exitCode: 2, json: '' })
    expect(run.stdout).toMatch(
      /registers some throw-away CAs named conformance-[\da-f]{12},.*Nothing was called/s,
    )
    expect(await measure(shared.emulator, ['--clean'])).toMatchObject({ exitCode: 2 })
    expect(await shared.emulator.requests()).toEqual([])
  })

  it.each<[string, readonly string[], Record<string, string>, RegExp]>([
    [
      'no instance',
      ['--yes'],
      { MQTT_INSTANCE_ID: '' },
      /^conformance: No instance is named\. Set --instance-id/,
    ],
    ['no key', ['--yes'], {}, /^conformance: No credentials found\. Set/],
    [
      'a broker and no --with-device',
      ['--yes', '--mqtt-endpoint', '127.0.0.1:1'],
      {},
      /^conformance: --mqtt-endpoint is given without --with-device\. Add/,
    ],
    [
      '--with-device and no broker',
      ['--yes', '--with-device'],
      {},
      /^conformance: --with-device is given without the endpoint .*Instance Details page/,
    ],
    [
      'a broker without a port',
      ['--yes', '--with-device'],
      { MQTT_BROKER_ENDPOINT: 'mqtts://broker.example' },
      /^conformance: Invalid --mqtt-endpoint: "mqtts:\/\/broker\.example"\. Set .* host:port/,
    ],
    ['an unknown option', ['--force'], {}, /^conformance: Unknown option '--force'/],
    [
      'an invalid region',
      ['--yes', '--region-id', 'a.b'],
      {},
      /^conformance: Invalid region-id: "a\.b"\. Use/,
    ],
  ])('says that it cannot run with %s', async (_, args, env, reason) => {
    const run = await measure(shared.emulator, args, { env })
    expect(run).toMatchObject({ exitCode: 2, json: '' })
    expect(run.stderr).toMatch(reason)
    expect(await shared.emulator.requests()).toEqual([])
  })

  it.each(['--instance-id', '--second-instance-id'])('says what is wrong with %s', async (option) => {
    const run = await measure(shared.emulator, ['--yes', option, 'post-cn-none'])
    expect(run).toMatchObject({ exitCode: 2, json: '' })
    expect(run.stderr).toMatch(/^conformance: Instance post-cn-none does not exist at .*MqttInstanceNotFound/)
  })

  it('retries throttling, which is no difference', async () => {
    const fault = { code: 'Throttling.User' } as const
    const operations = [
      'RegisterCaCertificate',
      'GetCaCertificate',
      'ListCaCertificate',
      'DeleteCaCertificate',
    ]
    const { emulator } = shared
    await emulator.setFaults([
      ...operations.map((operation) => ({ operation, fault })),
      { operation: 'AsymmetricSign', fault: { code: 'Rejected.Throttling' } },
    ])
    expect(await measure(emulator, ['--yes', ...kms(emulator)])).toMatchObject({ exitCode: 0 })
  })

  it.each(['SIGINT', 'SIGTERM'] as const)(
    'deletes what it made when it receives %s twice',
    async (signal) => {
      const { emulator } = shared
      // It is in the middle for long enough.
      await emulator.setFaults([{ operation: 'GetCaCertificate', fault: { delayMs: 20 }, times: 'always' }])
      const run = await measure(emulator, ['--yes'], {
        whileRunning: async (child) => {
          while (!(await emulator.requests('RegisterCaCertificate')).some(({ code }) => code === null)) {
            await setImmediate()
          }
          child.kill(signal)
          child.kill(signal)
        },
      })
      expect(run).toMatchObject({ exitCode: 2, json: '', stderr: '' })
      expect(run.stdout).toMatch(/^Interrupted\..*^Cleaned up: nothing is left\.$/ms)
      expect(await casOf(emulator)).toEqual([])
      expect((await emulator.requests('DeleteCaCertificate')).some(({ code }) => code === null)).toBe(true)
    },
  )

  it('deletes a CA whose registration got no answer', async () => {
    const { emulator } = shared
    await emulator.setFaults([
      { operation: 'RegisterCaCertificate', fault: 'commit-then-reset', times: 'always' },
    ])
    const run = await measure(emulator)
    expect(run.exitCode).toBe(2)
    expect(run.stdout).toMatch(/^No result: .*registration/m)
    expect(await casOf(emulator)).toEqual([])
  })

  it('says exactly what is left when deleting fails, and how to remove it', async () => {
    const { emulator } = shared
    const fault = { code: 'ParameterFieldCheckFailed' } as const
    await emulator.setFaults([{ operation: 'DeleteCaCertificate', fault, times: 'always' }])
    const run = await measure(emulator)
    const left = await casOf(emulator)
    expect(run.exitCode).toBe(2)
    expect(left.length).toBeGreaterThan(0)
    for (const { name, sn } of left) {
      expect(run.stdout).toContain(`CA ${name}, serial number ${sn}, on instance ${emulator.info.instanceId}`)
    }
    expect(run.stdout).toMatch(
      /or run: npm run conformance -- --clean --yes --instance-id post-cn-\w+ --region-id/,
    )
  })

  it('removes leftovers by their name, and nothing else', async () => {
    const { emulator, register } = shared
    const names = ['conformance-0123456789ab', 'conformance-fedcba987654', 'conformance-devices', 'devices']
    for (const name of [...names, 'my-conformance-0123456789ab', 'conformance-0123456789abc']) {
      await register(withKey(await makeCa(), name))
    }
    const run = await measure(emulator, ['--clean', '--yes'])
    expect(run).toMatchObject({ exitCode: 0, json: '', stderr: '' })
    expect(run.stdout).toMatch(/found {2}conformance-0123456789ab, serial number \w+, on post-cn/)
    const left = (await casOf(emulator)).map(({ name }) => name)
    expect(left.sort()).toEqual([
      'conformance-0123456789abc',
      'conformance-devices',
      'devices',
      'my-conformance-0123456789ab',
    ])
    expect((await measure(emulator, ['--clean', '--yes'])).stdout).toContain('Nothing was left behind.')
  })

  it('reports nothing secret, whatever the service says', async () => {
    const { emulator } = shared
    const message =
      'Key {accessKeyId} {accessKeySecret}, {authorization}, code {registerCode}, acs:mq:cn-hangzhou:1234567890123456:x, @you https://a.example'
    await emulator.setFaults(
      ['GetCaCertificate', 'ListCaCertificate', 'InactivateCaCertificate', 'RegisterCaCertificate'].map(
        (operation) => ({ operation, fault: { code: 'Odd', status: 400, message }, times: 'always' }),
      ),
    )
    const run = await measure(emulator)
    expect(run.exitCode).toBe(1)
    const { accessKeyId, accessKeySecret, accountId, instanceId } = emulator.info
    for (const shown of [run.stdout.split('\n').slice(1).join('\n'), run.stderr, run.markdown, run.json]) {
      for (const secret of [accessKeyId, accessKeySecret, accountId, instanceId, '1234567890123456']) {
        expect(shown).not.toContain(secret)
      }
      expect(shown).not.toMatch(/[\da-f]{8}-[\da-f-]{27}\d{10}/)
    }
  })
})

describe('an access key that may register and not delete', () => {
  const restricted = emulated({
    accessKeys: [
      {
        policy: {
          Version: '1',
          Statement: [
            { Effect: 'Allow', Action: 'mq:*', Resource: '*' },
            { Effect: 'Deny', Action: 'mq:DeleteCaCertificate', Resource: '*' },
          ],
        },
      },
    ],
  })

  it('registers nothing', async () => {
    const run = await measure(restricted.emulator)
    expect(run).toMatchObject({ exitCode: 2, json: '' })
    expect(run.stderr).toMatch(
      /^conformance: RAM does not allow DeleteCaCertificate on instance post-cn-\w+, so/,
    )
    expect(await restricted.emulator.requests('RegisterCaCertificate')).toEqual([])
  })
})
