import { randomBytes } from 'node:crypto'
import type { Policy } from './policy.ts'
import { letters } from './random.ts'
import { Recent } from './recent.ts'
import type { Role } from './roles.ts'
import type { AccessKey } from './world.ts'

/** The temporary keys that STS gave out. Past some ten thousand the oldest are forgotten, expired or not. */
export class Sessions {
  readonly #keys = new Recent<string, AccessKey>({ atLeast: 10_000 })

  find(accessKeyId: string): AccessKey | undefined {
    return this.#keys.get(accessKeyId)
  }

  /** @param session.policy narrows what the role may do */
  open(session: { role: Role; name: string; expiration: Date; policy: Policy | undefined }): AccessKey {
    const { role, name, expiration, policy } = session
    const key: AccessKey = {
      id: `STS.N${letters(24)}`,
      secret: letters(44),
      status: 'active',
      caller: {
        accountId: role.accountId,
        type: 'AssumedRoleUser',
        name: `${role.id}:${name}`,
        arn: role.arn,
        policies: policy === undefined ? [role.policy] : [role.policy, policy],
      },
      temporary: { securityToken: `CAIS${randomBytes(450).toString('base64')}`, expiration },
    }
    this.#keys.set(key.id, key)
    return key
  }
}
