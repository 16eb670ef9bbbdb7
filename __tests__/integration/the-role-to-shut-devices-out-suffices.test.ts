import { expect, it } from '@jest/globals'
import { makeCa, makeLeaf } from '../../testing/certificates.ts'
import { snOf } from '../../testing/registered-cas.ts'
import { runStep, type StepRun } from '../../testing/run-step.ts'
import { emulated, workingInputs } from '../support/emulated.ts'
import { blocksIn, sectionOf } from '../support/documents.ts'

/** The RAM actions that set-status/README.md gives to the role. */
const [block = ''] = blocksIn(sectionOf('set-status/README.md', 'RAM actions'), 'sh')
const DOCUMENTED = block.match(/mq:\w+/g) ?? []
const SECRET = 'k44p4ho3wq9zr7vx1mb6tj2nd8fy5c'

const ca = await makeCa()
const device = await makeLeaf({ issuer: ca, serialNumber: '0a0b' })
const keyWith = (id: string, actions: readonly string[]) => ({
  id,
  secret: SECRET,
  policy: {
    Version: '1' as const,
    Statement: [{ Effect: 'Allow' as const, Action: [...actions], Resource: '*' }],
  },
})
const ALL = [
  'mq:ListDeviceCertificateByCaSn',
  'mq:ActiveDeviceCertificate',
  'mq:DeleteDeviceCertificate',
  'mq:UnregisterCaCertificate',
  'mq:ActiveCaCertificate',
  'mq:DeleteCaCertificate',
]
const service = emulated({
  accessKeys: [
    {},
    keyWith('documented', DOCUMENTED),
    ...DOCUMENTED.map((left) =>
      keyWith(
        `without-${left}`,
        DOCUMENTED.filter((action) => action !== left),
      ),
    ),
    ...ALL.map((more) => keyWith(`with-${more}`, [...DOCUMENTED, more])),
  ],
  instances: [
    { caCertificates: [{ certificate: ca.pem }], deviceCertificates: [{ certificate: device.pem }] },
  ],
})

async function runAs(key: string, inputs: Readonly<Record<string, string>> = {}): Promise<StepRun> {
  const by = 'device-names' in inputs || inputs['target'] === 'ca' ? {} : { 'serial-numbers': '0a0b' }
  return await runStep(
    'set-status',
    {
      ...workingInputs(service.emulator),
      ...{
        'access-key-id': key,
        'access-key-secret': SECRET,
        status: 'inactive',
        'ca-serial-number': snOf(ca),
      },
      ...by,
      ...inputs,
    },
    { env: { NODE_EXTRA_CA_CERTS: service.emulator.info.caFile } },
  )
}

it('the documented actions suffice to shut a device out', async () => {
  expect(DOCUMENTED).toHaveLength(4)
  expect(await runAs('documented')).toMatchObject({ exitCode: 0, annotations: [] })
})

it.each(DOCUMENTED)('it is not possible without %s', async (action) => {
  const step = await runAs(`without-${action}`)
  expect(step.annotations).toEqual([expect.stringMatching(/NoPermission.*mq:MqttInstanceAccess/)])
})

it.each<[string, Readonly<Record<string, string>>]>([
  ['mq:ListDeviceCertificateByCaSn', { 'device-names': 'device-1' }],
  ['mq:UnregisterCaCertificate', { target: 'ca' }],
  ['mq:DeleteCaCertificate', { target: 'ca', status: 'deleted' }],
])('%s is needed as the table says: %j', async (action, inputs) => {
  const denied = await runAs('documented', inputs)
  expect(denied.annotations).toEqual([expect.stringContaining(`${action} and mq:MqttInstanceAccess`)])
  expect(await runAs(`with-${action}`, inputs)).toMatchObject({ exitCode: 0, annotations: [] })
})

it.each(ALL)('the table lists %s', (action) => {
  expect(sectionOf('set-status/README.md', 'RAM actions')).toContain(`\`${action}\``)
})
