/** Checks that Alibaba Cloud's own SDKs and its CLI work with the emulator, and are refused with the documented codes. */
import { randomBytes } from 'node:crypto'
import { startEmulator } from '../emulator/start.ts'
import { report } from './checks.ts'
import { checkCas } from './official-clients/cas.ts'
import { checkDevices } from './official-clients/devices.ts'
import { hasCli } from './official-clients/client.ts'
import { checkCertificates } from './official-clients/kms-certificates.ts'
import { checkKms } from './official-clients/kms.ts'
import { checkRegisterCode } from './official-clients/register-code.ts'
import { checkRoles } from './official-clients/roles.ts'
import { pythonEnvironment } from './python-environment.ts'

const CLOCK_OFFSET_SECONDS = 20 * 60
/** A role that trusts nobody. */
const CLOSED_ROLE = { id: 'closed', trustPolicy: { Version: '1' as const, Statement: [] } }

const programs = pythonEnvironment('official-clients', 'scripts/official-clients/requirements.txt')
if (programs !== undefined) {
  const temporary = {
    accessKeyId: 'STS.official-clients',
    accessKeySecret: randomBytes(20).toString('hex'),
    securityToken: randomBytes(200).toString('base64'),
  }
  const { accessKeyId: id, accessKeySecret: secret, securityToken } = temporary
  const emulator = await startEmulator({
    config: { accessKeys: [{ id, secret, securityToken }], roles: [CLOSED_ROLE] },
  })
  const ahead = await startEmulator({ config: { clockOffsetSeconds: CLOCK_OFFSET_SECONDS } })
  const cli = hasCli() ? (['cli'] as const) : []
  if (cli.length === 0) console.log('Skipped: the checks with the aliyun CLI, which is not on the path')
  try {
    const { info } = emulator
    const closedRoleArn = `acs:ram::${info.accountId}:role/${CLOSED_ROLE.id}`
    report([
      ...checkRegisterCode(programs, { info, ahead: ahead.info, temporary }),
      ...(await checkRoles(programs, { info, closedRoleArn })),
      ...(await checkCas(programs, info)),
      ...(await checkDevices(programs, info, ['onsmqtt', 'classic', ...cli])),
      ...checkKms(programs, info, ['kms', 'classic', ...cli]),
      ...(await checkCertificates(programs, info)),
    ])
  } finally {
    await emulator.stop()
    await ahead.stop()
  }
}
