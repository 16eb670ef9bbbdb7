import { casOf } from '../../testing/registered-cas.ts'
import { emulatorEnv } from '../act.ts'
import type { Check } from '../checks.ts'
import { REGISTER_CODE } from './example-checks.ts'
import { KEYLESS, runUnchanged, type Setting } from './run-example.ts'
import { standIns } from './stand-in.ts'

/** This example runs a program of this repository, which a stand-in of `actions/checkout` copies. */
export async function conformance(setting: Setting): Promise<Check[]> {
  const { emulator, released, folder } = setting
  const { info } = emulator
  const { exitCode, log } = await runUnchanged('conformance', setting, {
    vars: {
      MQTT_INSTANCE_ID: info.instanceId,
      MQTT_REGION_ID: info.regionId,
      MQTT_ROLE_ARN: info.roleArn,
      MQTT_OIDC_PROVIDER_ARN: info.oidcProviderArn,
      MQTT_BROKER_ENDPOINT: info.mqttEndpoint,
      MQTT_KMS_KEY_ID: info.kmsKeyId,
    },
    env: {
      ...emulatorEnv(info),
      MQTT_ENDPOINT: info.endpoint,
      MQTT_STS_ENDPOINT: info.endpoint,
      MQTT_KMS_ENDPOINT: info.endpoint,
      // The packages are in the cache since the installation of this repository.
      npm_config_prefer_offline: 'true',
    },
    actions: standIns('conformance', folder, {
      'actions/checkout': `cp -R '${released}/.' .`,
      'actions/setup-node': 'true',
      'actions/upload-artifact': 'cd "${{ inputs.path }}" && echo "Artifact:" *',
    }),
  })
  const calls = (await emulator.requests()).map(({ operation }) => operation)
  return [
    ['it succeeds', exitCode === 0],
    ['it has no stored key', calls.slice(0, 2).join() === KEYLESS.join(), calls.slice(0, 2).join()],
    ['nothing is different', log.includes(' as assumed, 0 different, ')],
    ['it measures the broker and KMS', !log.includes(' is not given')],
    ['it leaves no CA', (await casOf(emulator)).length === 0],
    ['the artifact is the report', log.includes('Artifact: conformance.json conformance.md')],
    ['the log shows no code', !REGISTER_CODE.test(log)],
  ]
}
