import { createPublicKey } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { getCACertificates, setDefaultCACertificates } from 'node:tls'
import { beforeAll, describe, expect, it, jest } from '@jest/globals'
import fc from '../support/generated.ts'
import { type RunProgram, runStep } from '../../testing/run-step.ts'
import type { FaultOrder } from '../../emulator/faults/orders.ts'
import { makeCa } from '../../testing/certificates.ts'
import { KMS_OPERATIONS } from '../../testing/fault-rows.ts'
import { emulated, keyless } from '../support/emulated.ts'
import { NO_PAUSES } from '../support/in-process.ts'
import {
  awkwardSecret,
  headerSecret,
  leaksIn,
  oneOfThe,
  piecesIn,
  messageWith,
  strayCommands,
} from '../support/leaks.ts'
import { snOf } from '../../testing/registered-cas.ts'

const service = emulated()

const ca = await makeCa()
const REGISTERED = { Sn: snOf(ca), Status: '1' }

/** A step, the responses to its calls, and the secrets that must not be printed. */
type Scenario = {
  readonly action: '.' | 'register' | 'sign' | 'set-status' | 'inventory'
  readonly inputs: Record<string, string>
  readonly env: Record<string, string>
  readonly answers: readonly FaultOrder[]
  readonly secrets: readonly string[]
  /** Other values that may be masked. */
  readonly masked: readonly string[]
}

const json = (status: number, body: unknown): FaultOrder['fault'] => ({
  status,
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify(body),
})

/** A response that contains secrets. `knows` lists the secrets that the action has seen by then and must not print. */
type Answer = { readonly fault: FaultOrder['fault']; readonly knows: readonly string[] }

/** Generates a failure of any call. */
function failure(knows: readonly string[]): fc.Arbitrary<Answer> {
  const message = messageWith(knows)
  return fc
    .oneof(
      fc
        .record({
          status: fc.constantFrom(400, 403, 404, 500, 503),
          message,
          code: fc.constantFrom('NoPermission', ''),
        })
        .map(({ status, message, code }) =>
          json(status, { Code: code || message, Message: message, RequestId: message, message }),
        ),
      fc.record({ status: fc.constantFrom(200, 302, 502), message }).map(({ status, message }) => ({
        status,
        headers: { 'content-type': `text/html; about=${encodeURIComponent(message)}` },
        body: `<html>${message}</html>`,
      })),
      fc.constantFrom('reset' as const, 'reset-in-body' as const, 'truncated' as const),
    )
    .map((fault) => ({ fault, knows }))
}

/** Generates a response to GetRegisterCode: a failure, or a success with this code. */
function registerCodeAnswer(known: readonly string[], registerCode: string): fc.Arbitrary<Answer> {
  const knows = [...known, registerCode]
  const success = messageWith(knows).map((text) => json(200, { RegisterCode: registerCode, RequestId: text }))
  return fc.oneof(
    failure(known),
    success.map((fault) => ({ fault, knows })),
  )
}

// A secret from the service is unknown until the response. A short one could be in earlier lines, or in a summary, by
// chance.
const given = (secret: fc.Arbitrary<string>) =>
  secret.filter((text) => text.length >= 8 && !/^[a-z.: ]+$/i.test(text))
const code = fc.string({ minLength: 12, maxLength: 64, unit: oneOfThe('aZ09-_.:+/=@~') })

const withKeys: fc.Arbitrary<Scenario> = fc
  .record({ secret: awkwardSecret, suffix: headerSecret, isPrefix: fc.boolean(), other: awkwardSecret, code })
  .chain((made) => {
    // If one secret starts with another, redacting the shorter one first would print the end of the longer one.
    const isHeaderText = /^[\x21-\x7e]+$/.test(made.secret)
    const token = made.isPrefix && isHeaderText ? made.secret + made.suffix : made.suffix
    return registerCodeAnswer([made.secret, token, made.other], made.code).map(({ fault, knows }) => ({
      action: '.' as const,
      inputs: { 'access-key-id': 'LTAI5t', 'access-key-secret': made.secret, 'security-token': token },
      env: { ALICLOUD_SECRET_KEY: made.other, ACTIONS_ID_TOKEN_REQUEST_TOKEN: '' },
      answers: [{ operation: 'GetRegisterCode', fault, times: 'always' }],
      secrets: knows,
      masked: [],
    }))
  })

const withOidc: fc.Arbitrary<Scenario> = fc
  .record({
    requestToken: headerSecret,
    parts: fc.array(fc.base64String({ minLength: 4, maxLength: 200 }), { minLength: 3, maxLength: 3 }),
    secret: given(awkwardSecret),
    token: given(headerSecret),
    code,
    failing: fc.constantFrom(
      'GitHubIdToken' as const,
      'AssumeRoleWithOIDC' as const,
      'GetRegisterCode' as const,
    ),
  })
  .chain((made) => {
    const idToken = made.parts.map((part) => part.replace(/[+/=]/g, '_')).join('.')
    const credentials = { AccessKeyId: 'STS.x', AccessKeySecret: made.secret, SecurityToken: made.token }
    const good: Record<string, FaultOrder['fault']> = {
      GitHubIdToken: json(200, { value: idToken }),
      AssumeRoleWithOIDC: json(200, { Credentials: credentials }),
    }
    const answer = {
      GitHubIdToken: failure([made.requestToken]),
      AssumeRoleWithOIDC: failure([made.requestToken, idToken]),
      GetRegisterCode: registerCodeAnswer([made.requestToken, idToken, made.secret, made.token], made.code),
    }[made.failing]
    return answer.map(({ fault, knows }) => ({
      action: '.' as const,
      inputs: { 'role-to-assume': 'acs:ram::1:role/r', 'oidc-provider-arn': 'acs:ram::1:oidc-provider/p' },
      env: { ACTIONS_ID_TOKEN_REQUEST_TOKEN: made.requestToken },
      answers: ['GitHubIdToken', 'AssumeRoleWithOIDC', 'GetRegisterCode'].map((operation) => ({
        operation,
        fault: operation === made.failing ? fault : (good[operation] ?? fault),
        times: 'always' as const,
      })),
      secrets: knows,
      masked: idToken.split('.'),
    }))
  })

/** A registration with an encrypted CA key. It fails or succeeds with texts from the service. */
const registering: fc.Arbitrary<Scenario> = fc
  .record({
    secret: given(awkwardSecret),
    // OpenSSL does not support longer passphrases.
    passphrase: given(awkwardSecret).filter((text) => Buffer.byteLength(text) <= 1000),
    code,
    moment: fc.constantFrom('looking' as const, 'registering' as const, 'asking' as const, 'found' as const),
  })
  .chain(({ secret, passphrase, code, moment }) => {
    const pem = ca.key.export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase }).toString()
    const lines = pem.split('\n').filter((line) => !line.startsWith('-----'))
    const keyLines = lines.filter((line) => line.length >= 16)
    const known = [secret, passphrase, ...keyLines]
    const knows = [...known, code]
    // Mostly the code, because only this action masks it. The service never sees the key.
    const echoed = [secret, passphrase, code, code, code]
    const shows = messageWith(echoed).map((CaName) =>
      json(200, { Data: { ...REGISTERED, CaName, CaContent: ca.pem, RegistrationCode: code } }),
    )
    const order = (operation: string, fault: FaultOrder['fault']): FaultOrder => ({
      operation,
      fault,
      times: 'always',
    })
    const notThere: FaultOrder = { operation: 'GetCaCertificate', fault: { code: 'FindCaBySnError' } }
    const orders: fc.Arbitrary<FaultOrder[]> = {
      looking: failure([secret, passphrase]).map(({ fault }) => [order('GetCaCertificate', fault)]),
      registering: failure(echoed).map(({ fault }) => [
        order('GetCaCertificate', notThere.fault),
        order('RegisterCaCertificate', fault),
      ]),
      asking: failure(echoed).map(({ fault }) => [
        notThere,
        order('RegisterCaCertificate', 'reset'),
        order('GetCaCertificate', fault),
      ]),
      found: shows.map((fault) => [
        notThere,
        order('RegisterCaCertificate', 'reset'),
        order('GetCaCertificate', fault),
      ]),
    }[moment]
    return orders.map((answers) => ({
      action: 'register' as const,
      inputs: {
        'access-key-id': 'LTAI5t',
        'access-key-secret': secret,
        'ca-name': 'devices',
        'ca-certificate': ca.pem,
        'ca-private-key': pem,
        'ca-private-key-passphrase': passphrase,
      },
      env: { ACTIONS_ID_TOKEN_REQUEST_TOKEN: '' },
      answers: [...answers, order('GetRegisterCode', json(200, { RegisterCode: code }))],
      secrets: moment === 'looking' ? known : knows,
      // A 404 that mentions a certificate means that the CA does not exist. The action then fetches a code.
      masked: [...lines, code],
    }))
  })

/** Signing with a key in KMS: one of the calls fails, or responds with texts from others. */
const signingInKms: fc.Arbitrary<Scenario> = fc
  .record({ secret: awkwardSecret, token: headerSecret, code, failing: fc.constantFrom(...KMS_OPERATIONS) })
  .chain(({ secret, token, code, failing }) => {
    const knows = [secret, token]
    const version = (KeyVersionId: string) => ({ KeyVersions: { KeyVersion: [{ KeyVersionId }] } })
    const key = { KeyId: 'key-1', KeySpec: 'EC_P256', KeyUsage: 'SIGN/VERIFY', KeyState: 'Enabled' }
    const good = {
      DescribeKey: { KeyMetadata: key },
      ListKeyVersions: version('v1'),
      GetPublicKey: { PublicKey: createPublicKey(ca.key).export({ type: 'spki', format: 'pem' }) },
      AsymmetricSign: { Value: 'AAAA' },
    }
    const odd = (text: string) => ({
      DescribeKey: { KeyMetadata: { ...key, KeySpec: text, KeyState: text } },
      ListKeyVersions: version(text),
      GetPublicKey: { PublicKey: text },
      AsymmetricSign: { Value: text },
    })
    const answer = fc.oneof(
      failure(knows).map(({ fault }) => fault),
      messageWith(knows).map((text) => json(200, odd(text)[failing])),
    )
    return answer.map((fault) => ({
      action: 'sign' as const,
      inputs: {
        'access-key-id': 'LTAI5t',
        'access-key-secret': secret,
        'security-token': token,
        'kms-key-id': 'alias/device-ca',
        'region-id': 'cn-hangzhou',
        'register-code': code,
        'ca-certificate': ca.pem,
      },
      env: { ACTIONS_ID_TOKEN_REQUEST_TOKEN: '' },
      answers: KMS_OPERATIONS.map((operation) => ({
        operation,
        fault: operation === failing ? fault : json(200, good[operation]),
        times: 'always' as const,
      })),
      secrets: knows,
      masked: [code],
    }))
  })

/** Deactivating devices: a call fails, or responds with texts from others. */
const shuttingOut: fc.Arbitrary<Scenario> = fc
  .record({
    secret: given(awkwardSecret),
    token: given(headerSecret),
    failing: fc.constantFrom(
      'GetCaCertificate' as const,
      'GetDeviceCertificate' as const,
      'ListDeviceCertificateByCaSn' as const,
      'InactivateDeviceCertificate' as const,
    ),
    isDryRun: fc.boolean(),
  })
  .chain(({ secret, token, failing, isDryRun }) => {
    const knows = [secret, token]
    const found = (DeviceName: string) => ({ CaSn: snOf(ca), DeviceSn: '0a', DeviceName, Status: '1' })
    const answers = (text: string) => ({
      GetCaCertificate: { Data: { ...REGISTERED, CaName: text, CaContent: ca.pem } },
      GetDeviceCertificate: { Data: found(text) },
      ListDeviceCertificateByCaSn: { Data: { DeviceCertificateVOS: [found('device-1'), found(text)] } },
      InactivateDeviceCertificate: { DeviceSn: text },
    })
    const answer = fc.oneof(
      failure(knows).map(({ fault }) => fault),
      messageWith(knows).map((text) => json(200, answers(text)[failing])),
    )
    return answer.map((fault) => ({
      action: 'set-status' as const,
      inputs: {
        'access-key-id': 'LTAI5t',
        'access-key-secret': secret,
        'security-token': token,
        status: 'inactive',
        'ca-serial-number': snOf(ca),
        'dry-run': String(isDryRun),
        ...(failing === 'ListDeviceCertificateByCaSn'
          ? { 'device-names': 'device-1' }
          : { 'serial-numbers': '0a, 0b' }),
      },
      env: { ACTIONS_ID_TOKEN_REQUEST_TOKEN: '' },
      answers: Object.entries(answers('device-1')).map(([operation, good]) => ({
        operation,
        fault: operation === failing ? fault : json(200, good),
        times: 'always' as const,
      })),
      secrets: knows,
      masked: [],
    }))
  })

/** Listing what expires: a call fails, or responds with texts from others. */
const listing: fc.Arbitrary<Scenario> = fc
  .record({
    secret: given(awkwardSecret),
    token: given(headerSecret),
    failing: fc.constantFrom('ListCaCertificate' as const, 'ListDeviceCertificate' as const),
    failOn: fc.constantFrom('none', 'expiring'),
  })
  .chain(({ secret, token, failing, failOn }) => {
    const knows = [secret, token]
    const ends = { Status: '1', ValidBegin: '1', ValidEnd: '2' }
    const answers = (text: string) => ({
      ListCaCertificate: {
        Data: { CaCertificateVOS: [{ ...REGISTERED, ...ends, CaName: text, CaContent: ca.pem }] },
      },
      ListDeviceCertificate: {
        Data: { DeviceCertificateVOS: [{ ...ends, CaSn: snOf(ca), DeviceSn: '0a', DeviceName: text }] },
      },
    })
    const answer = fc.oneof(
      failure(knows).map(({ fault }) => fault),
      messageWith(knows).map((text) => json(200, answers(text)[failing])),
    )
    return answer.map((fault) => ({
      action: 'inventory' as const,
      inputs: {
        'access-key-id': 'LTAI5t',
        'access-key-secret': secret,
        'security-token': token,
        'include-devices': 'true',
        'fail-on': failOn,
        'github-token': token,
      },
      env: { ACTIONS_ID_TOKEN_REQUEST_TOKEN: '' },
      answers: Object.entries(answers('device-1')).map(([operation, good]) => ({
        operation,
        fault: operation === failing ? fault : json(200, good),
        times: 'always' as const,
      })),
      secrets: knows,
      masked: [],
    }))
  })

const scenario = fc.oneof(withKeys, withOidc, registering, signingInKms, shuttingOut, listing)

/** Returns the inputs and environment of a step. All debug output of libraries is on. */
function stepOf(made: Scenario): { inputs: Record<string, string>; env: Record<string, string> } {
  const { 'instance-id': instance = '', endpoint = '' } = keyless(service.emulator).inputs
  return {
    inputs: {
      ...(made.action === 'sign' ? { 'kms-endpoint': endpoint } : { 'instance-id': instance, endpoint }),
      'sts-endpoint': endpoint,
      'max-attempts': '1',
      ...made.inputs,
    },
    env: {
      ...keyless(service.emulator).env,
      DEBUG: '*',
      NODE_DEBUG: 'http,https,tls',
      RUNNER_DEBUG: '1',
      ...made.env,
    },
  }
}

/** Returns a program that runs a step in this process and remembers no secret of an earlier step. */
async function freshProgram(): Promise<RunProgram> {
  jest.resetModules()
  const { inProcess } = await import('../support/step-in-process.ts')
  return inProcess(NO_PAUSES)
}

async function prepare(made: Scenario): Promise<void> {
  await service.emulator.reset()
  await service.emulator.setFaults(made.answers)
}

function expectNoLeak(step: { stdout: string; stderr: string; summary?: string }, made: Scenario): void {
  expect(leaksIn(step, made.secrets)).toEqual([])
  expect(piecesIn(step, made.secrets)).toEqual([])
  expect(strayCommands(step.stdout, [...made.secrets, ...made.masked])).toEqual([])
}

describe('for generated secrets and responses', () => {
  beforeAll(() => {
    const emulatorCa = readFileSync(service.emulator.info.caFile, 'utf8')
    setDefaultCACertificates([...getCACertificates('default'), emulatorCa])
  })

  it.each([
    ['a registration', registering, 100],
    ['a step with an access key', withKeys, 100],
    ['a step without an access key', withOidc, 100],
    ['signing with a key in KMS', signingInKms, 100],
    ['deactivating devices', shuttingOut, 100],
    ['listing what expires', listing, 100],
  ])(
    '%s prints no secret and no workflow command from a response',
    async (_, scenarios, numRuns) => {
      const run = await freshProgram()
      await fc.assert(
        fc.asyncProperty(scenarios, async (made) => {
          await prepare(made)
          const { inputs, env } = stepOf(made)
          const step = await runStep(made.action, inputs, { env, run })
          expect([0, 1]).toContain(step.exitCode)
          expectNoLeak(step, made)
        }),
        { numRuns, endOnFailure: true },
      )
    },
    180_000,
  )

  it('a step through dist/ prints no secret and no workflow command from a response', async () => {
    await fc.assert(
      fc.asyncProperty(scenario, async (made) => {
        await prepare(made)
        const { inputs, env } = stepOf(made)
        const run = await runStep(made.action, inputs, { env })
        expect([0, 1]).toContain(run.exitCode)
        expect(run.annotations).toHaveLength(run.exitCode ?? 0)
        expectNoLeak(run, made)
      }),
      { numRuns: 15, endOnFailure: true },
    )
  }, 180_000)
})
