import { mkdtempSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { EmulatorConfig } from '../../emulator/world/config.ts'
import { makeCa, makeLeaf } from '../../testing/certificates.ts'
import type { Check } from '../checks.ts'
import { checksOf, prefixed } from './example-checks.ts'
import { KEYLESS, runExample, type Setting } from './run-example.ts'
import { standIns } from './stand-in.ts'

const ca = await makeCa()
const device = await makeLeaf({ issuer: ca, subject: 'CN=device-1', serialNumber: '0a0b' })

/** An instance with a CA and a device, which other examples do not use. */
export const REVOKING: NonNullable<EmulatorConfig['instances']>[number] & { id: string } = {
  id: 'post-cn-revoking01',
  caCertificates: [{ certificate: ca.pem }],
  deviceCertificates: [{ certificate: device.pem }],
}

const LOOK_UP = [...KEYLESS, 'GetCaCertificate']

/** Deactivates a device by its serial number, activates it by its name, and refuses what a shell would run. */
export async function revoke(setting: Setting): Promise<Check[]> {
  const run = async (inputs: Readonly<Record<string, string>>) => {
    const folder = mkdtempSync(join(setting.folder, 'artifacts-'))
    const example = await runExample('revoke', setting, {
      event: 'workflow_dispatch',
      inputs,
      files: { 'ca.pem': ca.pem },
      secrets: {},
      vars: { MQTT_INSTANCE_ID: REVOKING.id },
      actions: standIns('revoke', folder, {
        'actions/upload-artifact': `cp "\${{ inputs.path }}" "${folder}/\${{ inputs.name }}"`,
      }),
    })
    return { example, report: () => readFileSync(join(folder, 'set-status-report'), 'utf8') }
  }
  const expected = { cas: [], secrets: [] }
  const dry = await run({ 'serial-number': '0a:0b', status: 'inactive', 'dry-run': 'true' })
  const bySerialNumber = await run({ 'serial-number': '0a:0b', status: 'inactive', 'dry-run': 'false' })
  const byName = await run({ 'device-name': 'device-1', status: 'active', 'dry-run': 'false' })
  const hostile = await run({
    'serial-number': '$(touch /tmp/x); 0a',
    status: 'inactive',
    'dry-run': 'false',
  })
  const looked = [...LOOK_UP, 'GetDeviceCertificate']
  return [
    ...prefixed('dry run', checksOf(dry.example, { ...expected, calls: looked })),
    ...checksOf(bySerialNumber.example, { ...expected, calls: [...looked, 'InactivateDeviceCertificate'] }),
    ['the report is kept', bySerialNumber.report().includes('"outcome":"changed"')],
    ...prefixed(
      'by name',
      checksOf(byName.example, {
        ...expected,
        calls: [...LOOK_UP, 'ListDeviceCertificateByCaSn', 'ActiveDeviceCertificate'],
      }),
    ),
    ...prefixed(
      'a hostile value',
      checksOf(hostile.example, { ...expected, failsAt: 'Set the status', calls: [] }),
    ),
  ]
}
