import { readFileSync } from 'node:fs'
import { request } from 'node:https'
import { json } from 'node:stream/consumers'
import type { StartupLine } from '../../emulator/run.ts'
import type { Check } from '../checks.ts'
import { makeCall, refused, succeeded, type ClientCall, type Outcome } from './client.ts'

/** Checks `AssumeRole` and `AssumeRoleWithOIDC`, and that the keys they return work. */
export async function checkRoles(
  programs: string,
  { info, closedRoleArn }: { readonly info: StartupLine; readonly closedRoleArn: string },
): Promise<Check[]> {
  const session = { RoleArn: info.roleArn, RoleSessionName: 'official-clients', DurationSeconds: 900 }
  const oidc = {
    ...session,
    OIDCProviderArn: info.oidcProviderArn,
    OIDCToken: await idToken(info, 'sts.aliyuncs.com'),
  }
  const foreign = await idToken(info, 'somebody-else')
  const changed = oidc.OIDCToken.replace(/\.[^.]+\./, `.${foreign.split('.')[1] ?? ''}.`)

  const call = (operation: string, parameters: ClientCall['parameters']): Outcome =>
    makeCall({ client: 'sts', operation, parameters }, info, programs)
  const check = (operation: string, parameters: ClientCall['parameters'], untrusted: string): Check[] => {
    const good = call(operation, parameters)
    const withRole = (RoleArn: string): Outcome => call(operation, { ...parameters, RoleArn })
    return [
      succeeded(`${operation}: returns temporary keys`, good, (body) => 'Credentials' in body),
      succeeded(
        `${operation}: the keys get a register code`,
        useKeys(good, info, programs),
        (body) => 'RegisterCode' in body,
      ),
      refused(`${operation}: a role without trust`, withRole(closedRoleArn), untrusted),
      refused(
        `${operation}: longer than the role allows`,
        call(operation, { ...parameters, DurationSeconds: 3601 }),
        'InvalidParameter.DurationSeconds',
      ),
      refused(`${operation}: unknown role`, withRole(`${info.roleArn}-none`), 'EntityNotExist.Role'),
    ]
  }
  return [
    ...check('AssumeRole', session, 'NoPermission'),
    ...check('AssumeRoleWithOIDC', oidc, 'AuthenticationFail.NoPermission'),
    refused(
      'AssumeRoleWithOIDC: an audience that the provider does not know',
      call('AssumeRoleWithOIDC', { ...oidc, OIDCToken: foreign }),
      'AuthenticationFail.OIDCToken.AudienceNotMatch',
    ),
    refused(
      'AssumeRoleWithOIDC: a token with changed claims',
      call('AssumeRoleWithOIDC', { ...oidc, OIDCToken: changed }),
      'AuthenticationFail.OIDCToken.InvalidSignature',
    ),
  ]
}

function useKeys({ body }: Outcome, info: StartupLine, programs: string): Outcome {
  // Missing keys are found by another check.
  const credentials = (body?.['Credentials'] ?? {}) as Record<string, string>
  const { AccessKeyId = '', AccessKeySecret = '', SecurityToken = '' } = credentials
  return makeCall(
    {
      client: 'onsmqtt',
      operation: 'GetRegisterCode',
      parameters: { MqttInstanceId: info.instanceId },
      keys: { accessKeyId: AccessKeyId, accessKeySecret: AccessKeySecret, securityToken: SecurityToken },
    },
    info,
    programs,
  )
}

/** Requests the OIDC token of a job from the emulated GitHub. */
async function idToken(info: StartupLine, audience: string): Promise<string> {
  const url = `${info.idTokenRequestUrl}&audience=${audience}`
  const headers = { authorization: `Bearer ${info.idTokenRequestToken}` }
  const body = await new Promise<unknown>((resolve, reject) => {
    request(url, { headers, ca: readFileSync(info.caFile), agent: false }, (response) => {
      resolve(json(response))
    })
      .on('error', reject)
      .end()
  })
  return (body as { value: string }).value
}
