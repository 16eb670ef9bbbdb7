import { parseArgs } from 'node:util'
import { ActionError } from '../src/errors.ts'

/** The options that are inputs of the actions, and the variables that set them too: those of `examples/`, and more. */
const INPUTS = {
  'instance-id': 'MQTT_INSTANCE_ID',
  'second-instance-id': 'MQTT_SECOND_INSTANCE_ID',
  'region-id': 'MQTT_REGION_ID',
  'role-to-assume': 'MQTT_ROLE_ARN',
  'oidc-provider-arn': 'MQTT_OIDC_PROVIDER_ARN',
  audience: 'MQTT_OIDC_AUDIENCE',
  network: 'MQTT_NETWORK',
  endpoint: 'MQTT_ENDPOINT',
  'mqtt-endpoint': 'MQTT_BROKER_ENDPOINT',
  'sts-endpoint': 'MQTT_STS_ENDPOINT',
  'kms-key-id': 'MQTT_KMS_KEY_ID',
  'kms-endpoint': 'MQTT_KMS_ENDPOINT',
} as const

type InputName = keyof typeof INPUTS

/** The command line. */
export type Options = {
  /** Without `--with-device`, `mqtt-endpoint` is empty, so that nothing connects to it. */
  readonly inputs: Readonly<Record<InputName, string>>
  /** The folder for the report. */
  readonly report: string
  readonly yes: boolean
  readonly clean: boolean
  readonly emulator: boolean
  readonly help: boolean
}

/**
 * Reads the command line and the environment.
 *
 * @throws Error for an unknown option, ActionError for a broker that is missing or not asked for
 */
export function readOptions(args: readonly string[], env: NodeJS.ProcessEnv): Options {
  const text = { type: 'string' } as const
  const flag = { type: 'boolean', default: false } as const
  const { values } = parseArgs({
    args: [...args],
    options: {
      ...Object.fromEntries(Object.keys(INPUTS).map((name) => [name, text])),
      report: { type: 'string', default: 'conformance-report' },
      yes: flag,
      clean: flag,
      emulator: flag,
      'with-device': flag,
      help: flag,
    },
  })
  const given = values as Readonly<Partial<Record<InputName, string>>>
  const inputs = Object.fromEntries(
    Object.entries(INPUTS).map(([name, variable]) => [
      name,
      (given[name as InputName] ?? env[variable] ?? '').trim(),
    ]),
  ) as Options['inputs']
  const { report, yes, clean, emulator, help, 'with-device': withDevice } = values
  // The other commands connect no device, or to a broker of their own.
  if (!help && !clean && !emulator) {
    if (withDevice) requireBroker(inputs['mqtt-endpoint'])
    else if ((given['mqtt-endpoint'] ?? '') !== '') {
      throw new ActionError({
        what: '--mqtt-endpoint is given without --with-device',
        fix: 'Add --with-device to connect devices to this broker, or omit --mqtt-endpoint.',
      })
    }
  }
  return {
    inputs: withDevice ? inputs : { ...inputs, 'mqtt-endpoint': '' },
    ...{ report, yes, clean, emulator, help },
  }
}

function requireBroker(endpoint: string): void {
  if (/^(\[[\da-f:]+\]|[\w.-]+):\d+$/i.test(endpoint)) return
  throw new ActionError({
    what:
      endpoint === ''
        ? '--with-device is given without the endpoint of the broker'
        : `Invalid --mqtt-endpoint: "${endpoint}"`,
    fix: 'Set --mqtt-endpoint or MQTT_BROKER_ENDPOINT to host:port, for example post-cn-7mz2d******.mqtt.aliyuncs.com:8883. The console shows the host on the Instance Details page. The port for mutual TLS is 8883.',
  })
}

export const USAGE = `Usage: npm run conformance -- [OPTION]…

  --instance-id ID           the instance (MQTT_INSTANCE_ID)
  --region-id REGION         its region (MQTT_REGION_ID, ALIBABA_CLOUD_REGION_ID)
  --second-instance-id ID    another instance of the account, to try a CA with two (MQTT_SECOND_INSTANCE_ID)
  --with-device              connect throw-away devices to the instance's broker, too; needs --mqtt-endpoint
  --mqtt-endpoint HOST:PORT  the broker, with mutual TLS (MQTT_BROKER_ENDPOINT, which alone connects nothing)
  --kms-key-id ID            a key in KMS that signs, to measure KMS, too (MQTT_KMS_KEY_ID)
  --role-to-assume ARN       with --oidc-provider-arn in a workflow: no stored key (MQTT_ROLE_ARN)
  --oidc-provider-arn ARN    (MQTT_OIDC_PROVIDER_ARN)
  --network, --endpoint, --kms-endpoint, --sts-endpoint, --audience
                             as the inputs of the actions (MQTT_NETWORK, MQTT_ENDPOINT, MQTT_KMS_ENDPOINT,
                             MQTT_STS_ENDPOINT, MQTT_OIDC_AUDIENCE)
  --report FOLDER            where the report is written (conformance-report)
  --yes                      call the service; without it, the command only says what it would do
  --clean                    delete what an earlier run left, and measure nothing
  --emulator                 start an emulator and measure everything on that

Access keys are read from the environment only: ALIBABA_CLOUD_ACCESS_KEY_ID, ALIBABA_CLOUD_ACCESS_KEY_SECRET, and
ALIBABA_CLOUD_SECURITY_TOKEN if they are temporary.`
