import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { makeCa, privateKey, type Issued } from '../../__tests__/support/certificates.ts'
import type { Check } from '../checks.ts'
import { checksOf, during, type Expected } from './ended-checks.ts'
import { emulator } from './emulator-scene.ts'
import { inOneLine, pem } from './keys.ts'
import { rotation } from './rotation-scene.ts'
import { KEYLESS, runExample, type Setting } from './run-example.ts'

/** Instances that an example names. */
export const STAGING = 'post-cn-staging0001'
export const PRODUCTION = 'post-cn-product0001'

/** Runs an example with what it needs, as often as it takes, and says what held. */
type Scene = (setting: Setting) => Promise<Check[]>

/** One for each example, by its name. */
export const SCENES: Readonly<Record<string, Scene>> = {
  'keyless-register-code': keylessRegisterCode,
  register,
  openssl,
  sealed,
  matrix,
  rotation,
  emulator,
}

/** A code is fetched in one step and used in a later one. */
const FETCH_THEN_REGISTER = [
  ...KEYLESS,
  'GetRegisterCode',
  ...KEYLESS,
  'GetCaCertificate',
  'RegisterCaCertificate',
]

async function keylessRegisterCode(setting: Setting): Promise<Check[]> {
  const ca = await makeCa()
  // Where the program reaches it, and nothing else does.
  const keyFile = join(setting.folder, 'key-of-the-program.pem')
  writeFileSync(keyFile, pem(ca.key), { mode: 0o600 })
  const program = `#!/usr/bin/env bash
set -euo pipefail
openssl req -new -newkey rsa:2048 -nodes -keyout /dev/null -subj "/CN=$REGISTER_CODE" |
  openssl x509 -req -CA ca.pem -CAkey '${keyFile}' -set_serial 1 -days 30 -sha256 -out "$1"
`
  const ended = await runExample('keyless-register-code', setting, {
    event: 'workflow_dispatch',
    files: { 'ca.pem': ca.pem, 'make-verification-certificate': program },
    secrets: {},
  })
  return checksOf(ended, { calls: FETCH_THEN_REGISTER, cas: [active(ca, setting)], secrets: [pem(ca.key)] })
}

async function register(setting: Setting): Promise<Check[]> {
  const ca = await makeCa()
  const key = pem(ca.key)
  const given = { event: 'push', files: { 'ca.pem': ca.pem }, secrets: { CA_PRIVATE_KEY: key } }
  const expected = { cas: [active(ca, setting)], secrets: [key] }
  const first = await runExample('register', setting, given)
  const again = await runExample('register', setting, given)
  const calls = [...KEYLESS, 'GetCaCertificate', 'GetRegisterCode', 'RegisterCaCertificate']
  return [
    ...checksOf(first, { ...expected, calls }),
    ...during('a second run', checksOf(again, { ...expected, calls: [...KEYLESS, 'GetCaCertificate'] })),
  ]
}

async function openssl(setting: Setting): Promise<Check[]> {
  const ca = await makeCa({ kind: 'RSA 2048' })
  const passphrase = randomBytes(16).toString('hex')
  const key = pem(ca.key, passphrase)
  const ended = await runExample('openssl', setting, {
    event: 'workflow_dispatch',
    files: { 'ca.pem': ca.pem },
    secrets: { CA_PRIVATE_KEY: inOneLine(key), CA_PRIVATE_KEY_PASSPHRASE: passphrase },
  })
  return checksOf(ended, {
    calls: FETCH_THEN_REGISTER,
    cas: [active(ca, setting)],
    secrets: [passphrase, key, pem(ca.key)],
  })
}

async function sealed(setting: Setting): Promise<Check[]> {
  const ca = await makeCa()
  const seal = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const secrets = { CA_PRIVATE_KEY: pem(ca.key), SEAL_PRIVATE_KEY: inOneLine(pem(seal.privateKey)) }
  const ended = await runExample('sealed', setting, {
    event: 'workflow_dispatch',
    files: { 'ca.pem': ca.pem },
    secrets,
    vars: { SEAL_PUBLIC_KEY: seal.publicKey.export({ type: 'spki', format: 'pem' }).toString() },
  })
  return [
    ...checksOf(ended, {
      calls: FETCH_THEN_REGISTER,
      cas: [active(ca, setting)],
      secrets: Object.values(secrets),
    }),
    // act passes any job output on; GitHub's runner drops one in which it finds a masked value, in base64 as well.
    [
      'what crosses to another job is a seal',
      /::set-output:: sealed-register-code=[\w-]+(\.[\w-]*){4}$/m.test(ended.log),
    ],
    ['and a certificate as hex', /::set-output:: certificate=[\dA-F]+$/m.test(ended.log)],
  ]
}

/** act knows no environments: where GitHub has a secret for each, here two certificates share a key. */
async function matrix(setting: Setting): Promise<Check[]> {
  const key = privateKey('EC P-256')
  const [staging, production] = [await makeCa({ key }), await makeCa({ key })]
  const ended = await runExample('matrix', setting, {
    event: 'push',
    files: { 'ca/staging.pem': staging.pem, 'ca/production.pem': production.pem },
    secrets: { CA_PRIVATE_KEY: pem(key) },
  })
  const each = [...KEYLESS, 'GetCaCertificate', 'GetRegisterCode', 'RegisterCaCertificate']
  // The jobs run at the same time.
  const inOrder = { ...ended, calls: [...ended.calls].sort() }
  return checksOf(inOrder, {
    calls: [...each, ...each].sort(),
    cas: [
      { ca: staging, instanceId: STAGING, isActive: true },
      { ca: production, instanceId: PRODUCTION, isActive: true },
    ],
    secrets: [pem(key)],
  })
}

function active(ca: Issued, { emulator }: Setting): Expected {
  return { ca, instanceId: emulator.info.instanceId, isActive: true }
}
