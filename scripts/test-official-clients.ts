/** Shows that Alibaba Cloud's own SDKs work with the emulator, and are refused by it with the documented codes. */
import { randomBytes } from 'node:crypto'
import { startEmulator } from '../emulator/start.ts'
import { checkCas } from './official-clients/cas.ts'
import { checkRegisterCode } from './official-clients/register-code.ts'
import { checkRoles } from './official-clients/roles.ts'
import { Tally } from './official-clients/tally.ts'
import { pythonEnvironment } from './python-environment.ts'

const TWENTY_MINUTES = 20 * 60
/** A role that trusts nobody. */
const CLOSED_ROLE = 'closed'

const programs = pythonEnvironment('official-clients', 'scripts/official-clients/requirements.txt')
if (programs !== undefined) {
  const temporary = {
    accessKeyId: 'STS.official-clients',
    accessKeySecret: randomBytes(20).toString('hex'),
    securityToken: randomBytes(200).toString('base64'),
  }
  const emulator = await startEmulator({
    config: {
      accessKeys: [
        {
          id: temporary.accessKeyId,
          secret: temporary.accessKeySecret,
          securityToken: temporary.securityToken,
        },
      ],
      roles: [{ id: CLOSED_ROLE, trustPolicy: { Version: '1', Statement: [] } }],
    },
  })
  const ahead = await startEmulator({ config: { clockOffsetSeconds: TWENTY_MINUTES } })
  const tally = new Tally()
  try {
    checkRegisterCode(tally, programs, { info: emulator.info, ahead: ahead.info, temporary })
    const { accountId } = emulator.info
    const closedRoleArn = `acs:ram::${accountId}:role/${CLOSED_ROLE}`
    await checkRoles(tally, programs, { info: emulator.info, closedRoleArn })
    await checkCas(tally, programs, emulator.info)
  } finally {
    await emulator.stop()
    await ahead.stop()
  }
  console.log(`${tally.passed} passed, ${tally.failed} failed`)
  if (tally.failed > 0) process.exitCode = 1
}
