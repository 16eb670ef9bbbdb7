import { authenticate } from '../authentication.ts'
import { decideAll } from '../policy.ts'
import { ServiceError } from '../errors.ts'
import { trusts } from '../trust-policy.ts'
import type { Operation } from './operation.ts'
import { findRole, openSession, readSessionRequest } from './role-session.ts'

/**
 * Gives temporary keys of a role to a caller that is known by its signature.
 *
 * @see https://www.alibabacloud.com/help/en/ram/developer-reference/api-sts-2015-04-01-assumerole
 */
export const assumeRole: Operation = {
  product: 'sts',
  methods: ['POST', 'GET'],
  run: ({ call, service }) => {
    const caller = authenticate(call, service)
    const request = readSessionRequest(call)
    if (decideAll(caller.policies, 'sts:AssumeRole', request.roleArn) !== 'Allow')
      throw new ServiceError('NoPermission')
    const role = findRole(service, request)
    const arns = [caller.arn, `acs:ram::${caller.accountId}:root`]
    if (!trusts(role.trustPolicy, { principal: 'RAM', arns, context: {} })) {
      const message =
        'No permission perform sts:AssumeRole on this Role. Maybe you are not authorized to perform sts:AssumeRole ' +
        'or the specified role does not trust you.'
      throw new ServiceError('NoPermission', { message })
    }
    return openSession(service, role, request)
  },
}
