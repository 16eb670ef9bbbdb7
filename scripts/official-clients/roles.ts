import { readFileSync } from 'node:fs'
import { request } from 'node:https'
import type { StartupLine } from '../../emulator/startup-line.ts'
import { makeCall, type ClientCall, type Outcome } from './clients.ts'
import type { Tally } from './tally.ts'

/** Checks `AssumeRole` and `AssumeRoleWithOIDC`, and that the keys they give work. */
export async function checkRoles(
  tally: Tally,
  programs: string,
  emulator: { readonly info: StartupLine; readonly closedRoleArn: string },
): Promise<void> {
  const { info, closedRoleArn } = emulator
  const session = { RoleArn: info.roleArn, RoleSessionName: 'official-clients', DurationSeconds: 900 }
  const oidc = {
    ...session,
    OIDCProviderArn: info.oidcProviderArn,
    OIDCToken: await idToken(info, 'sts.aliyuncs.com'),
  }
  const foreign = await idToken(info, 'somebody-else')

  const call = (operation: string, parameters: ClientCall['parameters']): Outcome =>
    makeCall({ client: 'sts', operation, parameters }, info, programs)
  const checkOperation = (
    operation: string,
    parameters: ClientCall['parameters'],
    untrusted: string,
  ): void => {
    const good = call(operation, parameters)
    tally.succeeded(
      `${operation}: gives temporary keys`,
      good,
      ({ Credentials }) => Credentials !== undefined,
    )
    tally.succeeded(
      `${operation}: the keys get a register code`,
      useKeys(good, info, programs),
      (body) => 'RegisterCode' in body,
    )
    tally.refused(
      `${operation}: a role that does not trust`,
      call(operation, { ...parameters, RoleArn: closedRoleArn }),
      untrusted,
    )
    tally.refused(
      `${operation}: longer than the role allows`,
      call(operation, { ...parameters, DurationSeconds: 3601 }),
      'InvalidParameter.DurationSeconds',
    )
    tally.refused(
      `${operation}: no such role`,
      call(operation, { ...parameters, RoleArn: `${info.roleArn}-none` }),
      'EntityNotExist.Role',
    )
  }
  checkOperation('AssumeRole', session, 'NoPermission')
  checkOperation('AssumeRoleWithOIDC', oidc, 'AuthenticationFail.NoPermission')
  tally.refused(
    'AssumeRoleWithOIDC: an audience that the provider does not know',
    call('AssumeRoleWithOIDC', { ...oidc, OIDCToken: foreign }),
    'AuthenticationFail.OIDCToken.AudienceNotMatch',
  )
  tally.refused(
    'AssumeRoleWithOIDC: a token whose claims were changed',
    call('AssumeRoleWithOIDC', {
      ...oidc,
      OIDCToken: oidc.OIDCToken.replace(/\.[^.]+\./, `.${foreign.split('.')[1] ?? ''}.`),
    }),
    'AuthenticationFail.OIDCToken.InvalidSignature',
  )
}

function useKeys(assumed: Outcome, info: StartupLine, programs: string): Outcome {
  // A check of its own tells when there are none.
  const {
    AccessKeyId = '',
    AccessKeySecret = '',
    SecurityToken = '',
  } = (assumed.body?.['Credentials'] ?? {}) as Record<string, string>
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

/** Asks the emulated GitHub for a job's token. */
async function idToken(info: StartupLine, audience: string): Promise<string> {
  const url = `${info.idTokenRequestUrl}&audience=${audience}`
  const headers = { authorization: `Bearer ${info.idTokenRequestToken}` }
  const body = await new Promise<string>((resolve, reject) => {
    const outgoing = request(url, { headers, ca: readFileSync(info.caFile), agent: false }, (response) => {
      let text = ''
      response.on('data', (chunk: Buffer) => (text += chunk.toString()))
      response.on('end', () => {
        resolve(text)
      })
    })
    outgoing.on('error', reject).end()
  })
  return (JSON.parse(body) as { value: string }).value
}
