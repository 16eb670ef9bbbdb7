import type { StepRun } from '../../testing/run-step.ts'

/** Returns inputs with an access key, from the outputs of a step that started an emulator. */
export function keysOf(started: StepRun): Record<string, string> {
  const { 'access-key-id': id = '', 'access-key-secret': secret = '' } = started.outputs
  return { ...address(started), 'access-key-id': id, 'access-key-secret': secret }
}

/** Returns inputs without an access key, from the outputs of a step that started an emulator. */
export function keylessOf(started: StepRun): Record<string, string> {
  const { endpoint = '', 'role-arn': role = '', 'oidc-provider-arn': provider = '' } = started.outputs
  return {
    ...address(started),
    'sts-endpoint': endpoint,
    'role-to-assume': role,
    'oidc-provider-arn': provider,
  }
}

function address({ outputs }: StepRun): Record<string, string> {
  const { endpoint = '', 'instance-id': instanceId = '', 'region-id': regionId = '' } = outputs
  return { endpoint, 'instance-id': instanceId, 'region-id': regionId }
}
