/**
 * Gives the emulator the roles that the documented commands create. They must suffice for each action, and for
 * nothing else. These tests cannot show that Alibaba Cloud accepts the commands.
 */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import { runStep, type StepRun } from '../../testing/run-step.ts'
import type { EmulatorConfig } from '../../emulator/world/config.ts'
import { startEmulator, type Emulator } from '../../emulator/start.ts'
import { makeCa, makeLeaf, type Issued } from '../../testing/certificates.ts'
import {
  actionsOf,
  documentedCommands,
  hasOpenssl,
  INSTANCE,
  rolesMadeBy,
  runCommands,
  withActions,
  type MadeRole,
} from '../support/documented-set-up.ts'
import { blocksIn, sectionOf } from '../support/documents.ts'
import { snOf, withKey } from '../../testing/registered-cas.ts'

// The commands are for a Unix shell. CI runs this on Linux and macOS.
const onUnix = process.platform === 'win32' ? describe.skip : describe

const ACCOUNT = '1234567890123456'
const issuer = await makeCa()
const leaf = await makeLeaf({ issuer })
const chain = `CONNECTED(00000003)\n 0 s:CN=leaf\n${leaf.pem} 1 s:CN=CA\n${issuer.pem}---\nServer certificate\n`

onUnix('the documented set-up', () => {
  const calls = runCommands(documentedCommands(), chain)
  const provider = calls[0]?.options ?? {}
  const {
    'mqtt-register-code': forCode,
    'mqtt-register-ca': forCa,
    'mqtt-inventory': forInventory,
  } = rolesMadeBy(calls)
  if (forCode === undefined || forCa === undefined || forInventory === undefined)
    throw new Error('The documented commands do not make all roles')

  /** The account after the commands ran. The first role is the default one, with the documented ID. */
  const account = (roles: EmulatorConfig['roles'], subject?: string): EmulatorConfig => {
    const { IssuerUrl = '', ClientIds = '' } = provider
    return {
      accounts: [{ id: ACCOUNT }],
      instances: [
        { id: INSTANCE, accountId: ACCOUNT },
        { id: 'post-cn-another', accountId: ACCOUNT },
      ],
      oidcProviders: [{ accountId: ACCOUNT, issuer: IssuerUrl, clientIds: ClientIds.split(',') }],
      roles: (roles ?? []).map((role) => ({ accountId: ACCOUNT, ...role })),
      idToken: { subject: subject ?? 'repo:acme/devices:ref:refs/heads/main' },
    }
  }

  const runAs = async (
    role: string,
    { info }: Emulator,
    action: string,
    inputs: Readonly<Record<string, string>> = {},
  ): Promise<StepRun> => {
    const given = {
      'instance-id': INSTANCE,
      'region-id': 'cn-hangzhou',
      endpoint: info.endpoint,
      'sts-endpoint': info.endpoint,
      'role-to-assume': `acs:ram::${ACCOUNT}:role/${role}`,
      'oidc-provider-arn': `acs:ram::${ACCOUNT}:oidc-provider/GitHubActions`,
    }
    const env = {
      NODE_EXTRA_CA_CERTS: info.caFile,
      ACTIONS_ID_TOKEN_REQUEST_URL: info.idTokenRequestUrl,
      ACTIONS_ID_TOKEN_REQUEST_TOKEN: info.idTokenRequestToken,
    }
    return await runStep(action, { ...given, ...inputs }, { env })
  }

  it('creates a provider and three roles with one policy each', () => {
    const aRole = ['ram CreateRole', 'ram CreatePolicy', 'ram AttachPolicyToRole']
    expect(calls.map(({ name }) => name)).toEqual(['ims CreateOIDCProvider', ...aRole, ...aRole, ...aRole])
    expect(provider['OIDCProviderName']).toBe('GitHubActions')
  })

  // Skipped where openssl is not installed. Another test checks that CI has it.
  ;(hasOpenssl ? it : it.skip)('uses the fingerprint of the last certificate of the chain', () => {
    const fingerprint = issuer.certificate.fingerprint.replaceAll(':', '').toLowerCase()
    expect(provider['Fingerprints']).toBe(fingerprint)
  })

  it('creates the same with Terraform', () => {
    const [terraform = ''] = blocksIn(sectionOf('docs/set-up.md', 'Terraform'), 'hcl')
    const names = (text: string) => [...new Set(text.match(/"(?:mq|sts|oidc):\w+"/g))].sort()
    expect(names(terraform)).toEqual(names(documentedCommands().join('\n')))
  })

  it.each([
    'repo:acme/devices:ref:refs/heads/other',
    'repo:acme/devices:pull_request',
    'repo:acme/devices2:ref:refs/heads/main',
    'repo:acme@1234/devices@5678:ref:refs/heads/main',
  ])('does not trust a job of %s', async (subject) => {
    const emulator = await startEmulator({ config: account([forCode], subject) })
    try {
      const step = await runAs('mqtt-register-code', emulator, '.')
      expect(step).toMatchObject({ exitCode: 1, outputs: {} })
      expect(step.annotations).toEqual([expect.stringContaining('AuthenticationFail.NoPermission')])
      expect(step.annotations).toEqual([expect.stringContaining(`subject "${subject}"`)])
    } finally {
      await emulator.stop()
    }
  })

  describe('for a job of the documented subject', () => {
    let emulator: Emulator
    let ca: Issued
    let predecessor: Issued

    const lacking = (id: string, role: MadeRole) =>
      actionsOf(role).map((action) => ({
        id: `${id}-without-${nameOf(action)}`,
        ...withActions(
          role,
          actionsOf(role).filter((one) => one !== action),
        ),
      }))
    const MORE = ['mq:ActiveCaCertificate', 'mq:UnregisterCaCertificate', 'mq:DeleteCaCertificate']
    const having = MORE.map((action) => ({
      id: `ca-with-${nameOf(action)}`,
      ...withActions(forCa, [...actionsOf(forCa), action]),
    }))

    beforeAll(async () => {
      const roles = [
        forCode,
        { id: 'mqtt-register-ca', ...forCa },
        { id: 'mqtt-inventory', ...forInventory },
        ...having,
        ...lacking('code', forCode),
        ...lacking('ca', forCa),
        ...lacking('inventory', forInventory),
      ]
      emulator = await startEmulator({ config: account(roles) })
      predecessor = await makeCa()
    })
    beforeEach(async () => {
      await emulator.reset()
      ca = await makeCa()
    })
    afterAll(async () => {
      await emulator.stop()
    })

    it('the register-code role can fetch a code and nothing else', async () => {
      const as = 'mqtt-register-code'
      expect(await runAs(as, emulator, '.')).toMatchObject({ exitCode: 0, annotations: [] })
      const elsewhere = await runAs(as, emulator, '.', { 'instance-id': 'post-cn-another' })
      expect(elsewhere.annotations).toEqual([expect.stringContaining('NoPermission')])
      const registers = await runAs(as, emulator, 'register', withKey(ca))
      expect(registers.annotations).toEqual([expect.stringContaining('mq:GetCaCertificate')])
    })

    it.each(actionsOf(forCode))('a step cannot fetch a code without %s', async (action) => {
      const step = await runAs(`code-without-${nameOf(action)}`, emulator, '.')
      expect(step.annotations).toEqual([expect.stringMatching(/NoPermission.*mq:MqttInstanceAccess/)])
    })

    /** For a predecessor that does not exist, the action also reads the list. */
    const withUnknownPredecessor = () => ({ ...withKey(ca), replaces: 'ff' })

    it('the register-ca role can register a CA and find it again', async () => {
      const register = () => runAs('mqtt-register-ca', emulator, 'register', withUnknownPredecessor())
      expect(await register()).toMatchObject({ exitCode: 0, outputs: { created: 'true' } })
      expect(await register()).toMatchObject({ exitCode: 0, outputs: { created: 'false' } })
    })

    it.each(actionsOf(forCa))('a registration fails without %s', async (action) => {
      const role = `ca-without-${nameOf(action)}`
      const step = await runAs(role, emulator, 'register', withUnknownPredecessor())
      expect(step.annotations).toEqual([expect.stringMatching(/NoPermission.*mq:MqttInstanceAccess/)])
    })

    const ALL_CERTIFICATES = { 'include-devices': 'true' }

    it('the inventory role can list certificates and nothing else', async () => {
      const as = 'mqtt-inventory'
      expect(await runAs(as, emulator, 'inventory', ALL_CERTIFICATES)).toMatchObject({
        exitCode: 0,
        annotations: [],
      })
      for (const [action, inputs] of [
        ['.', {}],
        ['register', withKey(ca)],
        ['inventory', { ...ALL_CERTIFICATES, 'instance-id': 'post-cn-another' }],
      ] as const) {
        const denied = await runAs(as, emulator, action, inputs)
        expect(denied.annotations).toEqual([expect.stringContaining('NoPermission')])
      }
    })

    it('the inventory role needs mq:ListDeviceCertificate only for devices', async () => {
      const step = await runAs('inventory-without-ListDeviceCertificate', emulator, 'inventory')
      expect(step).toMatchObject({ exitCode: 0, annotations: [] })
    })

    it.each(actionsOf(forInventory))('certificates cannot be listed without %s', async (action) => {
      const role = `inventory-without-${nameOf(action)}`
      const step = await runAs(role, emulator, 'inventory', ALL_CERTIFICATES)
      expect(step.annotations).toEqual([expect.stringMatching(/NoPermission.*mq:MqttInstanceAccess/)])
    })

    it.each<[string, Record<string, string>]>([
      ['mq:UnregisterCaCertificate', { 'on-replace': 'inactivate' }],
      ['mq:DeleteCaCertificate', { 'on-replace': 'delete' }],
    ])('a predecessor can be retired only with %s', async (action, inputs) => {
      const register = async (role: string) => {
        const succession = { ...withKey(ca), replaces: snOf(predecessor), ...inputs }
        return await runAs(role, emulator, 'register', succession)
      }
      await runAs('mqtt-register-ca', emulator, 'register', withKey(predecessor))
      const denied = await register('mqtt-register-ca')
      expect(denied.annotations).toEqual([expect.stringContaining(`${action} and mq:MqttInstanceAccess`)])
      expect(await register(`ca-with-${nameOf(action)}`)).toMatchObject({ exitCode: 0, annotations: [] })
    })

    it('a CA can be activated only with mq:ActiveCaCertificate', async () => {
      await runAs('mqtt-register-ca', emulator, 'register', withKey(predecessor))
      const succession = { ...withKey(ca), replaces: snOf(predecessor) }
      await runAs('ca-with-UnregisterCaCertificate', emulator, 'register', succession)
      const again = { ...withKey(predecessor), activate: 'true' }
      const denied = await runAs('mqtt-register-ca', emulator, 'register', again)
      expect(denied.annotations).toEqual([expect.stringContaining('mq:ActiveCaCertificate and')])
      const step = await runAs('ca-with-ActiveCaCertificate', emulator, 'register', again)
      expect(step).toMatchObject({ exitCode: 0, annotations: [] })
    })

    it.each(MORE)('says so: %s', (action) => {
      expect(sectionOf('docs/set-up.md', 'Choose a role')).toContain(`\`${action}\``)
    })
  })
})

/** Returns an action without its product, because role IDs cannot contain colons. */
function nameOf(action: string): string {
  return action.slice('mq:'.length)
}
