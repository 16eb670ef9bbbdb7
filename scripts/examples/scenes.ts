import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { makeCa, privateKey, privateKeyPem, type Issued } from '../../testing/certificates.ts'
import type { Check } from '../checks.ts'
import { checksOf, prefixed, REGISTER_CODE, type ExpectedCa } from './example-checks.ts'
import { conformance } from './conformance-scene.ts'
import { expiry } from './expiry-scene.ts'
import { createCa, issueDeviceCertificates, kms } from './kms-scenes.ts'
import { revoke } from './revoke-scene.ts'
import { rotation } from './rotation-scene.ts'
import { KEYLESS, runExample, runInFork, type Setting } from './run-example.ts'

/** The instances in the matrix example. */
export const STAGING = 'post-cn-staging0001'
export const PRODUCTION = 'post-cn-product0001'

/** Runs an example with all it needs, once or several times, and checks what it did. */
type Scene = (setting: Setting) => Promise<Check[]>

/** The scene of each example, by its name. */
export const SCENES: Readonly<Record<string, Scene>> = {
  'keyless-register-code': keylessRegisterCode,
  register,
  openssl,
  sealed,
  matrix,
  rotation,
  kms,
  'create-ca': createCa,
  'issue-device-certificates': issueDeviceCertificates,
  revoke,
  expiry,
  emulator,
  conformance,
}

/** One step fetches the code and a later one uses it. */
const FETCH_THEN_REGISTER = [
  ...KEYLESS,
  'GetRegisterCode',
  ...KEYLESS,
  'GetCaCertificate',
  'RegisterCaCertificate',
]
const REGISTER_IN_ONE_STEP = [...KEYLESS, 'GetCaCertificate', 'GetRegisterCode', 'RegisterCaCertificate']

async function keylessRegisterCode(setting: Setting): Promise<Check[]> {
  const ca = await makeCa()
  // Only the program below can find this key.
  const keyFile = join(setting.folder, 'key-of-the-program.pem')
  writeFileSync(keyFile, privateKeyPem(ca.key), { mode: 0o600 })
  const program = `#!/usr/bin/env bash
set -euo pipefail
openssl req -new -newkey rsa:2048 -nodes -keyout /dev/null -subj "/CN=$REGISTER_CODE" |
  openssl x509 -req -CA ca.pem -CAkey '${keyFile}' -set_serial 1 -days 30 -sha256 -out "$1"
`
  const run = await runExample('keyless-register-code', setting, {
    event: 'workflow_dispatch',
    files: { 'ca.pem': ca.pem, 'make-verification-certificate': program },
    secrets: {},
  })
  return checksOf(run, {
    calls: FETCH_THEN_REGISTER,
    cas: [active(ca, setting)],
    secrets: [privateKeyPem(ca.key)],
  })
}

async function register(setting: Setting): Promise<Check[]> {
  const ca = await makeCa()
  const key = privateKeyPem(ca.key)
  const user = { event: 'push', files: { 'ca.pem': ca.pem }, secrets: { CA_PRIVATE_KEY: key } }
  const expected = { cas: [active(ca, setting)], secrets: [key] }
  const first = await runExample('register', setting, user)
  const second = await runExample('register', setting, user)
  return [
    ...checksOf(first, { ...expected, calls: REGISTER_IN_ONE_STEP }),
    ...prefixed('second run', checksOf(second, { ...expected, calls: [...KEYLESS, 'GetCaCertificate'] })),
  ]
}

async function openssl(setting: Setting): Promise<Check[]> {
  const ca = await makeCa({ kind: 'RSA 2048' })
  const passphrase = randomBytes(16).toString('hex')
  const key = privateKeyPem(ca.key, passphrase)
  const run = await runExample('openssl', setting, {
    event: 'workflow_dispatch',
    files: { 'ca.pem': ca.pem },
    secrets: { CA_PRIVATE_KEY: inOneLine(key), CA_PRIVATE_KEY_PASSPHRASE: passphrase },
  })
  return checksOf(run, {
    calls: FETCH_THEN_REGISTER,
    cas: [active(ca, setting)],
    secrets: [passphrase, key, privateKeyPem(ca.key)],
  })
}

async function sealed(setting: Setting): Promise<Check[]> {
  const ca = await makeCa()
  const seal = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const secrets = {
    CA_PRIVATE_KEY: privateKeyPem(ca.key),
    SEAL_PRIVATE_KEY: inOneLine(privateKeyPem(seal.privateKey)),
  }
  const run = await runExample('sealed', setting, {
    event: 'workflow_dispatch',
    files: { 'ca.pem': ca.pem },
    secrets,
    vars: { SEAL_PUBLIC_KEY: seal.publicKey.export({ type: 'spki', format: 'pem' }).toString() },
  })
  return [
    ...checksOf(run, {
      calls: FETCH_THEN_REGISTER,
      cas: [active(ca, setting)],
      secrets: Object.values(secrets),
    }),
    // act passes any job output. GitHub's runner drops one that contains a masked value, also in base64.
    [
      'the job output of the code is a seal',
      /::set-output:: sealed-register-code=[\w-]+(\.[\w-]*){4}$/m.test(run.log),
    ],
    ['the job output of the certificate is hex', /::set-output:: certificate=[\dA-F]+$/m.test(run.log)],
  ]
}

/** act does not support environment secrets, so two certificates share a key here. */
async function matrix(setting: Setting): Promise<Check[]> {
  const key = privateKey('EC P-256')
  const [staging, production] = [await makeCa({ key }), await makeCa({ key })]
  const run = await runExample('matrix', setting, {
    event: 'push',
    files: { 'ca/staging.pem': staging.pem, 'ca/production.pem': production.pem },
    secrets: { CA_PRIVATE_KEY: privateKeyPem(key) },
  })
  // Sorted, because the jobs run at the same time.
  const sorted = { ...run, calls: [...run.calls].sort() }
  return checksOf(sorted, {
    calls: [...REGISTER_IN_ONE_STEP, ...REGISTER_IN_ONE_STEP].sort(),
    cas: [
      { ca: staging, instanceId: STAGING, isActive: true },
      { ca: production, instanceId: PRODUCTION, isActive: true },
    ],
    secrets: [privateKeyPem(key)],
  })
}

/** This example starts its own emulator, which must log its calls and end with the job. */
async function emulator(setting: Setting): Promise<Check[]> {
  const { exitCode, log } = await runInFork('emulator', setting)
  const calls = [...KEYLESS, 'GetRegisterCode', 'GetCaCertificate', 'RegisterCaCertificate']
  const port = Number(/127\.0\.0\.1:(\d+)/.exec(log)?.[1])
  const postStep = log.slice(log.indexOf('Run Post Start the emulator'))
  return [
    ['it succeeds', exitCode === 0],
    ['the log says that the CA was registered', log.includes('registered by this run: true')],
    [`the post step lists the calls ${calls.join(', ')}`, calls.every((call) => postStep.includes(call))],
    ['the log shows no code', !REGISTER_CODE.test(log)],
    ['its emulator has ended', Number.isInteger(port) && !(await isListening(port))],
  ]
}

async function isListening(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1')
  try {
    await once(socket, 'connect')
    return true
  } catch {
    return false
  } finally {
    socket.destroy()
  }
}

function active(ca: Issued, { emulator }: Setting): ExpectedCa {
  return { ca, instanceId: emulator.info.instanceId, isActive: true }
}

/** Writes line ends as the two characters `\n`, as a secret is best stored. */
function inOneLine(text: string): string {
  return text.replaceAll('\n', '\\n')
}
