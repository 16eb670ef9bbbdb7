import type { Caller } from './authentication.ts'
import { ServiceError } from './errors.ts'
import { decideAll } from './policy.ts'

/**
 * Asks RAM for each of the actions.
 *
 * @throws ServiceError `NoPermission` for the first one that is not granted, with the detail that RAM gives
 */
export function authorize(
  caller: Caller,
  actions: readonly string[],
  resource: string,
  requestId: string,
): void {
  for (const action of actions) {
    const decision = decideAll(caller.policies, action, resource)
    if (decision === 'Allow') continue
    throw new ServiceError('NoPermission', {
      message: `You are not authorized to do this operation. Action: ${action} Resource: ${resource} RequestId: ${requestId}`,
      accessDeniedDetail: {
        AuthAction: action,
        AuthPrincipalDisplayName: caller.name,
        AuthPrincipalOwnerId: caller.accountId,
        AuthPrincipalType: caller.type,
        EncodedDiagnosticMessage: Buffer.from(`${decision} ${action} ${resource}`).toString('base64'),
        NoPermissionType: decision,
        PolicyType: 'AccountLevelIdentityBasedPolicy',
      },
    })
  }
}
