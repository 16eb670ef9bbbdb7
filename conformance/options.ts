import { parseArgs } from 'node:util'

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
 * @throws Error for an unknown option
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
      help: flag,
    },
  })
  const given = values as Readonly<Partial<Record<InputName, string>>>
  const inputs = Object.entries(INPUTS).map(([name, variable]) => [
    name,
    (given[name as InputName] ?? env[variable] ?? '').trim(),
  ])
  const { report, yes, clean, emulator, help } = values
  return {
    inputs: Object.fromEntries(inputs) as Options['inputs'],
    ...{ report, yes, clean, emulator, help },
  }
}

export const USAGE = `Usage: npm run conformance -- [OPTION]…

  --instance-id ID           the instance (MQTT_INSTANCE_ID)
  --region-id REGION         its region (MQTT_REGION_ID, ALIBABA_CLOUD_REGION_ID)
  --second-instance-id ID    another instance of the account, to try a CA with two (MQTT_SECOND_INSTANCE_ID)
  --mqtt-endpoint HOST:PORT  the instance's broker, with mutual TLS, to connect devices (MQTT_BROKER_ENDPOINT)
  --kms-key-id ID            a key in KMS that signs, to measure KMS, too (MQTT_KMS_KEY_ID)
  --role-to-assume ARN       with --oidc-provider-arn in a workflow: no stored key (MQTT_ROLE_ARN)
  --oidc-provider-arn ARN    (MQTT_OIDC_PROVIDER_ARN)
  --network, --endpoint, --kms-endpoint, --sts-endpoint, --audience
                             as the inputs of the actions (MQTT_NETWORK, MQTT_ENDPOINT, MQTT_KMS_ENDPOINT,
                             MQTT_STS_ENDPOINT, MQTT_OIDC_AUDIENCE)
  --report FOLDER            where the report is written (conformance-report)
  --yes                      call the service; without it, the command only says what it would do
  --clean                    delete what an earlier run left, and measure nothing
  --emulator                 start an emulator and measure that

Access keys are read from the environment only: ALIBABA_CLOUD_ACCESS_KEY_ID, ALIBABA_CLOUD_ACCESS_KEY_SECRET, and
ALIBABA_CLOUD_SECURITY_TOKEN if they are temporary.`
