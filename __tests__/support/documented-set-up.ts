import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Policy, TrustPolicy } from '../../emulator/world/config.ts'
import { blocksIn, sectionOf } from './documents.ts'

/** A call of the aliyun CLI: product and operation, and its options. */
export type CliCall = { readonly name: string; readonly options: Readonly<Record<string, string>> }

/** The policies of a role that the commands create. */
export type MadeRole = { readonly policy: Policy; readonly trustPolicy: TrustPolicy }

/** The instance in the commands. The stars in the documented ID would match any characters in a policy. */
export const INSTANCE = 'post-cn-7mz2d000000'

/** Returns the documented commands that set up Alibaba Cloud, in order. */
export function documentedCommands(): readonly string[] {
  const [values = ''] = commandsIn('Before you start')
  const [provider = ''] = commandsIn('OIDC provider')
  const [role = '', policy = ''] = commandsIn('Create the role')
  return [values, provider, ...commandsIn('Choose a role').flatMap((choice) => [choice, role, policy])]
}

function commandsIn(heading: string): readonly string[] {
  return blocksIn(sectionOf('docs/set-up.md', heading), 'sh')
}

export const hasOpenssl = spawnSync('openssl', ['version']).status === 0

/** Replaces `openssl s_client` with the given chain. Where openssl is not installed, the fingerprint is fixed. */
const STAND_INS = `
  set -euo pipefail
  aliyun() { printf '%s\\0' "$@" '' >> calls; }
  openssl() {
    if [ "$1" = s_client ]; then cat chain
    elif ${String(hasOpenssl)}; then command openssl "$@"
    else echo 'sha1 Fingerprint=AB:CD'; fi
  }
`

/**
 * Runs the commands in bash, with a stand-in for the aliyun CLI.
 *
 * @param chain the output of `openssl s_client -showcerts`
 * @returns the calls of the CLI
 * @throws Error when a command fails
 */
export function runCommands(commands: readonly string[], chain: string): CliCall[] {
  const folder = mkdtempSync(join(tmpdir(), 'set-up-'))
  try {
    writeFileSync(join(folder, 'chain'), chain)
    const script = [STAND_INS, ...commands].join('\n').replace(/^INSTANCE=.*$/m, `INSTANCE=${INSTANCE}`)
    execFileSync('bash', ['-c', script], { cwd: folder })
    const calls = readFileSync(join(folder, 'calls'), 'utf8').split('\0\0').slice(0, -1)
    return calls.map((call) => toCall(call.split('\0')))
  } finally {
    rmSync(folder, { recursive: true })
  }
}

function toCall([product = '', operation = '', ...rest]: readonly string[]): CliCall {
  const pairs = rest.flatMap((option, index) =>
    index % 2 === 0 ? [[option.slice('--'.length), rest[index + 1] ?? ''] as const] : [],
  )
  return { name: `${product} ${operation}`, options: Object.fromEntries(pairs) }
}

/** Returns the roles that were created with a policy, by name. */
export function rolesMadeBy(calls: readonly CliCall[]): Readonly<Record<string, MadeRole>> {
  const json = (operation: string, key: string, name: string, document: string): unknown => {
    const call = calls.find(({ name: called, options }) => called === operation && options[key] === name)
    return JSON.parse(call?.options[document] ?? 'null')
  }
  const attached = calls.filter(({ name }) => name === 'ram AttachPolicyToRole')
  return Object.fromEntries(
    attached.map(({ options: { RoleName = '', PolicyName = '' } }) => [
      RoleName,
      // The emulator validates the documents.
      {
        trustPolicy: json('ram CreateRole', 'RoleName', RoleName, 'AssumeRolePolicyDocument'),
        policy: json('ram CreatePolicy', 'PolicyName', PolicyName, 'PolicyDocument'),
      } as MadeRole,
    ]),
  )
}

/** Returns the actions that the policy of a role allows. */
export function actionsOf({ policy }: MadeRole): string[] {
  return policy.Statement.flatMap(({ Action }) => Action)
}

/** Returns the role with other actions in its policy. */
export function withActions(role: MadeRole, actions: readonly string[]): MadeRole {
  const { Version, Statement } = role.policy
  return {
    ...role,
    policy: { Version, Statement: Statement.map((one) => ({ ...one, Action: [...actions] })) },
  }
}
